import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ReprocessAnswer } from '../../../appliance/api/schemas/reprocess.ts';
import { DEFAULT_TENANT_CONFIG } from '../../../appliance/api/tenant-config.ts';
import type { DataRequest } from '../../../appliance/data/app.ts';
import { cancelBatch } from '../../../appliance/data/cancel-batch.ts';
import type { DataPlane } from '../../../appliance/data/plane.ts';
import { continueReprocess, startReprocess } from '../../../appliance/data/reprocess.ts';
import { REPROCESS_ROUTES } from '../../../appliance/data/routes/reprocess.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { lexicalEmbedder } from '../../../appliance/models/embedder/lexical.ts';
import { arrival, events, idOf, minute } from '../../contract/record/builders.ts';
import { workerWorld } from '../../support/worker-world.ts';

const names = (count: number, stem = 'd') =>
  Array.from({ length: count }, (_, n) => `${stem}${String(n).padStart(3, '0')}`);

/** A tenant with the batch `b` of so many documents at work, its configuration at version 2 by now. */
async function world(t: TestContext, count: number) {
  const made = await workerWorld(t);
  made.clock.advance(365 * 86_400_000);
  const plane: DataPlane = Object.assign(made.planes[0]!, {
    embedder: async () => lexicalEmbedder(),
    config: async () => ({ config: DEFAULT_TENANT_CONFIG, config_version: 2 }),
  });
  const contents = names(count);
  const files = contents.map((content) => ({ file_id: content, content }));
  await plane.records.receive(arrival('b', files));
  // Their first jobs are lost, so that what runs is what the request restarts.
  await plane.records.clearOutbox((await plane.records.outbox(count)).map(({ job_id }) => job_id));
  const runs = async () => {
    return Promise.all(contents.map(async (content) => (await plane.records.document(idOf(content)))!.run));
  };
  const types = async (type: string) => (await events(plane.records)).filter(({ event_type }) => event_type === type);
  return { ...made, plane, records: plane.records, contents, runs, types };
}

test('a batch is restarted in small steps, and every step tells of its documents', async (t) => {
  const { plane, records, runs, types } = await world(t, 60);
  const wish = { from: 'policy' as const, reason: 'new terms', batch_id: 'b' };
  const { reprocess_id } = await startReprocess(plane, wish, 'dana');
  const [asked] = await types('REPROCESS_STARTED');
  assert.deepEqual([asked?.actor, asked?.resource_type, asked?.resource_id], ['dana', 'batch', 'b']);
  const { scope, from, reason, candidates, config_version } = asked!.details;
  assert.deepEqual([scope, from, reason, candidates, config_version], ['batch', 'policy', 'new terms', 60, 2]);
  const restarted: number[] = [];
  while (await continueReprocess(plane)) restarted.push((await records.reprocess(reprocess_id))!.restarted);
  assert.deepEqual(restarted, [25, 50, 60]);
  assert.ok((await runs()).every((run) => run === 2));
  const told = (await types('REPROCESS_STARTED')).slice(1);
  assert.equal(new Set(told.map(({ resource_id }) => resource_id)).size, 60);
  for (const { resource_type, actor, details } of told) {
    const { from: start, run, config_version: version } = details;
    assert.deepEqual([resource_type, actor, details.reprocess_id], ['document', 'dana', reprocess_id]);
    assert.deepEqual([start, run, version], ['parse', 2, 2], 'nothing was parsed yet');
  }
  const [done, ...more] = await types('REPROCESS_COMPLETED');
  const { examined, restarted: count, skipped } = done!.details;
  assert.deepEqual([done!.resource_id, examined, count, skipped], ['b', 60, 60, 0]);
  assert.equal(more.length, 0);
});

test('cancelling a batch in the middle of it ends the request: no document is restarted after that', async (t) => {
  const { plane, records, runs, types } = await world(t, 60);
  const { reprocess_id } = await startReprocess(plane, { from: 'policy', reason: 'terms', batch_id: 'b' }, 'dana');
  assert.equal(await continueReprocess(plane), true);
  await cancelBatch(plane, 'b', 'frode');
  assert.equal(await continueReprocess(plane), false);
  assert.deepEqual((await runs()).filter((run) => run === 2).length, 25);
  const [done, ...more] = await types('REPROCESS_COMPLETED');
  const { examined, restarted, cancelled } = done!.details;
  assert.deepEqual([done!.actor, done!.resource_id, examined, restarted, cancelled], ['frode', 'b', 25, 25, true]);
  assert.equal(more.length, 0);
  assert.equal((await records.batch('b'))?.status, 'cancelled');
  const ask = { plane, params: { reprocess_id } } as unknown as DataRequest;
  const shown = await (await REPROCESS_ROUTES.reprocessStatus!(ask)).json();
  const { data } = shown as { data: ReprocessAnswer };
  assert.deepEqual([data.status, data.documents.cancelled, data.documents.processing], ['cancelled', 25, 0]);
});

test('below a version, documents that are not are passed over, however many lie between', async (t) => {
  const { plane, records, contents, runs } = await world(t, 2);
  const later = names(230, 'later').map((content) => ({ file_id: content, content }));
  await records.receive(arrival('c', later, { config_version: 2, at: minute(5) }));
  const wish = { from: 'policy' as const, reason: 'r', below: { config_version: 'current' } };
  const { reprocess_id, below } = await startReprocess(plane, wish, 'dana');
  assert.deepEqual(below, { config_version: 2 });
  while (await continueReprocess(plane)) void 0;
  const done = (await records.reprocess(reprocess_id))!;
  assert.deepEqual([done.candidates, done.examined, done.restarted], [232, 232, contents.length]);
  assert.deepEqual(await runs(), [2, 2]);
});

test('a request below a version is cancelled on its way, by whoever may; the batch it kept open is settled', async (t) => {
  const { plane, records, runs, types } = await world(t, 60);
  const wish = { from: 'policy' as const, reason: 'r', below: { config_version: 'current' } };
  const { reprocess_id } = await startReprocess(plane, wish, 'dana');
  assert.equal(await continueReprocess(plane), true);
  const ask = { plane, params: { reprocess_id }, caller: { subject: 'frode' } } as unknown as DataRequest;
  const cancel = async () => {
    const answered = await REPROCESS_ROUTES.cancelReprocess!(ask);
    return ((await answered.json()) as { data: ReprocessAnswer }).data;
  };
  const shown = await cancel();
  assert.deepEqual([shown.status, shown.documents.restarted, shown.documents.processing], ['running', 25, 25]);
  assert.notEqual(shown.cancelled_at, null);
  assert.equal(await continueReprocess(plane), false);
  assert.equal((await runs()).filter((run) => run === 2).length, 25);
  await cancel();
  const [done, ...more] = await types('REPROCESS_COMPLETED');
  const { scope, examined, restarted, cancelled } = done!.details;
  assert.deepEqual([done!.actor, done!.resource_type, done!.resource_id], ['frode', 'tenant', plane.tenant_id]);
  assert.deepEqual([scope, examined, restarted, cancelled], ['below', 25, 25, true]);
  assert.equal(more.length, 0);
  const one = await startReprocess(plane, { from: 'parse', reason: 'r', doc_id: idOf('d059') }, 'dana');
  const over = { ...ask, params: { reprocess_id: one.reprocess_id } } as DataRequest;
  await assert.rejects(REPROCESS_ROUTES.cancelReprocess!(over) as Promise<Response>, {
    code: 'INVALID_STATE_TRANSITION',
  });
  const nobody = { ...ask, params: { reprocess_id: '0197a000-0000-7000-8000-000000000001' } } as DataRequest;
  await assert.rejects(REPROCESS_ROUTES.cancelReprocess!(nobody) as Promise<Response>, { code: 'RESOURCE_NOT_FOUND' });
  assert.equal((await records.batch('b'))?.status, 'processing', 'its documents are at work');
});

test('the worker takes a request to its end; the batch is reported once more, when all of it is done', async (t) => {
  const { plane, records, until, contents, types, ran } = await world(t, 27);
  await startReprocess(plane, { from: 'policy', reason: 'r', batch_id: 'b' }, 'dana');
  await until(async () => (await records.batch('b'))!.status === 'completed', { concurrency: 3 });
  assert.deepEqual(
    ran.filter(({ doc }) => doc === idOf(contents[0]!)).map(({ stage }) => stage),
    ['parse', 'policy', 'embed', 'index'],
  );
  assert.equal(ran.length, 27 * 4);
  assert.equal((await types('BATCH_COMPLETED')).length, 1);
  const report = (await records.report('b')) as { final: boolean; summary: { total_chunks_indexed: number } };
  assert.deepEqual([report.final, report.summary.total_chunks_indexed], [true, 27]);
});

test('fresh documents do not wait behind those that run again', async (t) => {
  const { plane, records, until, behave } = await world(t, 60);
  await startReprocess(plane, { from: 'policy', reason: 'r', batch_id: 'b' }, 'dana');
  let [began, letIn] = [0, Number.NaN];
  behave.parse = async () => {
    if (++began === 5) await records.receive(arrival('late', [{ file_id: 'f', content: 'fresh' }]));
    return undefined;
  };
  behave.index = async ({ document }) => {
    const open = await records.openReprocess();
    if (document.doc_id === idOf('fresh')) letIn = open?.restarted ?? 60;
    return undefined;
  };
  await until(async () => !Number.isNaN(letIn));
  assert.equal(letIn, 25, 'no more were let in before it');
});

test('nothing runs again while the tenant’s embedding is halted', async (t) => {
  const { plane, records, until, behave } = await world(t, 60);
  behave.embed = () => {
    throw new FrostbyteError('DIMENSION_MISMATCH', 'wrong size');
  };
  await startReprocess(plane, { from: 'policy', reason: 'r', batch_id: 'b' }, 'dana');
  await until(async () => (await plane.queue.depth()).embed === 24 && (await plane.queue.depth()).policy === 0);
  assert.equal((await records.openReprocess())!.restarted, 25);
});

test('what cannot be is refused, and nothing of it is filed', async (t) => {
  const { plane, records } = await world(t, 1);
  const wish = { from: 'policy' as const, reason: 'r' };
  await assert.rejects(startReprocess(plane, { ...wish, doc_id: 'doc_0000000000000000' }, 'dana'), {
    code: 'RESOURCE_NOT_FOUND',
  });
  await assert.rejects(startReprocess(plane, { ...wish, batch_id: 'nope' }, 'dana'), { code: 'RESOURCE_NOT_FOUND' });
  await assert.rejects(startReprocess(plane, { ...wish, below: { config_version: 3 } }, 'dana'), {
    code: 'VALIDATION_ERROR',
  });
  assert.equal((await records.reprocesses({ limit: 1 })).total, 0);
});
