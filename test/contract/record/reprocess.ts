import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { NewReprocess, RecordStore } from '../../../appliance/stores/record/port.ts';
import type { ReprocessStart } from '../../../appliance/stores/record/rows.ts';
import {
  arrival,
  entry,
  events,
  type FileSpec,
  failed,
  idOf,
  indexed,
  job,
  minute,
  publish,
  receiveOne,
  settleAsIs,
  toIndex,
} from './builders.ts';
import { erased } from './erasures.ts';
import { type MakeRecords, worldOf } from './world.ts';

type Scope = Partial<Pick<NewReprocess, 'doc_id' | 'batch_id' | 'below'>>;

/** A request of a scope, with its entry. */
export function request(
  scope: Scope,
  options: { from?: ReprocessStart; at?: string; version?: number } = {},
): NewReprocess {
  const { doc_id = null, batch_id = null, below = null } = scope;
  const about = { document: doc_id, batch: batch_id, below: 'acme' } as const;
  const kind = doc_id ? 'document' : batch_id ? 'batch' : 'below';
  return {
    reprocess_id: newId(),
    scope: kind,
    doc_id,
    batch_id,
    below,
    from_stage: options.from ?? 'policy',
    reason: 'new terms',
    requested_by: 'usr_admin',
    requested_at: options.at ?? minute(10),
    config_version: options.version ?? 2,
    config: { version: options.version ?? 2 },
    entry: entry('REPROCESS_STARTED', kind === 'below' ? 'tenant' : kind, about[kind]!),
  };
}

/** Takes one step: every document of the next `limit` is wanted. Returns what the verb said. */
export async function step(
  store: RecordStore,
  id: string,
  limit: number,
  wanted = (_id: string) => true,
): Promise<boolean> {
  const { after, rows } = await store.reprocessPage(id, limit);
  return store.advanceReprocess({
    reprocess_id: id,
    after,
    page: rows.map(({ doc_id, received_at }) => ({
      doc_id,
      received_at,
      entry: wanted(doc_id) ? entry('REPROCESS_STARTED', 'document', doc_id) : null,
    })),
    last: rows.length < limit,
    entries: rows.length < limit ? [entry('REPROCESS_COMPLETED', 'tenant', 'acme')] : [],
    at: minute(11),
  });
}

const specs = (...contents: string[]): FileSpec[] => contents.map((content) => ({ file_id: content, content }));

/** A batch whose documents are all indexed. */
async function indexedBatch(store: RecordStore, batchId: string, ...contents: string[]): Promise<void> {
  await store.receive(arrival(batchId, specs(...contents)));
  for (const content of contents) {
    await toIndex(store, idOf(content));
    await publish(store, idOf(content), [{ text: `words of ${content}` }]);
  }
}

/** Running documents again: one, those of a batch, all below a version. */
export function reprocessContract(name: string, make: MakeRecords): void {
  describe(`${name}: reprocess`, () => {
    test('one document runs again at once, under the config of the request, and its entry says what was done', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'old words' }]);
      const asked = request({ doc_id: id });
      const started = await store.startReprocess(asked);
      const { config: _config, entry: told, ...plain } = asked;
      assert.deepEqual(started, {
        ...plain,
        status: 'restarted',
        restarted_at: minute(10),
        cancelled_at: null,
        candidates: 1,
        examined: 1,
        restarted: 1,
        skipped: 0,
        states: { processing: 1 },
      });
      const row = await store.document(id);
      assert.deepEqual(
        [row?.state, row?.run, row?.current_stage, row?.config_version, row?.reprocess_id],
        ['processing', 2, 'policy', 2, asked.reprocess_id],
      );
      assert.deepEqual(await store.config(2), { version: 2 });
      assert.deepEqual((await store.outbox(10)).at(-1), job(id, 'policy', 2));
      const last = (await events(store)).at(-1);
      assert.equal(last?.event_id, told.event.event_id);
      assert.deepEqual(
        [last?.details.from, last?.details.run, last?.details.config_version, last?.details.candidates],
        ['policy', 2, 2, 1],
      );
      assert.equal((await store.searchText({ text: 'old', limit: 5 })).length, 1, 'served until the new run ends');
      assert.equal(await store.openReprocess(), null);
    });

    test('an unknown document or batch is null, and nothing of the request is kept', async (t) => {
      const { store } = await worldOf(t, make);
      for (const scope of [{ doc_id: 'doc_0000000000000000' }, { batch_id: 'nope' }]) {
        const asked = request(scope);
        assert.equal(await store.startReprocess(asked), null);
        assert.equal(await store.reprocess(asked.reprocess_id), null);
      }
      assert.deepEqual(await events(store), []);
      assert.equal((await store.reprocesses({ limit: 5 })).total, 0);
    });

    test('malware never runs again, and a batch that is still receiving does not either', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('bad', [{ file_id: 'a', content: 'virus', kind: 'quarantined' }]));
      await store.receive(arrival('half', specs('x', 'y'), { only: ['x'], complete: false }));
      const refused = { code: 'INVALID_STATE_TRANSITION' };
      const before = await events(store);
      await assert.rejects(store.startReprocess(request({ doc_id: idOf('virus') })), refused);
      await assert.rejects(store.startReprocess(request({ batch_id: 'half' })), refused);
      assert.deepEqual(await events(store), before);
      assert.equal((await store.reprocesses({ limit: 5 })).total, 0);
      assert.equal((await store.document(idOf('virus')))?.run, 1);
    });

    test('a document begins no later than at what was made of it and passed the gates', async (t) => {
      const { store } = await worldOf(t, make);
      const begins = async (content: string, from: ReprocessStart) => {
        await store.startReprocess(request({ doc_id: idOf(content) }, { from }));
        const row = await store.document(idOf(content));
        return [row?.current_stage, row?.config_version, (await events(store)).at(-1)?.details.from];
      };
      const gate = async (content: string, outcome: 'held' | 'quarantined' | 'advance') => {
        await receiveOne(store, content);
        const parsed = { canonical_sha256: 'c1' };
        const common = { entries: [], at: minute(2) };
        const id = idOf(content);
        await store.finishStage({ job: job(id, 'parse'), patch: parsed, outcome: 'advance', ...common });
        await store.finishStage({ job: job(id, 'policy'), patch: { enriched_sha256: 'e1' }, outcome, ...common });
      };
      // Before there is a newer config: it goes by the one of its day.
      await gate('good', 'advance');
      await receiveOne(store, 'fresh');
      assert.deepEqual(await begins('fresh', 'policy'), ['parse', 2, 'parse'], 'nothing was parsed yet');
      await failed(store, 'torn');
      assert.deepEqual(await begins('torn', 'embed'), ['parse', 2, 'parse']);
      await gate('held', 'held');
      assert.deepEqual(await begins('held', 'embed'), ['policy', 2, 'policy'], 'no gate is passed by');
      await gate('bad', 'quarantined');
      assert.deepEqual(await begins('bad', 'embed'), ['policy', 2, 'policy']);
      assert.deepEqual(await begins('good', 'embed'), ['embed', 1, 'embed'], 'and keeps the config its gates went by');
      assert.deepEqual(await begins('good', 'parse'), ['parse', 2, 'parse']);
      assert.deepEqual(await begins('good', 'embed'), ['parse', 2, 'parse'], 'it waits to be parsed anew, and is');
      assert.deepEqual(await begins('good', 'policy'), ['parse', 2, 'parse']);
    });

    test('a document at work is restarted too: its old run is stale', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      await toIndex(store, id);
      await store.startReprocess(request({ doc_id: id }, { from: 'parse' }));
      assert.equal(await publish(store, id, [{ text: 'late' }], { run: 1 }), false);
      assert.ok(await store.startStage(job(id, 'parse', 2), minute(12)));
    });

    test('a batch is open from the request on, and goes through its documents step by step, each once', async (t) => {
      const { store } = await worldOf(t, make);
      await indexedBatch(store, 'b', 'p', 'q', 'r');
      await indexedBatch(store, 'other', 'z');
      assert.ok(await settleAsIs(store, 'b', 'completed'));
      const asked = request({ batch_id: 'b' });
      const started = await store.startReprocess(asked);
      assert.deepEqual([started?.status, started?.candidates, started?.restarted_at], ['restarting', 3, null]);
      assert.equal((await events(store)).at(-1)?.details.candidates, 3);
      assert.equal((await store.batch('b'))?.status, 'processing');
      assert.equal(await store.isUnderWay('b'), true, 'documents are still to come');
      assert.equal((await store.openReprocess())?.reprocess_id, asked.reprocess_id);

      assert.equal(await step(store, asked.reprocess_id, 2), true);
      const half = await store.reprocess(asked.reprocess_id);
      assert.deepEqual([half?.examined, half?.restarted, half?.states], [2, 2, { processing: 2 }]);
      assert.equal(await step(store, asked.reprocess_id, 2), true);
      const whole = await store.reprocess(asked.reprocess_id);
      assert.deepEqual(
        [whole?.status, whole?.restarted_at, whole?.examined, whole?.restarted],
        ['restarted', minute(11), 3, 3],
      );
      const last = (await events(store)).at(-1);
      assert.deepEqual(
        [last?.event_type, last?.details.examined, last?.details.restarted, last?.details.skipped],
        ['REPROCESS_COMPLETED', 3, 3, 0],
      );
      for (const content of ['p', 'q', 'r']) assert.equal((await store.document(idOf(content)))?.run, 2, content);
      assert.equal((await store.document(idOf('z')))?.run, 1);
      assert.equal(await store.openReprocess(), null);
      assert.equal(await step(store, asked.reprocess_id, 2), false, 'it is done');
      assert.equal((await store.document(idOf('p')))?.run, 2);
    });

    test('a step that another worker has taken changes nothing', async (t) => {
      const { store, another } = await worldOf(t, make);
      await indexedBatch(store, 'b', 'p', 'q', 'r');
      const { reprocess_id } = (await store.startReprocess(request({ batch_id: 'b' })))!;
      const { after, rows } = await another().reprocessPage(reprocess_id, 2);
      await step(store, reprocess_id, 2);
      const before = await events(store);
      const late = rows.map(({ doc_id, received_at }) => ({
        doc_id,
        received_at,
        entry: entry('NEVER', 'document', doc_id),
      }));
      const taken = { reprocess_id, after, page: late, last: false, entries: [], at: minute(12) };
      assert.equal(await store.advanceReprocess(taken), false);
      assert.deepEqual(await events(store), before);
      assert.equal((await store.reprocess(reprocess_id))?.examined, 2);
    });

    test('an entry that cannot be written takes the whole step back', async (t) => {
      const { store } = await worldOf(t, make);
      await indexedBatch(store, 'b', 'p', 'q');
      const { reprocess_id } = (await store.startReprocess(request({ batch_id: 'b' })))!;
      const { after, rows } = await store.reprocessPage(reprocess_id, 5);
      const page = rows.map(({ doc_id, received_at }) => {
        return { doc_id, received_at, entry: entry('A', 'document', doc_id) };
      });
      page[1]!.entry.event.event_id = page[0]!.entry.event.event_id;
      const twice = { reprocess_id, after, page, last: true, entries: [], at: minute(12) };
      await assert.rejects(store.advanceReprocess(twice), { code: 'INTERNAL_ERROR' });
      assert.deepEqual((await store.reprocess(reprocess_id))?.examined, 0);
      for (const content of ['p', 'q']) assert.equal((await store.document(idOf(content)))?.run, 1);
    });

    test('malware and what went by a newer config are skipped, without an entry', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b', [...specs('p', 'q'), { file_id: 'v', content: 'virus', kind: 'quarantined' }]));
      const { reprocess_id } = (await store.startReprocess(request({ batch_id: 'b' })))!;
      await store.startReprocess(request({ doc_id: idOf('q') }, { version: 3 }));
      const before = (await events(store)).length;
      await step(store, reprocess_id, 5);
      const done = await store.reprocess(reprocess_id);
      assert.deepEqual([done?.examined, done?.restarted, done?.skipped], [3, 1, 2]);
      assert.equal((await store.document(idOf('q')))?.config_version, 3, 'no way back');
      assert.deepEqual(
        (await events(store)).slice(before).map(({ event_type, resource_id }) => `${event_type} ${resource_id}`),
        [`REPROCESS_STARTED ${idOf('p')}`, 'REPROCESS_COMPLETED acme'],
      );
    });

    test('what is being erased is skipped, and counted, since it may come back', async (t) => {
      const { store } = await worldOf(t, make);
      await indexedBatch(store, 'b', 'p', 'q');
      const { reprocess_id } = (await store.startReprocess(request({ batch_id: 'b' })))!;
      const about = { cause: 'request' as const, reason: 'r', requested_by: 'dana', requested_at: minute(10) };
      await store.beginErasure({ deletion_receipt_id: newId(), doc_id: idOf('p'), ...about });
      assert.equal(await store.startReprocess(request({ doc_id: idOf('p') })), null);
      await step(store, reprocess_id, 5);
      const done = await store.reprocess(reprocess_id);
      assert.deepEqual([done?.examined, done?.restarted, done?.skipped], [2, 1, 1]);
    });

    test('what was erased before its page was read is looked at and skipped, so that the numbers add up', async (t) => {
      const { store } = await worldOf(t, make);
      await indexedBatch(store, 'b', 'p', 'q', 'r');
      await indexedBatch(store, 'single', 'z');
      const ofBatch = (await store.startReprocess(request({ batch_id: 'b' })))!.reprocess_id;
      const ofOne = (await store.startReprocess(request({ batch_id: 'single' })))!.reprocess_id;
      const ofAll = (await store.startReprocess(request({ below: { config_version: 2 } })))!.reprocess_id;
      const counts = async (id: string) => {
        const { candidates, examined, restarted, skipped } = (await store.reprocess(id))!;
        return [candidates, examined, restarted, skipped];
      };
      await step(store, ofBatch, 1);
      const restarted = (await store.reprocessPage(ofAll, 9)).rows.find(({ run }) => run === 2)!.doc_id;
      const others = ['p', 'q', 'r'].map(idOf).filter((id) => id !== restarted);
      for (const id of [others[0]!, idOf('z')]) await erased(store, id);
      assert.deepEqual(await counts(ofBatch), [3, 1, 1, 0], 'known when its last page is read');
      await step(store, ofBatch, 9);
      assert.deepEqual(await counts(ofBatch), [3, 3, 2, 1]);
      const { examined, skipped } = (await events(store)).at(-1)!.details;
      assert.deepEqual([examined, skipped], [3, 1]);
      await step(store, ofOne, 9);
      assert.deepEqual(await counts(ofOne), [1, 1, 0, 1]);
      await step(store, ofAll, 9, () => false);
      assert.deepEqual(await counts(ofAll), [4, 4, 0, 2]);
    });

    test('what a person refused for good does not run again', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b', [...specs('p'), { file_id: 'x', content: 'x' }]));
      const end = { patch: { quarantine_reason: 'PII_BLOCK_POLICY' }, entries: [], at: minute(2) };
      await store.finishStage({ job: job(idOf('x'), 'parse'), ...end, outcome: 'advance' });
      await store.finishStage({ job: job(idOf('x'), 'policy'), ...end, outcome: 'quarantined' });
      const rejection = {
        scope: 'document' as const,
        chunks: [],
        reason: 'r',
        rejected_by: 'dana',
        rejected_at: minute(3),
      };
      const seen = (await store.document(idOf('x')))!;
      await store.decide([{ seen, set: { rejection }, restart: null, entries: [], at: minute(3) }]);
      await assert.rejects(store.startReprocess(request({ doc_id: idOf('x') })), { code: 'INVALID_STATE_TRANSITION' });
      const { reprocess_id } = (await store.startReprocess(request({ batch_id: 'b' })))!;
      await step(store, reprocess_id, 5);
      const done = await store.reprocess(reprocess_id);
      assert.deepEqual([done?.restarted, done?.skipped], [1, 1]);
    });

    test('below a version every document received before the request is looked at, and the wanted ones run', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (const [n, content] of ['p', 'q', 'r', 's'].entries()) {
        ids.push(await indexed(store, content, [{ text: content }], { received: minute(n) }));
      }
      const asked = request({ below: { config_version: 2 } });
      assert.equal((await store.startReprocess(asked))?.candidates, 4);
      assert.equal((await store.openReprocess())?.below?.config_version, 2);
      await receiveOne(store, 'later', minute(20));
      const wanted = (id: string) => id === ids[1] || id === ids[3];
      await step(store, asked.reprocess_id, 3, wanted);
      assert.deepEqual(
        (await store.reprocessPage(asked.reprocess_id, 3)).rows.map(({ doc_id }) => doc_id),
        [ids[3]],
      );
      await step(store, asked.reprocess_id, 3, wanted);
      const done = await store.reprocess(asked.reprocess_id);
      assert.deepEqual([done?.status, done?.examined, done?.restarted, done?.skipped], ['restarted', 4, 2, 0]);
      const runs = await Promise.all(ids.map(async (id) => (await store.document(id))?.run));
      assert.deepEqual(runs, [1, 2, 1, 2]);
    });

    test('a request that is cancelled restarts nothing more, tells how far it came, and ends once', async (t) => {
      const { store } = await worldOf(t, make);
      for (const content of ['p', 'q', 'r']) await indexed(store, content, [{ text: content }]);
      const asked = request({ below: { config_version: 2 } });
      await store.startReprocess(asked);
      await step(store, asked.reprocess_id, 2);
      const stale = await store.reprocessPage(asked.reprocess_id, 2);
      const seen: number[] = [];
      const cancel = () =>
        store.cancelReprocess(
          asked.reprocess_id,
          ({ examined, restarted, cancelled_at }) => {
            seen.push(examined, restarted);
            assert.equal(cancelled_at, minute(12));
            return entry('REPROCESS_COMPLETED', 'tenant', 'acme', { cancelled: true });
          },
          minute(12),
        );
      assert.equal(await cancel(), 'cancelled');
      const { after, rows } = stale;
      const page = rows.map(({ doc_id, received_at }) => ({ doc_id, received_at, entry: null }));
      const late = { reprocess_id: asked.reprocess_id, after, page, last: true, entries: [], at: minute(13) };
      assert.equal(await store.advanceReprocess(late), false, 'a step that was under way changes nothing');
      assert.equal(await store.openReprocess(), null);
      const row = (await store.reprocess(asked.reprocess_id))!;
      assert.deepEqual([row.status, row.restarted, row.cancelled_at], ['restarted', 2, minute(12)]);
      assert.equal(await cancel(), 'cancelled', 'repeating it changes nothing');
      assert.deepEqual(seen, [2, 2]);
      const told = (await events(store)).filter(({ event_type }) => event_type === 'REPROCESS_COMPLETED');
      assert.equal(told.length, 1);
      assert.equal(await store.cancelReprocess(newId(), () => told as never, minute(12)), 'unknown');
      const whole = request({ doc_id: idOf('p') });
      await store.startReprocess(whole);
      assert.equal(await store.cancelReprocess(whole.reprocess_id, () => told as never, minute(12)), 'over');
    });

    test('a batch waits for its report while a request may still come to a document of it', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'early', minute(1));
      await failAll(store, 'early');
      await receiveOne(store, 'late', minute(2));
      await failAll(store, 'late');
      const { reprocess_id } = (await store.startReprocess(request({ below: { config_version: 2 } })))!;
      assert.deepEqual([await store.isUnderWay('batch-early'), await store.isUnderWay('batch-late')], [true, true]);
      await step(store, reprocess_id, 1, () => false);
      assert.deepEqual([await store.isUnderWay('batch-early'), await store.isUnderWay('batch-late')], [false, true]);
      await receiveOne(store, 'new', minute(30));
      await failAll(store, 'new');
      assert.equal(await store.isUnderWay('batch-new'), false, 'received after the request');
      await step(store, reprocess_id, 5, () => false);
      assert.equal(await store.isUnderWay('batch-late'), false);
    });

    test('progress follows the documents, until a later request takes them over', async (t) => {
      const { store } = await worldOf(t, make);
      await indexedBatch(store, 'b', 'p', 'q', 'r');
      const { reprocess_id } = (await store.startReprocess(request({ batch_id: 'b' })))!;
      const states = async (id: string) => (await store.reprocess(id))?.states;
      await step(store, reprocess_id, 9);
      assert.deepEqual(await states(reprocess_id), { processing: 3 });
      await toIndex(store, idOf('p'), 2, 'policy');
      await publish(store, idOf('p'), [{ text: 'new' }], { run: 2 });
      await store.finishStage({
        job: job(idOf('q'), 'policy', 2),
        patch: {},
        entries: [],
        at: minute(12),
        outcome: 'held',
      });
      assert.deepEqual(await states(reprocess_id), { processing: 1, held: 1, indexed: 1 });
      await store.restart(idOf('q'), 'policy', [], minute(13));
      assert.deepEqual(await states(reprocess_id), { processing: 2, indexed: 1 }, 'a decision is part of it');
      const second = (await store.startReprocess(request({ doc_id: idOf('p') })))!;
      assert.deepEqual(await states(reprocess_id), { processing: 2 });
      assert.deepEqual(await states(second.reprocess_id), { processing: 1 });
    });

    test('requests are listed newest first, by cursor or offset, with their total', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'x' }]);
      const made: string[] = [];
      for (let n = 0; n < 5; n++) {
        made.push((await store.startReprocess(request({ doc_id: id }, { version: n + 2 })))!.reprocess_id);
      }
      const newest = made.toReversed();
      const first = await store.reprocesses({ limit: 2 });
      const second = await store.reprocesses({ limit: 2, after: first.rows.at(-1)!.reprocess_id });
      assert.deepEqual(
        [...first.rows, ...second.rows].map(({ reprocess_id }) => reprocess_id),
        newest.slice(0, 4),
      );
      assert.deepEqual([first.total, second.total], [5, 5]);
      assert.deepEqual((await store.reprocesses({ limit: 2, offset: 4 })).rows[0]?.reprocess_id, made[0]);
      assert.deepEqual([first.rows[0]?.states, second.rows[0]?.states], [{ processing: 1 }, {}]);
      await assert.rejects(store.reprocesses({ limit: 2, after: newId() }), { code: 'VALIDATION_ERROR' });
    });
  });
}

async function failAll(store: RecordStore, content: string): Promise<void> {
  const error = { stage: 'parse' as const, code: 'X', message: 'x', retry_count: 0, last_retry_at: null };
  const failure = { error, state: 'parse_failed' as const, status: 'failed' as const, patch: {} };
  const rest = { dead_letter: null, entries: [], at: minute(3) };
  assert.ok(await store.failStage({ job: job(idOf(content), 'parse'), ...failure, ...rest }));
}
