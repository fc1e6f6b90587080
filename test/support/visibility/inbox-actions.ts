import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchReceipt } from '../../../appliance/api/receipts.ts';
import { dropBatch } from '../inbox.ts';
import type { Run } from './action.ts';
import { arrive } from './batch-actions.ts';
import { wordsIn } from './looks.ts';
import type { Desk, TenantModel } from './model.ts';
import type { Session } from './session.ts';

/** What lies in a tenant's inbox, and what is written beside it. */

/** What the appliance writes beside a manifest. */
const RESULTS = ['receipt.json', 'acceptance-report.json', 'acceptance-report.html'];

/** A sender leaves a batch in the folder. */
export const drop = (kinds: readonly number[], desk: Desk): Run => {
  return async (session, tenant) => {
    const contents = kinds.map((kind) => session.contents[kind]!);
    const batchId = session.newBatchId();
    const files = contents.map(({ filename, text }, n) => ({ filename, content: text, as: `${n + 1}.txt` }));
    // Two files of one name lie there once.
    const named = new Map(files.map((file, n) => [file.filename, { ...file, file_id: `f${n + 1}` }]));
    const batch = { batch_id: batchId, tenant_id: tenant.id, extra: { metadata: { desk } } };
    const once = [...named.values()].map(({ as: _, ...file }) => file);
    dropBatch(join(session.world.inboxFolder(tenant.id), batchId), once, batch);
    const kept = once.map(({ filename }) => contents.find((content) => content.filename === filename)!);
    tenant.dropped.push({ batchId, contents: kept, desk, isTaken: false });
  };
};

/** The daemon looks into the folder: what is complete is taken once, and what lies beside it is brought up to date. */
export const lookIntoInbox: Run = async (session, tenant) => {
  // The inbox of a suspended tenant rests.
  if (tenant.isSuspended || tenant.dropped.length === 0) return;
  await session.world.lookIntoInbox(tenant.id);
  const folder = session.world.inboxFolder(tenant.id);
  for (const dropped of tenant.dropped.filter(({ isTaken }) => !isTaken)) {
    const { batchId, contents: files, desk } = dropped;
    const { receipts } = JSON.parse(readFileSync(join(folder, batchId, 'receipt.json'), 'utf8')) as BatchReceipt;
    arrive(session, tenant, { batchId, files, desk, wrong: null }, receipts as unknown as Record<string, unknown>[]);
    dropped.isTaken = true;
  }
  await session.world.lookIntoInbox(tenant.id);
  checkResults(session, tenant);
};

/** Receipt and report beside a batch name what was not erased, and hold no word of any text. */
export function checkResults(session: Session, tenant: TenantModel): void {
  const folder = session.world.inboxFolder(tenant.id);
  for (const { batchId } of tenant.dropped.filter(({ isTaken }) => isTaken)) {
    const { receipts, isReported } = tenant.batches.get(batchId)!;
    const names = receipts.filter(({ isBlanked }) => !isBlanked).map(({ content }) => content.name);
    for (const file of RESULTS) {
      const path = join(folder, batchId, file);
      assert.equal(existsSync(path), file === 'receipt.json' || isReported, `${file} of ${batchId}`);
      if (!existsSync(path)) continue;
      const found = wordsIn(session, readFileSync(path, 'utf8'));
      assert.deepEqual(found, [...new Set(names)].sort(), `names in ${file} of ${batchId}`);
    }
    assert.deepEqual(
      readdirSync(join(folder, batchId)).filter((name) => /^(?:waiting|refused|\.)/.test(name)),
      [],
      'nothing else is written beside a batch',
    );
  }
}
