import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entry, events, idOf, indexed, minute, receiveOne } from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

/** Events on their way to the tenant's log. */
export function relayContract(name: string, make: MakeRecords): void {
  describe(`${name}: audit outbox`, () => {
    test('events wait in commit order with their references, until they are relayed', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'x');
      await store.appendEntries([entry('RETRIEVAL_EXECUTED', 'query', 'q1', { chunk_count: 2 })]);
      const pending = await store.pendingEvents(10);
      assert.deepEqual(
        pending.map(({ event }) => event.event_type),
        ['DOCUMENT_INGESTED', 'BATCH_RECEIVED', 'RETRIEVAL_EXECUTED'],
      );
      assert.deepEqual(pending[0]?.references, [{ name: 'filename', salt: 'ab'.repeat(32), value: 'a.pdf' }]);
      assert.deepEqual(pending[2]?.event.details, { component: 'intake-gateway', status: 'success', chunk_count: 2 });
      assert.equal((await store.pendingEvents(1)).length, 1);
      const place = ({ seq, event }: (typeof pending)[number], at: number) => ({
        seq,
        event_id: event.event_id,
        log_index: 40 + at,
      });
      const positions = pending.slice(0, 2).map(place);
      await store.markRelayed(positions);
      await store.markRelayed(positions);
      await store.markRelayed([]);
      assert.deepEqual(
        (await store.pendingEvents(10)).map(({ seq }) => seq),
        [pending[2]!.seq],
      );
      await store.markRelayed([place(pending[2]!, 2)]);
      assert.deepEqual(await store.pendingEvents(10), []);
    });

    test('a relay out of order, of a strange event or to a second place is refused', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'x');
      const [first, second] = await store.pendingEvents(10);
      const broken = { code: 'AUDIT_CHAIN_BROKEN' };
      const at = (of: typeof first, log_index: number, event_id = of!.event.event_id) => ({
        seq: of!.seq,
        event_id,
        log_index,
      });
      await assert.rejects(store.markRelayed([at(second, 1)]), broken);
      await assert.rejects(store.markRelayed([at(first, 0, second!.event.event_id)]), broken);
      await store.markRelayed([at(first, 0)]);
      await assert.rejects(store.markRelayed([at(first, 5)]), broken);
      assert.equal((await store.pendingEvents(10)).length, 1);
    });

    test('a served chunk shows where the log put its index event', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'hello' }]);
      const pending = await store.pendingEvents(100);
      await store.markRelayed(
        pending.map(({ seq, event }, at) => ({ seq, event_id: event.event_id, log_index: at + 7 })),
      );
      const at = pending.findIndex(({ event }) => event.event_type === 'INDEX_WRITTEN');
      assert.equal((await store.documentChunks(id, { limit: 1, offset: 0 }))[0]?.log_index, at + 7);
    });

    test('an event id that is there is refused, another tenant’s event too, and nothing of the call stays', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'x');
      const before = await events(store);
      const twice = entry('A', 'query', 'q');
      await assert.rejects(store.appendEntries([entry('B', 'query', 'q'), twice, twice]), { code: 'INTERNAL_ERROR' });
      const foreign = entry('C', 'query', 'q');
      foreign.event.tenant_id = 'other';
      await assert.rejects(store.appendEntries([entry('D', 'query', 'q'), foreign]), { code: 'ISOLATION_VIOLATED' });
      assert.deepEqual(await events(store), before);
    });

    test('an event that cannot be written takes the change it reports back', async (t) => {
      const { store } = await worldOf(t, make);
      const { event_id } = (await receiveOne(store, 'x').then(() => events(store)))[0]!;
      const used = entry('A', 'document', idOf('x'));
      used.event.event_id = event_id;
      await assert.rejects(store.restart(idOf('x'), 'parse', [used], minute(3)), { code: 'INTERNAL_ERROR' });
      assert.equal((await store.document(idOf('x')))?.run, 1);
      const seen = [{ doc_id: idOf('x'), run: 1, state: 'processing' as const }];
      const settlement = { batch_id: 'batch-x', status: 'completed' as const, report: {}, seen, entries: [used] };
      await assert.rejects(store.settleBatch({ ...settlement, at: minute(3) }), { code: 'INTERNAL_ERROR' });
      assert.equal((await store.batch('batch-x'))?.status, 'processing');
    });
  });
}
