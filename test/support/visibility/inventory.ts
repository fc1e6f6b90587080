import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { besideFile, tenantPaths } from '../../../appliance/kernel/names.ts';
import type { WorkStage } from '../../../appliance/kernel/pipeline.ts';
import { OBJECT_PREFIXES } from '../../../appliance/stores/object/port.ts';
import { beginningsOf, wordsOf } from './contents.ts';
import { lookIntoInbox } from './inbox-actions.ts';
import { lastLooks, wordsIn } from './looks.ts';
import type { LetterNote, TenantModel } from './model.ts';
import { type Session, START_RULES, type Stage } from './session.ts';
import { resume } from './surroundings.ts';
import { TUS } from './upload-actions.ts';

/** What must hold of the stores themselves, whatever people are answered, and the end of a sequence. */

/** Rows, full text and vectors are those of what is served; no file of theirs holds another planted word. */
export async function checkStores(session: Session, tenant: TenantModel): Promise<void> {
  if (tenant.isSuspended) return;
  const plane = await session.world.plane(tenant.id);
  const docs = [...tenant.docs.values()];
  const served = docs.reduce((sum, doc) => sum + (doc.served ?? []).filter((piece) => piece !== null).length, 0);
  const { documents, chunks, batches, dead_letters } = await plane.records.counts();
  assert.equal(documents, docs.length, 'tally of documents');
  assert.equal(chunks, served, 'tally of chunks');
  assert.ok(batches >= tenant.batches.size, 'tally of batches');
  assert.equal(await plane.vectors.count(), served, 'vectors');
  await checkLetters(tenant, plane, dead_letters);
  for (const doc of docs) {
    const row = await plane.records.document(doc.id);
    assert.equal(row?.state, doc.state, `state of ${doc.content.kind}`);
    assert.equal(row?.quarantine_reason, doc.reason, `quarantine of ${doc.content.kind}`);
    assert.equal(row?.config_version, doc.rules.version, `terms of ${doc.content.kind}`);
    assert.equal(Date.parse(row!.retention_until), doc.retentionUntil, `retention of ${doc.content.kind}`);
  }
  for (const { id, status } of tenant.batches.values()) {
    assert.equal((await plane.records.batch(id))?.status, status, `status of batch ${id}`);
  }
  const allowed = new Set(docs.flatMap((doc) => tenant.servedWords(doc)));
  const words = new Set(session.contents.flatMap(wordsOf));
  const left = wordsInFiles(session, tenant.id).filter((word) => words.has(word) && !allowed.has(word));
  assert.deepEqual(left, [], 'words that are not served are in a database');
  for (const docId of tenant.erased.keys()) {
    if (!tenant.docs.has(docId)) assert.deepEqual(await objectsOf(session, tenant, docId), []);
  }
}

/** Dead letters say what the model says of them, and those that wait are counted. */
async function checkLetters({ letters }: TenantModel, { records }: DataPlane, waiting: number): Promise<void> {
  const told = ({ docId, stage, status, resolution }: LetterNote) => [docId, stage, status, resolution].join(' ');
  const { rows } = await records.deadLetters({ limit: 500 });
  const found = rows.map(({ resource_id, stage, status, resolution }) =>
    told({ docId: resource_id, stage: stage as WorkStage, status, resolution }),
  );
  assert.deepEqual(found.sort(), letters.map(told).sort(), 'dead letters');
  assert.equal(waiting, letters.filter(({ status }) => status === 'pending_review').length, 'tally of dead letters');
}

/** Planted words that stand in the tenant's databases, names of files too. */
function wordsInFiles({ world, salt }: Session, tenantId: string): string[] {
  const { records, vectors } = tenantPaths(world.folder, tenantId);
  const found = new Set<string>();
  const beside = besideFile(vectors);
  for (const file of [records, vectors, beside].flatMap((path) => [path, `${path}-wal`])) {
    // The second index has a file once one was built.
    if (file.startsWith(beside) && !existsSync(file)) continue;
    const bytes = readFileSync(file);
    for (const { beginning, length } of beginningsOf(salt)) {
      for (let at = bytes.indexOf(beginning); at >= 0; at = bytes.indexOf(beginning, at + 1)) {
        found.add(bytes.toString('latin1', at, at + length));
      }
    }
  }
  return [...found];
}

async function objectsOf(session: Session, tenant: TenantModel, docId: string): Promise<string[]> {
  const { objects } = await session.world.plane(tenant.id);
  const keys: string[] = [];
  for (const prefix of OBJECT_PREFIXES) {
    for await (const { key } of objects.list(`${prefix}/${tenant.id}/${docId}/`)) keys.push(key);
  }
  return keys;
}

/** Ends a sequence: everything under way comes to rest, everybody looks, everything is erased, and nothing is left. */
export async function endSequence(session: Session, stage: Stage, logs: Map<string, number>): Promise<void> {
  for (const tenant of session.tenants) {
    if (tenant.isSuspended) await resume(session, tenant);
    await lookIntoInbox(session, tenant);
    if (tenant.docs.size + tenant.batches.size + tenant.requests.length > 0) {
      await session.world.runToRest([tenant.id]);
      tenant.runToRest();
      await checkStores(session, tenant);
      await lastLooks(session, tenant);
      await checkChains(session, tenant);
    }
    await empty(session, tenant);
    await checkLog(session, tenant, logs.get(tenant.id) ?? 0);
    stage.keep(tenant);
  }
}

/** Every document has an unbroken chain; a finished one a complete one. */
async function checkChains(session: Session, tenant: TenantModel): Promise<void> {
  await session.world.control.relayNow();
  for (const doc of tenant.docs.values()) {
    if (doc.content.isMalware) continue;
    const path = `/audit/${tenant.id}/chain/${doc.id}?resource_type=document`;
    const { data } = (await session.must(200, 'anna', 'GET', path)).json() as {
      data: { hash_chain_verification: { valid: boolean; complete?: boolean; breaks: unknown[] } };
    };
    assert.deepEqual(data.hash_chain_verification.breaks, [], `chain of ${doc.content.kind}`);
    assert.equal(data.hash_chain_verification.valid, true, `chain of ${doc.content.kind}`);
  }
}

/** Lifts all holds, erases all documents, and looks for what should be gone. */
async function empty(session: Session, tenant: TenantModel): Promise<void> {
  const { world } = session;
  const owner = session.ownAdmin(tenant);
  const reason = 'the sequence is over';
  for (const held of tenant.holds) {
    const [scope, id] = held.split(' ') as [string, string];
    const body = { action: 'lift', scope, ...(scope === 'tenant' ? {} : { resource_id: id }), reason };
    await session.must(200, 'frode', 'POST', `/admin/tenants/${tenant.id}/hold`, body);
    tenant.holds.delete(held);
    tenant.tell('HOLD_LIFTED', id);
  }
  // What has expired goes by itself; of what a batch took a row stays until its time is over.
  await world.maintain(tenant.id);
  tenant.maintain(session.now);
  for (const { id, state } of [...tenant.uploads.values()]) {
    if (state === 'taken') continue;
    await session.must(204, owner, 'DELETE', `/ingest/${tenant.id}/uploads/${id}`, undefined, TUS);
    tenant.uploads.delete(id);
    tenant.tell('UPLOAD_DELETED', id);
  }
  for (const doc of [...tenant.docs.values()]) {
    const body = { reason, confirm_doc_id: doc.id };
    await session.must(200, owner, 'DELETE', `/query/${tenant.id}/document/${doc.id}`, body);
    tenant.erase(doc);
  }
  await lookIntoInbox(session, tenant);
  rmSync(world.inboxFolder(tenant.id), { recursive: true, force: true });
  if (tenant.batches.size > 0) {
    await checkStores(session, tenant);
    await checkReceipts(session, tenant);
    const left = wordsInFiles(session, tenant.id).sort();
    assert.deepEqual(left, refusedNames(tenant), 'words are left where everything was erased');
  }
  const { changes, config_version } = await world.control.configure(tenant.id, START_RULES, reason, 'frode');
  tenant.tell('TENANT_CONFIG_UPDATED', tenant.id, changes.length);
  tenant.rules = { ...tenant.rules, version: config_version };
}

/** A receipt says what it said first, but for what an erasure blanks. */
async function checkReceipts({ world }: Session, { id, batches }: TenantModel): Promise<void> {
  const { records } = await world.plane(id);
  for (const batch of batches.values()) {
    const now = await records.receipts(batch.id);
    const then = batch.receipts.map(({ body, docId, isBlanked }) => {
      if (docId === '' && !isBlanked) return body;
      assert.ok(isBlanked, 'all was erased');
      return { ...body, original_filename: '[ERASED]', details: null };
    });
    assert.deepEqual(now, then, 'a receipt is immutable');
  }
}

/**
 * Of a file that was refused nothing was kept but its receipt, and what a receipt tells of a refusal stays, until a
 * document of the same bytes, or the last one of its batch, is erased.
 */
function refusedNames({ batches }: TenantModel): string[] {
  const refused = [...batches.values()].flatMap(({ receipts }) =>
    receipts.filter(({ docId, isBlanked }) => docId === '' && !isBlanked),
  );
  return [...new Set(refused.map(({ content }) => content.name))].sort();
}

/** Types that the model keeps no count of: what it does not do, and what the appliance does by itself. */
const UNCOUNTED = new Set([
  'TOKEN_ISSUED',
  'TOKEN_REVOKED',
  'CONTENT_DROPPED',
  'AUTHENTICATION_FAILED',
  'KEY_ROTATED',
  'KEY_PURGED',
]);

/** Each event once, and none beside; and none names what was erased. */
async function checkLog(session: Session, tenant: TenantModel, from: number): Promise<void> {
  const { control } = session.world;
  await control.relayNow();
  await control.relayNow();
  const log = await control.auditLog(tenant.id);
  const found: Record<string, number> = {};
  for await (const event of log.range(from, await log.size())) {
    const told = wordsIn(session, JSON.stringify(event));
    const allowed = event.event_type === 'DOCUMENT_REJECTED' ? refusedNames(tenant) : [];
    assert.deepEqual(
      told.filter((word) => !allowed.includes(word)),
      [],
      `${event.event_type} tells content`,
    );
    if (UNCOUNTED.has(event.event_type)) continue;
    const resource = event.event_type === 'RETRIEVAL_EXECUTED' ? '*' : event.resource_id;
    const key = `${event.event_type} ${resource}`;
    found[key] = (found[key] ?? 0) + 1;
  }
  const expected = Object.fromEntries([...tenant.events].filter(([, times]) => times > 0));
  assert.deepEqual(found, expected, 'events in the log');
}
