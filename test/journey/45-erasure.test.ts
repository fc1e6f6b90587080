import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { DeletionReceipt } from '../../appliance/api/schemas/query.ts';
import { type LedgerEntry, verifyLedger } from '../../appliance/control/ledger/entries.ts';
import { replayLedger } from '../../appliance/control/ledger/replay.ts';
import type { Hold } from '../../appliance/control/verbs.ts';
import { logPath, tenantPaths } from '../../appliance/kernel/names.ts';
import { OBJECT_PREFIXES } from '../../appliance/stores/object/port.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestBatch, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import { until } from '../support/faults/until.ts';
import { filesHolding, filesIn } from '../support/files-holding.ts';
import type { Caller } from '../support/http.ts';
import { foldersAtRest, objectsAtRest, onLogs, written } from '../support/inside.ts';
import { PROGRAM } from '../support/program.ts';
import { type Ran, runProgram } from '../support/shipped.ts';

/** Legal holds, the erasure of a document and what remains of it, cancelling a batch, the ledger. */

const CANARY = { text: 'zyxcanarytext', file: 'zyxcanaryfile', metadata: 'zyxcanarymeta', submitter: 'zyxcanarydana' };
/** What stays until the other document of the first batch is erased, too. */
const LATER = { submitter: 'zyxcanaryerik', refused: 'zyxcanaryrefused' };
const PROSE = `LEASE\n\nThe lessee ${CANARY.text} pays the rent on the first of the month, in frozen pallets.`;

interface Event {
  event_id: string;
  event_type: string;
  resource_type: string;
  resource_id: string;
  actor: string;
  details: Record<string, unknown>;
  references?: { name: string; value: string }[];
}

let appliance: Appliance;
let dana: Caller;
let user: Caller;
let admin: Caller;
let auditor: Caller;
let first: BatchReceipt;
let second: BatchReceipt;
let doc = '';
let neighbour = '';

before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
  user = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme', subject: 'uwe' });
  admin = await appliance.caller({ role: 'admin', subject: 'frode' }, 'journey');
  auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
  const lease = text(`${CANARY.file}.txt`, PROSE);
  const kept = text('neighbour.txt', 'SOP\n\nThe neighbour keeps pallets frozen, too.');
  const metadata = { matter: CANARY.metadata };
  const refused = { ...text(`${LATER.refused}.txt`, 'SOP'), claim: { sha256: 'a'.repeat(64) } };
  const one = makeBatch('acme', [lease, kept, refused], { submitter: LATER.submitter });
  Object.assign(one.manifest.files[0]!, { metadata });
  one.form.set('manifest', JSON.stringify(one.manifest));
  first = await sent(one);
  const copy = text(`${CANARY.file}-copy.txt`, PROSE);
  second = await sent(makeBatch('acme', [copy], { metadata, submitter: CANARY.submitter }));
  [doc, neighbour] = first.receipts.map(({ doc_id }) => doc_id!) as [string, string];
});
after(() => appliance.end());

/** Sends a batch and waits for its end. */
async function sent({ form }: TestBatch): Promise<BatchReceipt> {
  const { data, error } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', form);
  assert.equal(error, undefined, JSON.stringify(error));
  for await (const _ of serverEvents(await dana.raw('GET', `/ingest/acme/batch/${data.batch_id}/stream`))) void _;
  return data;
}

const hold = (action: 'set' | 'lift', scope: string, resource_id?: string, who = admin) =>
  who<Hold>('POST', '/admin/tenants/acme/hold', { action, scope, resource_id, reason: 'matter 7' });
const erase = (id = doc, who = dana, confirm_doc_id = id) =>
  who<DeletionReceipt>('DELETE', `/query/acme/document/${id}`, { reason: 'request 4711', confirm_doc_id });
const search = async () =>
  (await dana<{ chunks: { doc_id: string }[] }>('POST', '/query/acme/search', { query_text: 'frozen pallets' })).data;
const events = async (query = '') => (await auditor<Event[]>('GET', `/audit/acme/events?limit=500${query}`)).data;

/** The command line: what was built where that is fresh, since it is up faster, else the sources. */
function cli(...words: string[]): Promise<Ran> {
  return runProgram([...PROGRAM, ...words], {
    env: { PATH: process.env.PATH ?? '', FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: tokens.admin },
  });
}
const tokens = { admin: '' };

/** Pieces of what the document is stored as: of each sealed object, and of its vectors. */
let pieces: Record<string, Uint8Array> = {};

test('a hold on the document, on any batch that brought it or on the tenant keeps it, and the tenant', async () => {
  for (const [scope, id] of [
    ['document', doc],
    ['batch', second.batch_id],
    ['tenant', undefined],
  ] as const) {
    const { status, data } = await hold('set', scope, id);
    assert.deepEqual([status, data.scope, data.resource_id], [200, scope, id ?? 'acme']);
    const refused = await erase();
    assert.deepEqual([refused.code, refused.error.details[0]?.value], ['INVALID_STATE_TRANSITION', scope]);
    const end = { reason: 'r', confirm: true, confirm_tenant_id: 'acme' };
    const deprovision = await admin('POST', '/admin/tenants/acme/deprovision', end);
    assert.equal(deprovision.code, 'INVALID_STATE_TRANSITION');
    assert.equal((await dana('GET', `/query/acme/document/${doc}`)).status, 200, 'it is as it was');
    assert.equal((await hold('set', scope, id)).code, 'INVALID_STATE_TRANSITION', 'it is held already');
    assert.equal((await hold('lift', scope, id)).status, 200);
  }
  const { data, meta } = await admin<Hold[]>('GET', '/admin/tenants/acme/hold?status=lifted');
  assert.deepEqual([data.map(({ scope }) => scope), meta.total], [['tenant', 'batch', 'document'], 3]);
});

test('a hold on what is not there is refused', async () => {
  for (const [scope, id] of [
    ['document', 'doc_0000000000000000'],
    ['batch', 'no-such-batch'],
  ] as const) {
    assert.equal((await hold('set', scope, id)).code, 'RESOURCE_NOT_FOUND');
  }
  assert.equal((await hold('set', 'batch')).code, 'VALIDATION_ERROR');
  assert.equal((await hold('set', 'tenant', undefined, dana)).status, 403);
  assert.deepEqual((await admin('GET', '/admin/tenants/acme/hold')).data, []);
});

test('an erasure wants the right role and the document’s id twice', async () => {
  assert.equal((await erase(doc, user)).code, 'INSUFFICIENT_PERMISSIONS');
  assert.equal((await erase(doc, dana, neighbour)).code, 'CONFIRMATION_MISMATCH');
  assert.equal((await dana('DELETE', `/query/acme/document/${doc}`, { confirm_doc_id: doc })).code, 'VALIDATION_ERROR');
  assert.equal((await erase('doc_0000000000000000')).code, 'RESOURCE_NOT_FOUND');
  assert.equal((await dana('GET', `/query/acme/document/${doc}`)).status, 200);
});

let receipt: DeletionReceipt;
let chunk = '';
let leavesBefore: string[];

test('erased, the document is gone from every store, and the deletion receipt says so', async () => {
  const { data: document } = await dana<{
    chunks: { chunk_id: string }[];
    retention_until: string;
    received_at: string;
  }>('GET', `/query/acme/document/${doc}`);
  chunk = document.chunks[0]!.chunk_id;
  const kept = (Date.parse(document.retention_until) - Date.parse(document.received_at)) / 86_400_000;
  // From the later of its two receipts.
  assert.ok(kept > 2555 && kept < 2555.1, `${kept} days`);
  pieces = await piecesOf(doc);
  assert.ok(Object.keys(pieces).length >= 6, `${Object.keys(pieces)}`);
  await written(appliance);
  const stored = stillHeld({ ...pieces, ...CANARY });
  for (const name of [...Object.keys(pieces), ...Object.keys(CANARY)])
    assert.ok(
      stored.some((line) => line.endsWith(`: ${name}`)),
      `${name} is found before`,
    );
  await until('the relay', async () => (await events('&event_type=BATCH_COMPLETED')).length === 2);
  leavesBefore = await leaves();

  const answer = await erase();
  assert.equal(answer.status, 200);
  receipt = answer.data;
  assert.deepEqual(
    [receipt.status, receipt.doc_id, receipt.cause, receipt.reason, receipt.requested_by],
    ['completed', doc, 'request', 'request 4711', 'dana'],
  );
  assert.deepEqual(receipt.raw_sha256, first.receipts[0]?.sha256);
  const { objects, vectors, chunks, receipts, manifests, reports } = receipt.removed;
  assert.deepEqual([vectors, chunks, receipts, manifests, reports], [1, 1, 2, 2, 2]);
  assert.ok(objects >= 5);
  assert.deepEqual(new Set(Object.values(receipt.verified)), new Set([true]));
});

test('nothing shows the document any more: search, document, chunk, lists; the neighbour stays', async () => {
  assert.equal((await dana('GET', `/query/acme/document/${doc}`)).code, 'RESOURCE_NOT_FOUND');
  assert.equal((await dana('GET', `/query/acme/chunk/${chunk}`)).code, 'RESOURCE_NOT_FOUND');
  assert.deepEqual(
    (await search()).chunks.map(({ doc_id }) => doc_id),
    [neighbour],
  );
  const { data, meta } = await dana<{ doc_id: string }[]>('GET', '/query/acme/documents');
  assert.deepEqual([data.map(({ doc_id }) => doc_id), meta.total], [[neighbour], 1]);
  const again = await erase();
  assert.deepEqual([again.code, again.error.details[0]?.value], ['RESOURCE_NOT_FOUND', receipt.deletion_receipt_id]);
});

test('its batches and receipts show it as erased, without its name', async () => {
  const { data: status } = await dana<BatchStatus>('GET', `/ingest/acme/batch/${first.batch_id}`);
  const [gone, kept] = status.files;
  assert.deepEqual([gone?.status, gone?.original_filename, gone?.doc_id], ['erased', '[ERASED]', doc]);
  assert.deepEqual([kept?.status, kept?.original_filename], ['accepted', 'neighbour.txt']);
  const [line, other] = status.acceptance_report!.files;
  assert.deepEqual([line?.status, line?.original_filename, line?.parsing], ['erased', '[ERASED]', null]);
  assert.equal(other?.original_filename, 'neighbour.txt');
  for (const { receipt_id } of [first.receipts[0]!, second.receipts[0]!]) {
    const { data } = await dana<{ original_filename: string }>('GET', `/ingest/acme/receipt/${receipt_id}`);
    assert.equal(data.original_filename, '[ERASED]');
  }
});

test('deletion receipts are kept, listed and read', async () => {
  const { data, meta } = await dana<DeletionReceipt[]>('GET', `/query/acme/erasures?doc_id=${doc}`);
  assert.deepEqual([data, meta.total], [[receipt], 1]);
  assert.deepEqual((await dana('GET', `/query/acme/erasures/${receipt.deletion_receipt_id}`)).data, receipt);
  const none = await dana('GET', '/query/acme/erasures/01900000-0000-7000-8000-000000000000');
  assert.equal(none.code, 'RESOURCE_NOT_FOUND');
});

test('the log tells it, its personal references are erased, and every earlier leaf is as it was', async () => {
  await until('REFERENCES_ERASED', async () => (await events('&event_type=REFERENCES_ERASED')).length === 1);
  const told = await events(`&resource_id=${doc}&sort=asc`);
  assert.deepEqual(
    told.slice(-2).map(({ event_type, actor, details }) => [event_type, actor, details.count ?? details.reason]),
    [
      ['DOCUMENT_DELETED', 'dana', 'request 4711'],
      // Its two names, and the submitter of the batch that held nothing else.
      ['REFERENCES_ERASED', 'system', 3],
    ],
  );
  for (const { references } of told) assert.deepEqual(references ?? [], []);
  const { data } = await auditor<{ hash_chain_verification: { valid: boolean } }>('GET', `/audit/acme/chain/${doc}`);
  assert.equal(data.hash_chain_verification.valid, true);
  assert.deepEqual((await leaves()).slice(0, leavesBefore.length), leavesBefore);
});

test('no file holds anything of it, while the appliance runs', async () => {
  await nothingHolds({ ...pieces, ...CANARY });
  const others = stillHeld(LATER);
  for (const name of Object.keys(LATER))
    assert.ok(
      others.some((line) => line.endsWith(`: ${name}`)),
      `${name} stays while its batch has a document`,
    );
  const { data: emptied } = await dana<{ submitter: string }>('GET', `/ingest/acme/batch/${second.batch_id}/report`);
  assert.equal(emptied.submitter, '[ERASED]');
  assert.ok(!appliance.logs().includes('zyxcanary'));
  const objects = objectsAtRest(appliance, 'acme');
  for (const prefix of OBJECT_PREFIXES) {
    assert.equal((await objects.list(`${prefix}/acme/${doc}/`)[Symbol.asyncIterator]().next()).done, true, prefix);
  }
  await objects.close();
  const names = filesIn(foldersAtRest(appliance)).filter((path) => path.includes(doc));
  assert.deepEqual(names, [], 'not even its folder');
});

test('the same bytes, sent again, are a new document that names the first receipt', async () => {
  const again = await sent(makeBatch('acme', [text('again.txt', PROSE)]));
  assert.deepEqual([again.receipts[0]?.doc_id, again.receipts[0]?.duplicate_of], [doc, first.receipts[0]?.receipt_id]);
  assert.deepEqual((await search()).chunks.map(({ doc_id }) => doc_id).toSorted(), [doc, neighbour].toSorted());
  const { data: status } = await dana<BatchStatus>('GET', `/ingest/acme/batch/${first.batch_id}`);
  assert.equal(status.files[0]?.status, 'erased', 'the old batch stays without it');
  const { data } = await auditor<{ hash_chain_verification: { valid: boolean } }>('GET', `/audit/acme/chain/${doc}`);
  assert.equal(data.hash_chain_verification.valid, true);
});

test('a batch is cancelled: what has not started never runs, the rest is finished, and its bytes can come again', async () => {
  const files = Array.from({ length: 60 }, (_, n) => text(`n${n}.txt`, `SOP\n\nNumber ${n} of many frozen things.`));
  const batch = makeBatch('acme', files);
  await dana('POST', '/ingest/acme/batch', batch.form);
  const path = `/ingest/acme/batch/${batch.manifest.batch_id}`;
  const { status, data } = await dana<BatchStatus>('DELETE', path);
  assert.equal(status, 200);
  const cancelled = data.files.filter(({ state }) => state === 'cancelled');
  assert.ok(cancelled.length > 0, 'all of it ran before it could be cancelled');
  assert.equal((await dana('DELETE', path)).status, 200, 'once more is the same');
  for await (const _ of serverEvents(await dana.raw('GET', `${path}/stream`))) void _;
  const done = (await dana<BatchStatus>('GET', path)).data;
  assert.equal(done.status, 'cancelled');
  const counts = (state: string) => done.files.filter((file) => file.state === state).length;
  assert.equal(counts('cancelled') + counts('indexed'), 60);
  assert.equal(done.acceptance_report?.final, true);
  assert.deepEqual(Object.values(cancelled[0]!.stages).at(-1), 'cancelled');

  const name = cancelled[0]!.original_filename;
  const file = files.find(({ filename }) => filename === name)!;
  const again = await sent(makeBatch('acme', [file]));
  const rerun = (await dana<BatchStatus>('GET', `/ingest/acme/batch/${again.batch_id}`)).data;
  assert.equal(rerun.files[0]?.state, 'indexed');
  assert.equal((await dana('DELETE', `/ingest/acme/batch/${again.batch_id}`)).code, 'INVALID_STATE_TRANSITION');
  assert.equal((await dana('DELETE', '/ingest/acme/batch/nobody')).code, 'RESOURCE_NOT_FOUND');
  assert.equal((await user('DELETE', path)).code, 'INSUFFICIENT_PERMISSIONS');
});

test('the command line erases, holds, cancels and prints the ledger', async () => {
  tokens.admin = await appliance.token({ role: 'admin', subject: 'frode' });
  const held = await cli('tenant', 'hold', 'set', 'acme', '--doc', neighbour, '--because', 'matter 9');
  assert.deepEqual([held.code, /is in force/.test(held.out)], [0, true], held.err);
  const words = ['document', 'erase', 'acme', neighbour, '--because', 'r', '--confirm', neighbour, '--reason', 'ask'];
  const refused = await cli(...words);
  assert.deepEqual([refused.code, /legal hold \(document\)/.test(refused.err)], [1, true], refused.err);
  assert.equal((await cli('tenant', 'hold', 'lift', 'acme', '--doc', neighbour, '--because', 'closed')).code, 0);
  const erased = await cli(...words, '--json');
  assert.equal(erased.code, 0, erased.err);
  assert.equal((JSON.parse(erased.out) as DeletionReceipt).status, 'completed');
  const batches = await cli('batch', 'list', 'acme', '--status', 'cancelled', '--json');
  const [{ batch_id }] = JSON.parse(batches.out) as [{ batch_id: string }];
  assert.match((await cli('batch', 'cancel', 'acme', batch_id)).out, /is cancelled/);

  await until('the erasure in the ledger', async () => {
    const { data } = await dana<LedgerEntry[]>('GET', '/audit/acme/ledger');
    return data.some(({ kind, resource_id }) => kind === 'document_erased' && resource_id === neighbour);
  });
  const printed = await cli('audit', 'ledger');
  assert.equal(printed.code, 0, printed.err);
  const ledger = printed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LedgerEntry);
  assert.equal(verifyLedger(ledger).valid, true);
  const state = replayLedger(ledger);
  assert.deepEqual(
    state.erased.map(({ tenant_id, doc_id }) => [tenant_id, doc_id]),
    [
      ['acme', doc],
      ['acme', neighbour],
    ],
  );
  assert.deepEqual(state.holds, []);
  const own = await dana<LedgerEntry[]>('GET', '/audit/acme/ledger');
  assert.deepEqual(
    own.data,
    ledger.filter(({ tenant_id }) => tenant_id === 'acme'),
  );
  assert.equal((await dana('GET', '/audit/_appliance/ledger')).code, 'INSUFFICIENT_PERMISSIONS');
});

test('with the last document of a batch went its submitter and the names of its refused files', async () => {
  await nothingHolds(LATER);
  const { data } = await dana<BatchStatus>('GET', `/ingest/acme/batch/${first.batch_id}`);
  assert.deepEqual(
    data.files.map(({ status, original_filename }) => [status, original_filename]),
    [
      ['erased', '[ERASED]'],
      ['erased', '[ERASED]'],
      ['rejected', '[ERASED]'],
    ],
  );
  assert.deepEqual(
    [data.acceptance_report?.submitter, data.acceptance_report?.files[2]?.original_filename],
    ['[ERASED]', '[ERASED]'],
  );
  const [received] = await events(`&event_type=BATCH_RECEIVED&resource_id=${first.batch_id}`);
  assert.deepEqual([received?.references ?? [], typeof received?.details.submitter_commitment], [[], 'string']);
  assert.deepEqual((await leaves()).slice(0, leavesBefore.length), leavesBefore);
});

/** Waits until no file at rest holds any of these. */
async function nothingHolds(needles: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  await written(appliance);
  // An object server clears its own waste away a moment later.
  await until('files without a word of it', () => stillHeld(needles).length === 0, {
    seconds: 20,
    about: () => stillHeld(needles).join('\n'),
  });
}

/** What files still hold of it. What the database's journal holds goes with its segments. */
function stillHeld(needles: Readonly<Record<string, string | Uint8Array>>): string[] {
  return foldersAtRest(appliance)
    .flatMap((folder) => filesHolding(folder, needles))
    .filter((found) => !found.includes('/pg_wal/'));
}

/** 48 bytes out of the middle of each sealed object of a document, and of each of its vectors where they lie in files. */
async function piecesOf(docId: string): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  const objects = objectsAtRest(appliance, 'acme');
  for (const prefix of OBJECT_PREFIXES) {
    for await (const { key } of objects.list(`${prefix}/acme/${docId}/`)) {
      const bytes = await objects.read(key);
      const middle = Math.max(0, (bytes.length >> 1) - 24);
      found[key] = bytes.subarray(middle, middle + 48);
    }
  }
  await objects.close();
  if (appliance.stack !== null) return found;
  const db = new Database(tenantPaths(appliance.dataFolder, 'acme').vectors, { readonly: true });
  const rows = db.prepare('SELECT chunk_id, vector FROM point WHERE doc_id = ?').all(docId) as {
    chunk_id: string;
    vector: Buffer;
  }[];
  db.close();
  for (const { chunk_id, vector } of rows) {
    const place = vector.findIndex((byte) => byte !== 0);
    found[chunk_id] = vector.subarray(place, place + 48);
  }
  return found;
}

/** The leaves of the tenant's log, as it is kept. */
async function leaves(): Promise<string[]> {
  const sql = 'SELECT leaf_hash FROM events ORDER BY log_index';
  const hex = ({ leaf_hash }: { leaf_hash: Buffer }) => leaf_hash.toString('hex');
  if (appliance.stack !== null) return (await onLogs<{ leaf_hash: Buffer }>('acme', sql)).map(hex);
  const db = new Database(logPath(appliance.dataFolder, 'acme'), { readonly: true });
  const rows = db.prepare(sql).all() as { leaf_hash: Buffer }[];
  db.close();
  return rows.map(hex);
}
