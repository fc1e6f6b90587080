import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decide, decideAll } from '../../../appliance/data/dead-letters.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import { jobId } from '../../../appliance/stores/queue/port.ts';
import { failed, failedAt } from '../../contract/record/builders.ts';
import { workerWorld } from '../../support/worker-world.ts';

const NEVER = new AbortController().signal;

async function world(t: TestContext) {
  const { planes, clock } = await workerWorld(t);
  const plane = planes[0]!;
  const told = async (type: string) =>
    (await plane.records.pendingEvents(10_000))
      .map(({ event }) => event)
      .filter(({ event_type }) => event_type === type);
  const pending = async () => (await plane.records.deadLetters({ limit: 100, status: 'pending_review' })).rows;
  return { plane, clock, told, pending };
}

for (const [action, status, resolution, state] of [
  ['retry', 'resolved', 'reprocessed', 'processing'],
  ['skip', 'abandoned', 'skipped', 'parse_failed'],
  ['manual_fix', 'resolved', 'manual_fix', 'parse_failed'],
] as const) {
  test(`${action}: the entry is ${status} (${resolution}), its document ${state}, and one event tells of it`, async (t) => {
    const { plane, clock, told } = await world(t);
    const { id, dlq } = await failed(plane.records, 'one');
    await decide(plane, (await plane.records.deadLetter(dlq))!, action, 'dana');
    const letter = (await plane.records.deadLetter(dlq))!;
    assert.deepEqual([letter.status, letter.resolution, letter.resolved_at], [status, resolution, clock.iso()]);
    assert.equal((await plane.records.document(id))!.state, state);
    const [event, ...more] = await told('DLQ_RESOLVED');
    assert.deepEqual(more, []);
    const { dlq_entry_id, stage, resolution: how } = event!.details;
    assert.deepEqual(
      [event!.actor, event!.resource_id, dlq_entry_id, stage, how],
      ['dana', id, dlq, 'parse', resolution],
    );
    await assert.rejects(decide(plane, letter, 'skip', 'gus'), {
      code: 'INVALID_STATE_TRANSITION',
      message: /document reprocess/,
    });
    assert.equal((await told('DLQ_RESOLVED')).length, 1);
  });
}

test('a retry begins at the stage that gave up, and its job is in the queue', async (t) => {
  const { plane } = await world(t);
  const { id } = await failedAt(plane.records, 'one', 'embed');
  const { decided } = await decideAll(plane, 'retry', { limit: 10 }, 'dana', NEVER);
  assert.equal(decided, 1);
  const document = (await plane.records.document(id))!;
  assert.deepEqual([document.state, document.current_stage, document.run], ['processing', 'embed', 2]);
  assert.equal(await plane.queue.has(jobId(id, 2, 'embed')), true);
});

test('all of a stage are decided, page by page, each with an event of its own; others stay', async (t) => {
  const { plane, told, pending } = await world(t);
  const kept = await failedAt(plane.records, 'kept', 'parse');
  for (let n = 0; n < 5; n++) await failedAt(plane.records, `e${n}`, 'embed');
  const pages: number[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = { limit: 2, stage: 'embed' as const, ...(cursor ? { cursor } : {}) };
    const done = await decideAll(plane, 'retry', page, 'dana', NEVER);
    pages.push(done.decided);
    cursor = done.cursor;
  }
  assert.deepEqual(pages, [2, 2, 1]);
  assert.deepEqual(
    (await pending()).map(({ dlq_entry_id }) => dlq_entry_id),
    [kept.dlq],
  );
  assert.equal(new Set((await told('DLQ_RESOLVED')).map(({ details }) => details.dlq_entry_id)).size, 5);
  assert.deepEqual(await decideAll(plane, 'retry', { limit: 2, stage: 'embed' }, 'dana', NEVER), {
    action: 'retry',
    decided: 0,
    passed_over: [],
    cursor: null,
  });
});

test('documents that fail again meanwhile are not met again', async (t) => {
  const { plane, pending } = await world(t);
  for (const content of ['a', 'b', 'c']) await failed(plane.records, content);
  const first = await decideAll(plane, 'retry', { limit: 2 }, 'dana', NEVER);
  const again = await failed(plane.records, 'failing anew');
  const second = await decideAll(plane, 'retry', { limit: 2, cursor: first.cursor! }, 'dana', NEVER);
  assert.deepEqual([first.decided, second.decided, second.cursor], [2, 1, null]);
  assert.deepEqual(
    (await pending()).map(({ dlq_entry_id }) => dlq_entry_id),
    [again.dlq],
  );
});

test('what a decision does not fit is passed over and named, the rest is decided', async (t) => {
  const { plane, pending } = await world(t);
  const { id, dlq } = await failed(plane.records, 'bad');
  await failed(plane.records, 'good');
  const erasure = { deletion_receipt_id: newId(), doc_id: id, cause: 'request', reason: 'r' } as const;
  await plane.records.beginErasure({ ...erasure, requested_by: 'dana', requested_at: plane.clock.iso() });
  const done = await decideAll(plane, 'retry', { limit: 10 }, 'dana', NEVER);
  assert.deepEqual(done, {
    action: 'retry',
    decided: 1,
    passed_over: [{ dlq_entry_id: dlq, resource_id: id, code: 'RESOURCE_NOT_FOUND' }],
    cursor: null,
  });
  assert.equal((await pending()).length, 1);
  assert.equal((await decideAll(plane, 'skip', { limit: 10 }, 'dana', NEVER)).decided, 1);
});

test('whoever goes away leaves the rest pending, and a letter that has gone is a place all the same', async (t) => {
  const { plane, pending } = await world(t);
  for (const content of ['a', 'b']) await failed(plane.records, content);
  assert.equal((await decideAll(plane, 'skip', { limit: 10 }, 'dana', AbortSignal.abort())).decided, 0);
  assert.equal((await pending()).length, 2);
  const younger = newId();
  assert.equal((await decideAll(plane, 'skip', { limit: 10, cursor: younger }, 'dana', NEVER)).decided, 2);
});
