import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { DocumentDecision, DocumentPatch, RecordStore } from '../../../appliance/stores/record/port.ts';
import type {
  DocumentRow,
  RejectionDecision,
  ReleaseDecision,
  ReviewDecision,
} from '../../../appliance/stores/record/rows.ts';
import {
  arrival,
  chunksOf,
  deadLetter,
  entry,
  events,
  idOf,
  indexed,
  job,
  minute,
  receiveOne,
  toIndex,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const REVIEW: ReviewDecision = {
  decision: 'correct',
  classification: 'invoice',
  proposed: 'other',
  note: 'as agreed',
  decided_by: 'dana',
  decided_at: minute(9),
};
const BOUND = { chunk_id: 'chk_0123456789abcdef', text_sha256: 'ab'.repeat(32) };
const RELEASE: ReleaseDecision = {
  scope: 'chunks',
  chunks: [BOUND],
  hidden_text: ['cd'.repeat(32)],
  pii: { action: 'redact', types: ['SSN'] },
  released_by: 'frode',
  released_at: minute(9),
};
const rejection = (scope: RejectionDecision['scope']): RejectionDecision => ({
  scope,
  chunks: scope === 'chunks' ? [BOUND] : [],
  rejected_by: 'dana',
  rejected_at: minute(9),
});

/** Ends the policy stage of a new document so. */
async function stopped(
  store: RecordStore,
  content: string,
  outcome: 'held' | 'quarantined',
  patch: DocumentPatch = {},
  at = minute(1),
): Promise<string> {
  const id = await receiveOne(store, content, at);
  const parsed = { canonical_sha256: 'cc', last_output_hash: 'sha256:cc' };
  await store.finishStage({ job: job(id, 'parse'), patch: parsed, entries: [], at: minute(2), outcome: 'advance' });
  await store.finishStage({ job: job(id, 'policy'), patch, entries: [], at: minute(2), outcome });
  return id;
}

/** A document that no gate could judge, with its dead letter. */
async function unjudged(store: RecordStore, content: string): Promise<{ id: string; dlq: string }> {
  const id = await receiveOne(store, content);
  const dlq = newId();
  await store.finishStage({ job: job(id, 'parse'), patch: {}, entries: [], at: minute(2), outcome: 'advance' });
  await store.failStage({
    job: job(id, 'policy'),
    error: { stage: 'policy', code: 'GATE_UNAVAILABLE', message: 'broken', retry_count: 2, last_retry_at: null },
    state: 'policy_failed',
    status: 'failed',
    patch: { quarantine_reason: 'GATE_UNAVAILABLE' },
    dead_letter: { ...deadLetter(dlq, id), stage: 'policy' },
    entries: [],
    at: minute(3),
  });
  return { id, dlq };
}

/** An indexed document with `count` chunks in quarantine. */
async function partly(store: RecordStore, content: string, count: number, at = minute(1)): Promise<string> {
  const id = await receiveOne(store, content, at);
  await toIndex(store, id);
  const written = entry('INDEX_WRITTEN', 'document', id);
  await store.publish({
    job: job(id, 'index'),
    ...chunksOf(id, [{ text: content }]),
    patch: { chunks_quarantined: count, chunks_rejected: 0 },
    entries: [written],
    index_event_id: written.event.event_id,
    at: minute(3),
  });
  return id;
}

async function seen(store: RecordStore, id: string): Promise<DocumentRow> {
  return (await store.document(id))!;
}

function decision(row: DocumentRow, more: Partial<DocumentDecision> = {}): DocumentDecision {
  return {
    seen: row,
    set: { review: REVIEW },
    restart: 'policy',
    entries: [entry('CLASSIFICATION_REVIEWED', 'document', row.doc_id)],
    at: minute(9),
    ...more,
  };
}

/** What people decide, and the list of what is in quarantine. */
export function decisionContract(name: string, make: MakeRecords): void {
  describe(`${name}: decisions`, () => {
    test('a review is stored, the document runs again from policy, and the event is told, all at once', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await stopped(store, 'x', 'held', { classification: 'other' });
      const told = entry('CLASSIFICATION_REVIEWED', 'document', id);
      assert.deepEqual(await store.decide([decision(await seen(store, id), { entries: [told] })]), [id]);
      const row = await seen(store, id);
      assert.deepEqual(row.review, REVIEW);
      assert.deepEqual([row.state, row.current_stage, row.run], ['processing', 'policy', 2]);
      assert.equal(row.last_output_hash, 'sha256:cc');
      assert.deepEqual((await store.outbox(10)).at(-1), job(id, 'policy', 2));
      assert.equal((await events(store)).at(-1)?.event_id, told.event.event_id);
    });

    test('of two who decide at once one wins, and the other has changed nothing', async (t) => {
      const { store, another } = await worldOf(t, make);
      const id = await stopped(store, 'x', 'held');
      const row = await seen(store, id);
      const loser = entry('NEVER', 'document', id);
      const [first, second] = await Promise.all([
        store.decide([decision(row)]),
        another().decide([decision(row, { set: { review: { ...REVIEW, classification: 'SOP' } }, entries: [loser] })]),
      ]);
      assert.deepEqual([...first, ...second], [id]);
      const told = (await events(store)).filter(({ resource_id }) => resource_id === id);
      const winner = first.length === 1 ? 'CLASSIFICATION_REVIEWED' : 'NEVER';
      assert.deepEqual(
        told.slice(1).map(({ event_type }) => event_type),
        [winner],
      );
      assert.equal((await seen(store, id)).run, 2);
    });

    test('a decision about a document that has changed since is not taken', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await stopped(store, 'x', 'held');
      const old = await seen(store, id);
      await store.restart(id, 'policy', [], minute(4));
      await store.finishStage({ job: job(id, 'policy', 2), patch: {}, entries: [], at: minute(5), outcome: 'held' });
      const before = await events(store);
      assert.deepEqual(await store.decide([decision(old)]), []);
      assert.deepEqual(await store.decide([decision({ ...old, doc_id: 'doc_0000000000000000' })]), []);
      assert.equal((await seen(store, id)).review, null);
      assert.deepEqual(await events(store), before);
    });

    test('many are decided in one go; those that changed are left out', async (t) => {
      const { store } = await worldOf(t, make);
      const rows: DocumentRow[] = [];
      for (const content of ['a', 'b', 'c']) rows.push(await seen(store, await stopped(store, content, 'held')));
      await store.restart(rows[1]!.doc_id, 'policy', [], minute(4));
      assert.deepEqual(await store.decide(rows.map((row) => decision(row))), [rows[0]!.doc_id, rows[2]!.doc_id]);
    });

    test('decisions stay through later runs, also when the same bytes are sent again', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await stopped(store, 'x', 'quarantined', { quarantine_reason: 'INJECTION_DETECTED' });
      await store.decide([decision(await seen(store, id), { set: { release: RELEASE, review: REVIEW } })]);
      await store.failStage({
        job: job(id, 'policy', 2),
        error: { stage: 'policy', code: 'X', message: 'x', retry_count: 0, last_retry_at: null },
        state: 'policy_failed',
        status: 'failed',
        patch: {},
        dead_letter: null,
        entries: [],
        at: minute(9),
      });
      await store.receive(arrival('again', [{ file_id: 'a', content: 'x' }]));
      const row = await seen(store, id);
      assert.deepEqual([row.state, row.run, row.release, row.review], ['processing', 3, RELEASE, REVIEW]);
    });

    test('malware never runs, whatever is decided', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b', [{ file_id: 'a', content: 'bad', kind: 'quarantined' }]));
      const row = await seen(store, idOf('bad'));
      await assert.rejects(store.decide([decision(row, { set: { release: RELEASE } })]), {
        code: 'INVALID_STATE_TRANSITION',
      });
      assert.deepEqual(await seen(store, idOf('bad')), row);
    });

    test('a rejection of the document is final', async (t) => {
      const { store } = await worldOf(t, make);
      const { id, dlq } = await unjudged(store, 'x');
      const reject = decision(await seen(store, id), { set: { rejection: rejection('document') }, restart: null });
      assert.deepEqual(await store.decide([reject]), [id]);
      const row = await seen(store, id);
      assert.deepEqual(
        [row.state, row.stages.policy, row.quarantine_reason],
        ['quarantined', 'quarantined', 'GATE_UNAVAILABLE'],
      );
      const letter = await store.deadLetter(dlq);
      assert.deepEqual([letter?.status, letter?.resolution], ['abandoned', 'skipped']);
      await assert.rejects(store.restart(id, 'parse', [], minute(9)), { code: 'INVALID_STATE_TRANSITION' });
      const { receipts } = (await store.receive(arrival('again', [{ file_id: 'a', content: 'x' }]))) as {
        receipts: { status: string; message: string }[];
      };
      assert.equal(receipts[0]?.status, 'quarantined');
      assert.match(receipts[0]!.message, /refused for good/);
      assert.equal((await seen(store, id)).run, 1);
    });

    test('a rejection of chunks leaves the document where it is', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await partly(store, 'x', 2);
      const row = await seen(store, id);
      const set = { rejection: rejection('chunks') };
      await store.decide([decision(row, { set, chunks_rejected: 1, restart: null })]);
      assert.deepEqual(await seen(store, id), { ...row, ...set, chunks_rejected: 1 });
      assert.deepEqual(
        await store.decide([decision(row, { set, restart: null })]),
        [],
        'another decision was there first',
      );
      assert.equal((await store.documentChunks(id, { limit: 9, offset: 0 })).length, 1);
    });

    test('the receipt with which malware was found is the latest of its kind', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'hello' }]);
      assert.equal(await store.quarantineReceipt(id), null);
      await store.receive(arrival('known', [{ file_id: 'a', content: 'x', kind: 'quarantined' }]));
      await store.receive(arrival('again', [{ file_id: 'a', content: 'x' }]));
      await store.receive(arrival('later', [{ file_id: 'a', content: 'x', kind: 'quarantined' }]));
      assert.equal((await store.quarantineReceipt(id))?.batch_id, 'later');
    });

    test('the quarantine lists documents and chunks, by reason, scope and status, with totals', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b', [{ file_id: 'a', content: 'malware', kind: 'quarantined' }], { at: minute(1) }));
      const blocked = await stopped(store, 'pii', 'quarantined', { quarantine_reason: 'PII_BLOCK_POLICY' }, minute(2));
      const attack = await stopped(store, 'inj', 'quarantined', { quarantine_reason: 'INJECTION_DETECTED' }, minute(3));
      const some = await partly(store, 'some', 2, minute(4));
      await indexed(store, 'clean', [{ text: 'x' }], { received: minute(5) });
      await stopped(store, 'held', 'held', { chunks_quarantined: 1 }, minute(6));
      const { id: broken } = await unjudged(store, 'gate');
      const list = async (filter: Partial<Parameters<typeof store.quarantined>[0]> = {}) => {
        const { rows, total } = await store.quarantined({ limit: 10, ...filter });
        assert.equal(total, rows.length, JSON.stringify(filter));
        return rows.map(({ doc_id }) => doc_id);
      };
      const newest = [some, attack, blocked, ...[broken, idOf('malware')].toSorted().reverse()];
      assert.deepEqual(await list(), newest);
      assert.deepEqual(await list({ scope: 'chunks' }), [some]);
      assert.deepEqual(await list({ scope: 'document' }), newest.slice(1));
      assert.deepEqual(await list({ reason: 'INJECTION_DETECTED' }), [some, attack]);
      assert.deepEqual(await list({ reason: 'INJECTION_DETECTED', scope: 'document' }), [attack]);
      assert.deepEqual(await list({ reason: 'GATE_UNAVAILABLE' }), [broken]);
      assert.deepEqual(await list({ reason: 'NOTHING' }), []);
      assert.deepEqual(await list({ status: 'rejected' }), []);

      const reject = async (id: string, scope: RejectionDecision['scope'], count?: number) =>
        store.decide([
          decision(await seen(store, id), {
            set: { rejection: rejection(scope) },
            ...(count === undefined ? {} : { chunks_rejected: count }),
            restart: null,
          }),
        ]);
      await reject(blocked, 'document');
      await reject(some, 'chunks', 1);
      assert.deepEqual(await list({ status: 'rejected' }), [blocked]);
      await reject(some, 'chunks', 2);
      assert.deepEqual(await list({ status: 'rejected' }), [some, blocked]);
      assert.deepEqual(await list({ status: 'open', scope: 'chunks' }), []);

      await store.decide([decision(await seen(store, attack), { set: { release: RELEASE } })]);
      assert.deepEqual(await list({ reason: 'INJECTION_DETECTED' }), [some], 'what runs again is not in quarantine');
    });

    test('the quarantine is read page by page, by cursor or by offset, each entry once', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (let n = 0; n < 9; n += 1) {
        const quarantine_reason = n % 3 === 0 ? 'PII_BLOCK_POLICY' : 'INJECTION_DETECTED';
        ids.push(
          n % 4 === 3
            ? await partly(store, `d${n}`, 1, minute(n))
            : await stopped(store, `d${n}`, 'quarantined', { quarantine_reason }, minute(n)),
        );
      }
      const newest = ids.toReversed();
      const walked: string[] = [];
      for (let after: string | undefined; ; after = walked.at(-1)) {
        const { rows, total } = await store.quarantined({ limit: 2, ...(after ? { after } : {}) });
        assert.equal(total, 9);
        if (rows.length === 0) break;
        walked.push(...rows.map(({ doc_id }) => doc_id));
      }
      assert.deepEqual(walked, newest);
      const offset = (await store.quarantined({ limit: 3, offset: 4 })).rows.map(({ doc_id }) => doc_id);
      assert.deepEqual(offset, newest.slice(4, 7));
      await assert.rejects(store.quarantined({ limit: 3, after: 'doc_0000000000000000' }), {
        code: 'VALIDATION_ERROR',
      });
    });

    test('held documents are listed oldest first where that is asked for', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push(await stopped(store, `d${n}`, 'held', {}, minute(n)));
      await receiveOne(store, 'other', minute(0));
      const page = { limit: 2, state: 'held' as const, sort: 'asc' as const };
      const first = await store.documents(page);
      const second = await store.documents({ ...page, after: first.rows.at(-1)!.doc_id });
      assert.deepEqual(
        [...first.rows, ...second.rows].map(({ doc_id }) => doc_id),
        ids.slice(0, 4),
      );
      assert.equal(first.total, 5);
      assert.deepEqual(
        (await store.documents({ ...page, limit: 9, batch_id: 'batch-d3' })).rows.map(({ doc_id }) => doc_id),
        [ids[3]],
      );
    });
  });
}
