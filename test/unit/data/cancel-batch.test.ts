import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptanceReport } from '../../../appliance/api/schemas/ingest.ts';
import { cancelBatch } from '../../../appliance/data/cancel-batch.ts';
import { relayOutbox } from '../../../appliance/data/outbox.ts';
import { batchStatus } from '../../../appliance/data/report.ts';
import { settleBatch } from '../../../appliance/data/settle.ts';
import { arrival, idOf, job, publish, receiveOne, toIndex } from '../../contract/record/builders.ts';
import { workerWorld } from '../../support/worker-world.ts';

const three = ['one', 'two', 'three'].map((content) => ({ file_id: content, content }));

test('what has not started is cancelled at once, and the batch with its report once what runs is done', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records, queue } = plane;
  await records.receive(arrival('b1', three));
  await relayOutbox(plane);
  const id = idOf('one');
  await records.startStage(job(id, 'parse'), plane.clock.iso());
  await cancelBatch(plane, 'b1', 'dana');
  assert.equal(await queue.has(job(idOf('two'), 'parse').job_id), false);
  assert.equal(await queue.has(job(id, 'parse').job_id), true);
  assert.equal((await records.batch('b1'))?.status, 'processing');
  assert.equal(await records.report('b1'), null);

  const stage = { job: job(id, 'parse'), patch: {}, entries: [], at: plane.clock.iso(), outcome: 'advance' as const };
  await records.finishStage(stage);
  await toIndex(records, id, 1, 'policy');
  await publish(records, id, [{ text: 'words' }]);
  await settleBatch(plane, 'b1');
  const batch = (await records.batch('b1'))!;
  const report = (await records.report('b1')) as AcceptanceReport;
  assert.deepEqual([batch.status, report.final], ['cancelled', true]);
  assert.deepEqual(
    report.files.map(({ status, problems }) => [status, problems.map(({ code }) => code)]),
    [
      ['indexed', []],
      ['cancelled', ['CANCELLED']],
      ['cancelled', ['CANCELLED']],
    ],
  );
  const { summary } = batchStatus('acme', batch, await records.batchFiles('b1'), report);
  assert.deepEqual(summary, { total_files: 3, completed: 1, processing: 0, queued: 0, held: 0, failed: 2 });
  const told = (await records.pendingEvents(99)).map(({ event }) => [
    event.event_type,
    event.resource_id,
    event.details,
  ]);
  const cancelled = told.filter(([type]) => type === 'BATCH_CANCELLED' || type === 'DOCUMENT_CANCELLED');
  assert.deepEqual(
    cancelled.map(([type, resource]) => [type, resource]),
    [['BATCH_CANCELLED', 'b1'], ...[idOf('two'), idOf('three')].toSorted().map((doc) => ['DOCUMENT_CANCELLED', doc])],
  );
  const completed = told.find(([type]) => type === 'BATCH_COMPLETED')?.[2] as Record<string, unknown>;
  assert.deepEqual([completed.indexed, completed.cancelled, completed.final], [1, 2, true]);
  await cancelBatch(plane, 'b1', 'dana');
  assert.equal((await records.pendingEvents(99)).length, told.length, 'once more changes nothing');
});

test('a batch that broke off is cancelled although files of it never came', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await plane.records.receive(arrival('b1', three, { only: ['one'], complete: false }));
  await cancelBatch(plane, 'b1', 'dana');
  assert.equal((await plane.records.batch('b1'))?.status, 'cancelled');
  const report = (await plane.records.report('b1')) as AcceptanceReport;
  assert.deepEqual(
    report.files.map(({ status }) => status),
    ['cancelled', 'missing', 'missing'],
  );
});

test('an earlier batch that waits for the same document again is settled, too', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  const one = [{ file_id: 'one', content: 'one' }];
  await records.receive(arrival('b1', one));
  await cancelBatch(plane, 'b1', 'dana');
  await records.receive(arrival('b2', one));
  assert.equal((await records.batch('b1'))?.status, 'processing', 'the same bytes run again');
  await cancelBatch(plane, 'b2', 'dana');
  for (const batch of ['b1', 'b2']) assert.equal((await records.batch(batch))?.status, 'cancelled');
});

test('a batch that is not there, or at rest, is refused', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  await assert.rejects(cancelBatch(plane, 'nobody', 'dana'), { code: 'RESOURCE_NOT_FOUND' });
  const id = await receiveOne(records, 'one');
  await toIndex(records, id);
  await publish(records, id, [{ text: 'words' }]);
  await settleBatch(plane, 'batch-one');
  await assert.rejects(cancelBatch(plane, 'batch-one', 'dana'), {
    code: 'INVALID_STATE_TRANSITION',
    details: [{ field: 'status', value: 'completed', constraint: 'receiving or processing' }],
  });
});
