import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CancelledWork, RecordStore } from '../../../appliance/stores/record/port.ts';
import { arrival, entry, events, idOf, job, minute, publish, receiveOne, settleAsIs, toIndex } from './builders.ts';
import { request, step } from './reprocess.ts';
import { type MakeRecords, worldOf } from './world.ts';

const told = ({ cancelled, running, requests }: CancelledWork) => [
  entry('BATCH_CANCELLED', 'batch', 'b1', { cancelled: cancelled.length, running }),
  ...requests.map(({ reprocess_id, examined }) =>
    entry('REPROCESS_COMPLETED', 'batch', 'b1', { reprocess_id, examined }),
  ),
];
const cancel = (store: RecordStore, batch = 'b1', at = minute(5)) => store.cancelBatch(batch, told, at);
const three = ['one', 'two', 'three'].map((content) => ({ file_id: content, content }));

/** Cancelling what has not started of a batch. */
export function cancelContract(name: string, make: MakeRecords): void {
  describe(`${name}: cancelling a batch`, () => {
    test('documents whose stage does not run are cancelled, what runs goes on to its end', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', three));
      await store.startStage(job(idOf('one'), 'parse'), minute(2));
      await store.startStage(job(idOf('two'), 'parse'), minute(2));
      const parsed = {
        job: job(idOf('two'), 'parse'),
        patch: {},
        entries: [],
        at: minute(2),
        outcome: 'advance' as const,
      };
      await store.finishStage(parsed);

      const outcome = await cancel(store);
      const cancelled = [idOf('two'), idOf('three')].toSorted();
      assert.deepEqual(outcome, { kind: 'cancelled', cancelled, running: 1 });
      assert.deepEqual((await store.document(idOf('three')))?.stages, {
        intake: 'completed',
        parse: 'cancelled',
        policy: 'cancelled',
        embed: 'cancelled',
        index: 'cancelled',
      });
      const two = (await store.document(idOf('two')))!;
      assert.deepEqual([two.state, two.stages.parse, two.stages.policy], ['cancelled', 'completed', 'cancelled']);
      const batch = (await store.batch('b1'))!;
      assert.deepEqual([batch.status, batch.cancelled_at], ['processing', minute(5)]);
      assert.deepEqual(await store.outbox(9), [job(idOf('one'), 'parse')], 'the jobs of the others are gone');
      assert.equal(await store.startStage(job(idOf('two'), 'policy'), minute(6)), null);
      assert.deepEqual((await events(store)).at(-1)?.details.cancelled, 2);

      await store.finishStage({ ...parsed, job: job(idOf('one'), 'parse') });
      await toIndex(store, idOf('one'), 1, 'policy');
      assert.equal(await publish(store, idOf('one'), [{ text: 'words' }]), true);
      assert.equal(await store.isUnderWay('b1'), false);
    });

    test('repeating it takes what has come to wait meanwhile and is told once', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', three));
      const running = job(idOf('one'), 'parse');
      await store.startStage(running, minute(2));
      await cancel(store);
      const count = (await events(store)).length;
      assert.deepEqual(await cancel(store), { kind: 'cancelled', cancelled: [], running: 1 });
      assert.equal((await events(store)).length, count);
      const error = {
        stage: 'parse',
        code: 'PARSER_ERROR',
        message: 'm',
        retry_count: 0,
        last_retry_at: null,
      } as const;
      await store.noteRetry(running, error, minute(6));
      const again = await cancel(store, 'b1', minute(7));
      assert.deepEqual(again, { kind: 'cancelled', cancelled: [idOf('one')], running: 0 });
      assert.equal((await store.batch('b1'))?.cancelled_at, minute(5), 'the first time stands');
    });

    test('a document that another batch wants goes on, until that one is cancelled too', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', three));
      await store.receive(arrival('b2', [{ file_id: 'copy', content: 'one' }]));
      assert.deepEqual(await cancel(store), {
        kind: 'cancelled',
        cancelled: [idOf('two'), idOf('three')].toSorted(),
        running: 1,
      });
      const rest = await cancel(store, 'b2');
      assert.deepEqual(rest, { kind: 'cancelled', cancelled: [idOf('one')], running: 0 });
    });

    test('a batch that broke off can be cancelled, and takes no more files', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', three, { only: ['one'], complete: false }));
      assert.deepEqual(await cancel(store), { kind: 'cancelled', cancelled: [idOf('one')], running: 0 });
      assert.equal((await store.batch('b1'))?.status, 'processing');
      const before = await events(store);
      assert.deepEqual(await store.receive(arrival('b1', three)), { kind: 'cancelled' });
      assert.equal(await store.document(idOf('two')), null);
      assert.deepEqual(await events(store), before);
    });

    test('cancelled bytes that are sent again run again', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'one');
      await cancel(store, 'batch-one');
      await store.receive(arrival('b2', [{ file_id: 'a', content: 'one' }]));
      const document = (await store.document(id))!;
      assert.deepEqual([document.state, document.run, document.stages.parse], ['processing', 2, 'queued']);
      assert.notEqual(await store.startStage(job(id, 'parse', 2), minute(9)), null);
    });

    test('a request that was running the batch again ends where it has come to, and is told', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', three));
      await store.receive(arrival('b2', [{ file_id: 'four', content: 'four' }]));
      for (const content of ['one', 'two', 'three', 'four']) {
        await toIndex(store, idOf(content));
        await publish(store, idOf(content), [{ text: content }]);
      }
      for (const batch of ['b1', 'b2']) await settleAsIs(store, batch, 'completed');
      const asked = request({ batch_id: 'b1' });
      const other = request({ batch_id: 'b2' });
      await store.startReprocess(asked);
      await store.startReprocess(other);
      assert.ok(await step(store, asked.reprocess_id, 1));

      const { kind } = await cancel(store);
      assert.equal(kind, 'cancelled');
      const ended = (await store.reprocess(asked.reprocess_id))!;
      assert.deepEqual(
        [ended.status, ended.restarted_at, ended.cancelled_at, ended.examined, ended.states],
        ['restarted', minute(5), minute(5), 1, { cancelled: 1 }],
      );
      assert.equal((await store.openReprocess())?.reprocess_id, other.reprocess_id, 'those of other batches go on');
      assert.equal(await step(store, asked.reprocess_id, 1), false);
      const done = (await events(store)).filter(({ event_type }) => event_type === 'REPROCESS_COMPLETED');
      assert.deepEqual(
        done.map(({ details }) => [details.reprocess_id, details.examined]),
        [[asked.reprocess_id, 1]],
      );
      assert.equal(await store.isUnderWay('b1'), false);
    });

    test('who has a cancelled batch run again wants it after all, where all of it came', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', three));
      await cancel(store);
      await store.startReprocess(request({ batch_id: 'b1' }));
      assert.equal((await store.batch('b1'))?.cancelled_at, null);
      await store.receive(
        arrival(
          'b2',
          [
            { file_id: 'x', content: 'x' },
            { file_id: 'y', content: 'y' },
          ],
          { only: ['x'], complete: false },
        ),
      );
      await cancel(store, 'b2');
      await store.startReprocess(request({ batch_id: 'b2' }));
      assert.equal((await store.batch('b2'))?.cancelled_at, minute(5), 'what never came keeps it cancelled');
    });

    test('a batch that is at rest, and one that is not there, are told apart and left alone', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'one');
      assert.ok(await settleAsIs(store, 'batch-one', 'completed'));
      assert.deepEqual(await cancel(store, 'batch-one'), { kind: 'over', status: 'completed' });
      assert.deepEqual(await cancel(store, 'nobody'), { kind: 'unknown' });
      assert.equal((await store.batch('batch-one'))?.cancelled_at, null);
    });
  });
}
