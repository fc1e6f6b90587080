import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptanceReport } from '../../../appliance/api/schemas/ingest.ts';
import { settleBatch, settleBatches, settleOpenBatches } from '../../../appliance/data/settle.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import { arrival, failed, idOf, job, minute, publish, receiveOne, toIndex } from '../../contract/record/builders.ts';
import { workerWorld } from '../../support/worker-world.ts';

const completed = async (records: { pendingEvents(limit: number): Promise<{ event: { event_type: string } }[]> }) =>
  (await records.pendingEvents(1000)).filter(({ event }) => event.event_type === 'BATCH_COMPLETED').length;

test('a batch is settled when its last document is at rest, once', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  await records.receive(
    arrival('b1', [
      { file_id: 'a', content: 'one' },
      { file_id: 'b', content: 'two' },
    ]),
  );
  for (const [i, content] of ['one', 'two'].entries()) {
    await toIndex(records, idOf(content));
    await publish(records, idOf(content), [{ text: content }]);
    await settleBatches(plane, idOf(content));
    assert.equal((await records.batch('b1'))!.status, i === 0 ? 'processing' : 'completed');
  }
  await settleBatch(plane, 'b1');
  await settleOpenBatches(plane);
  assert.equal(await completed(records), 1);
});

test('a batch with a held document is held: a report that is not final, no event', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  const id = await receiveOne(records, 'one');
  await records.startStage(job(id, 'parse'), plane.clock.iso());
  await records.finishStage({
    job: job(id, 'parse'),
    patch: { canonical_sha256: 'a'.repeat(64) },
    entries: [],
    at: plane.clock.iso(),
    outcome: 'advance',
  });
  await records.startStage(job(id, 'policy'), plane.clock.iso());
  await records.finishStage({ job: job(id, 'policy'), patch: {}, entries: [], at: plane.clock.iso(), outcome: 'held' });
  await settleBatches(plane, id);
  assert.equal((await records.batch('batch-one'))!.status, 'held');
  assert.equal((await records.report('batch-one'))!.final, false);
  assert.equal(await completed(records), 0);
});

test('a batch of nothing but refused or failed files is complete', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await plane.records.receive(arrival('refused', [{ file_id: 'a', content: 'x', kind: 'rejected' }]));
  await settleBatch(plane, 'refused');
  assert.equal((await plane.records.batch('refused'))!.status, 'completed');
  const { id } = await failed(plane.records, 'torn');
  await settleBatches(plane, id);
  assert.equal((await plane.records.batch('batch-torn'))!.status, 'completed');
});

test('a batch that is still coming in, or that nobody knows, is left alone', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await plane.records.receive(
    arrival(
      'half',
      [
        { file_id: 'a', content: 'x', kind: 'rejected' },
        { file_id: 'b', content: 'y' },
      ],
      { only: ['a'], complete: false },
    ),
  );
  await settleBatch(plane, 'half');
  await settleBatch(plane, 'nobody');
  assert.equal((await plane.records.batch('half'))!.status, 'receiving');
});

test('what a crash left open the sweep settles', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  await failed(plane.records, 'one');
  await failed(plane.records, 'two');
  await settleOpenBatches(plane);
  for (const batch of ['batch-one', 'batch-two']) assert.equal((await plane.records.batch(batch))!.status, 'completed');
});

test('a document that runs again is reported again, whatever let it run', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  const { id, dlq } = await failed(records, 'torn');
  await settleBatches(plane, id);
  const first = await records.report('batch-torn');
  const again = { status: 'resolved' as const, resolution: 'reprocessed' as const, restart: 'parse' as const };
  await records.resolveDeadLetter({ dlq_entry_id: dlq, ...again, entries: [], at: plane.clock.iso() });
  await settleBatches(plane, id);
  assert.equal((await records.batch('batch-torn'))!.status, 'processing', 'it is at work');
  await toIndex(records, id, 2);
  await publish(records, id, [{ text: 'mended' }], { run: 2 });
  await settleBatches(plane, id);
  const second = (await records.report('batch-torn')) as { report_id: string; files: { status: string }[] };
  assert.notEqual(second.report_id, first!.report_id);
  assert.equal(second.files[0]!.status, 'indexed');
  assert.equal(await completed(records), 2);
});

test('with two documents held, the batch is final when the second is decided, and not before', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  const ids = ['one', 'two'].map(idOf);
  await records.receive(
    arrival(
      'b',
      ['one', 'two'].map((content) => ({ file_id: content, content })),
    ),
  );
  const hold = async (id: string) => {
    const end = { patch: { canonical_sha256: 'c' }, entries: [], at: plane.clock.iso() };
    await records.finishStage({ job: job(id, 'parse'), ...end, outcome: 'advance' });
    await records.finishStage({ job: job(id, 'policy'), ...end, outcome: 'held' });
    await settleBatches(plane, id);
  };
  const decide = async (id: string) => {
    await records.restart(id, 'policy', [], plane.clock.iso());
    await toIndex(records, id, 2, 'policy');
    await publish(records, id, [{ text: id }], { run: 2 });
    await settleBatches(plane, id);
  };
  const report = async () => (await records.report('b')) as { final: boolean; summary: { files_held: number } } | null;
  await hold(ids[0]!);
  assert.equal(await report(), null, 'the other is still at work');
  await hold(ids[1]!);
  assert.deepEqual([(await report())!.final, (await report())!.summary.files_held], [false, 2]);
  await decide(ids[0]!);
  assert.deepEqual([(await report())!.final, (await report())!.summary.files_held], [false, 1]);
  assert.equal(await completed(records), 0);
  await decide(ids[1]!);
  assert.deepEqual([(await report())!.final, (await report())!.summary.files_held], [true, 0]);
  assert.equal(await completed(records), 1);
});

test('a report that a document has overtaken is made anew', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  const { id } = await failed(records, 'torn');
  const batchFiles = records.batchFiles;
  let looks = 0;
  records.batchFiles = async (batch) => {
    const files = await batchFiles(batch);
    if (++looks === 1) {
      await records.restart(id, 'parse', [], plane.clock.iso());
      await toIndex(records, id, 2);
      await publish(records, id, [{ text: 'mended' }], { run: 2 });
    }
    return files;
  };
  await settleBatch(plane, 'batch-torn');
  assert.equal(looks, 2);
  const report = (await records.report('batch-torn')) as { files: { status: string }[] };
  assert.equal(report.files[0]!.status, 'indexed');
  assert.equal(await completed(records), 1);
});

test('a report says of an erased file whether it was asked for or its time was over', async (t) => {
  const plane = (await workerWorld(t)).planes[0]!;
  const { records } = plane;
  const contents = ['asked', 'expired', 'stays'];
  await records.receive(
    arrival(
      'b1',
      contents.map((content) => ({ file_id: content, content })),
    ),
  );
  for (const [content, cause] of [
    ['asked', 'request'],
    ['expired', 'retention'],
  ] as const) {
    const id = newId();
    const at = minute(10);
    const intent = { deletion_receipt_id: id, doc_id: idOf(content), cause, reason: 'test', requested_by: 'dana' };
    await records.beginErasure({ ...intent, requested_at: at });
    await records.decideErasure(id, at);
    await records.clearRows(id);
    assert.notEqual(await records.completeErasure(id, { verified: [], entries: () => [], at }), null);
  }
  await toIndex(records, idOf('stays'));
  await publish(records, idOf('stays'), [{ text: 'stays' }]);
  await settleBatch(plane, 'b1');
  const report = (await records.report('b1')) as unknown as AcceptanceReport;
  assert.deepEqual(
    report.files.map(({ problems }) => problems.map(({ message }) => message)),
    [['The document was erased on request.'], ['The document was erased because its time of retention was over.'], []],
  );
});
