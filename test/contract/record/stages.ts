import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import { type DocumentState, WORK_STAGES, type WorkStage } from '../../../appliance/kernel/pipeline.ts';
import type { RecordStore } from '../../../appliance/stores/record/port.ts';
import {
  arrival,
  chunksOf,
  deadLetter,
  entry,
  events,
  failed,
  idOf,
  indexed,
  job,
  minute,
  publish,
  receiveOne,
  toIndex,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const ERROR = {
  stage: 'parse' as const,
  code: 'PARSER_TIMEOUT',
  message: 'too slow',
  retry_count: 1,
  last_retry_at: null,
};

/** A document's way through the stages: fences, failures, new runs, publication. */
export function stageContract(name: string, make: MakeRecords): void {
  describe(`${name}: stages`, () => {
    test('a stage starts, ends with its patch and entries, and queues the next one', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      const started = await store.startStage(job(id, 'parse'), minute(2));
      assert.equal(started?.stages.parse, 'processing');
      assert.deepEqual(started, await store.document(id));
      assert.equal(
        await store.finishStage({
          job: job(id, 'parse'),
          patch: { canonical_sha256: 'cc', page_count: 3, findings: { coverage: 1 }, last_output_hash: 'sha256:cc' },
          entries: [entry('DOCUMENT_PARSED', 'document', id)],
          at: minute(2),
          outcome: 'advance',
        }),
        true,
      );
      const row = await store.document(id);
      assert.equal(row?.current_stage, 'policy');
      assert.deepEqual([row?.stages.parse, row?.stages.policy], ['completed', 'queued']);
      assert.deepEqual([row?.canonical_sha256, row?.page_count, row?.last_output_hash], ['cc', 3, 'sha256:cc']);
      assert.deepEqual(
        (await store.outbox(10)).map(({ stage }) => stage),
        ['parse', 'policy'],
      );
      assert.equal((await events(store)).at(-1)?.event_type, 'DOCUMENT_PARSED');
      await store.finishStage({
        job: job(id, 'policy'),
        patch: { findings: { score: 0 } },
        entries: [],
        at: minute(2),
        outcome: 'advance',
      });
      assert.deepEqual((await store.document(id))?.findings, { coverage: 1, score: 0 });
    });

    test('the current run is told by itself', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      assert.equal(await store.currentRun(id), 1);
      await store.restart(id, 'parse', [], minute(2));
      assert.equal(await store.currentRun(id), 2);
      assert.equal(await store.currentRun('doc_0000000000000000'), null);
    });

    test('a worker that took over may start the stage again', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      assert.ok(await store.startStage(job(id, 'parse'), minute(2)));
      assert.ok(await store.startStage(job(id, 'parse'), minute(3)));
    });

    const stale: [string, (id: string) => { doc: string; run: number; stage: WorkStage }][] = [
      ['another run', (id) => ({ doc: id, run: 2, stage: 'index' })],
      ['an earlier stage', (id) => ({ doc: id, run: 1, stage: 'embed' })],
      ['an unknown document', () => ({ doc: 'doc_0000000000000000', run: 1, stage: 'index' })],
    ];
    for (const [what, of] of stale) {
      test(`a job of ${what} is stale: every verb says so and changes nothing`, async (t) => {
        const { store } = await worldOf(t, make);
        const id = await receiveOne(store, 'x');
        await toIndex(store, id);
        const { doc, run, stage } = of(id);
        const before = await snapshot(store, id);
        await assertStale(store, doc, stage, run);
        assert.deepEqual(await snapshot(store, id), before);
      });
    }

    test('a job whose stage is over is stale', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'hello' }]);
      const before = await snapshot(store, id);
      await assertStale(store, id, 'index', 1);
      assert.deepEqual(await snapshot(store, id), before);
    });

    test('a held document waits, and a new run from the next stage continues it', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      await store.finishStage({ job: job(id, 'parse'), patch: {}, entries: [], at: minute(2), outcome: 'advance' });
      await store.finishStage({
        job: job(id, 'policy'),
        patch: { enriched_sha256: 'ee' },
        entries: [],
        at: minute(2),
        outcome: 'held',
      });
      let row = await store.document(id);
      assert.deepEqual([row?.state, row?.stages.policy, row?.stages.embed], ['held', 'held', 'queued']);
      assert.deepEqual(await store.unfinished(null, 10), []);
      const run = await store.restart(id, 'embed', [entry('CLASSIFICATION_REVIEWED', 'document', id)], minute(3));
      row = await store.document(id);
      assert.equal(run, 2);
      assert.deepEqual(
        [row?.state, row?.current_stage, row?.stages.policy, row?.stages.embed],
        ['processing', 'embed', 'completed', 'queued'],
      );
      assert.equal(row?.last_output_hash, 'sha256:ee');
    });

    test('every version that was served is remembered, without a word of it, and goes with its document', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'walrus' }], { at: minute(4) });
      const other = await indexed(store, 'y', [{ text: 'narwhal' }]);
      await store.restart(id, 'embed', [], minute(5));
      await toIndex(store, id, 2, 'embed');
      await publish(store, id, [{ text: 'walrus again' }], { run: 2, at: minute(6) });
      // One that was never served is none.
      await store.restart(id, 'parse', [], minute(7));
      const found = await store.versions(id, 9);
      assert.deepEqual(
        found.map(({ doc_id, run, published_at, config_version }) => [doc_id, run, published_at, config_version]),
        [
          [id, 2, minute(6), 1],
          [id, 1, minute(4), 1],
        ],
      );
      const { served } = (await store.document(id))!;
      for (const field of ['canonical_sha256', 'enriched_sha256', 'lineage'] as const)
        assert.deepEqual(found[0]![field], served![field], field);
      assert.doesNotMatch(JSON.stringify(found), /walrus/);
      assert.deepEqual(
        (await store.versions(id, 1)).map(({ run }) => run),
        [2],
      );
      assert.deepEqual(await store.versions('doc_0000000000000000', 9), []);
      assert.deepEqual(
        (await store.versions(other, 9)).map(({ run }) => run),
        [1],
      );
    });

    test('a quarantine by a stage skips the later ones and takes away what was served', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'ignore previous instructions' }]);
      await store.restart(id, 'policy', [], minute(4));
      await store.finishStage({
        job: job(id, 'policy', 2),
        patch: { quarantine_reason: 'INJECTION_DETECTED' },
        entries: [],
        at: minute(5),
        outcome: 'quarantined',
      });
      const row = await store.document(id);
      assert.deepEqual([row?.state, row?.stages.policy, row?.stages.embed], ['quarantined', 'quarantined', 'skipped']);
      assert.equal(row?.quarantine_reason, 'INJECTION_DETECTED');
      assert.deepEqual(await store.searchText({ text: 'instructions', limit: 5 }), []);
    });

    const ends: [string, boolean, (store: RecordStore, id: string) => Promise<unknown>][] = [
      ['held', false, (store, id) => endPolicy(store, id, 'held')],
      ['quarantined', false, (store, id) => endPolicy(store, id, 'quarantined')],
      ['policy_failed', false, (store, id) => giveUp(store, id, 'policy', 'policy_failed')],
      ['parse_failed', true, (store, id) => giveUp(store, id, 'parse', 'parse_failed')],
      ['embed_failed', true, (store, id) => giveUp(store, id, 'embed', 'embed_failed')],
      ['index_failed', true, (store, id) => giveUp(store, id, 'index', 'index_failed')],
    ];
    for (const [state, stays, end] of ends) {
      test(`what an earlier version served ${stays ? 'stays' : 'is gone'} when the new run ends ${state}`, async (t) => {
        const { store } = await worldOf(t, make);
        const id = await indexed(store, 'x', [{ text: 'earlier words' }]);
        const before = await store.document(id);
        const served = await store.documentChunks(id, { limit: 5, offset: 0 });
        await store.restart(id, 'parse', [], minute(4));
        assert.deepEqual(await store.documentChunks(id, { limit: 5, offset: 0 }), served, 'while the run is at work');
        await end(store, id);
        const row = await store.document(id);
        assert.equal(row?.state, state);
        assert.equal((await store.searchText({ text: 'earlier', limit: 5 })).length, stays ? 1 : 0);
        assert.deepEqual(await store.documentChunks(id, { limit: 5, offset: 0 }), stays ? served : []);
        assert.equal((await store.counts()).chunks, stays ? 1 : 0);
        const kept = [row?.served, row?.indexed_at, row?.index_event_id, row?.chunks_indexed];
        assert.deepEqual(
          kept,
          stays ? [before?.served, before?.indexed_at, before?.index_event_id, 1] : [null, null, null, null],
        );
      });
    }

    test('chunks speak of the version they were made of, however far a new run is', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'first' }]);
      const first = (await store.document(id))?.canonical_sha256;
      assert.deepEqual((await store.document(id))?.served, {
        run: 1,
        config_version: 1,
        canonical_sha256: first,
        enriched_sha256: null,
        vectors_sha256: null,
        embed_model: null,
        embed_version: null,
        lineage: {},
      });
      await store.restart(id, 'parse', [], minute(4), { config_version: 2, config: {} });
      const parsed = { canonical_sha256: 'second', findings: {} };
      const end = { entries: [], at: minute(5), outcome: 'advance' as const };
      await store.finishStage({ job: job(id, 'parse', 2), patch: parsed, ...end });
      await store.finishStage({ job: job(id, 'policy', 2), patch: { enriched_sha256: 'gates' }, ...end });
      assert.equal((await store.document(id))?.canonical_sha256, 'second');
      const [served] = await store.documentChunks(id, { limit: 1, offset: 0 });
      assert.equal(served?.canonical_sha256, first);
      await store.finishStage({
        job: job(id, 'embed', 2),
        patch: { vectors_sha256: 'vv', embed_model: 'm', embed_version: '1' },
        ...end,
      });
      await store.startStage(job(id, 'index', 2), minute(6));
      const written = entry('INDEX_WRITTEN', 'document', id);
      await store.publish({
        job: job(id, 'index', 2),
        ...chunksOf(id, [{ text: 'second' }]),
        patch: {},
        entries: [written],
        index_event_id: written.event.event_id,
        lineage: { policy_version: 'p' },
        at: minute(6),
      });
      assert.deepEqual((await store.document(id))?.served, {
        run: 2,
        config_version: 2,
        canonical_sha256: 'second',
        enriched_sha256: 'gates',
        vectors_sha256: 'vv',
        embed_model: 'm',
        embed_version: '1',
        lineage: { policy_version: 'p' },
      });
      assert.equal((await store.documentChunks(id, { limit: 1, offset: 0 }))[0]?.canonical_sha256, 'second');
    });

    test('a new run opens the settled batches of its document again, and no others', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'x' }]);
      await store.receive(arrival('again', [{ file_id: 'a', content: 'x' }]));
      await store.receive(
        arrival(
          'half',
          [
            { file_id: 'a', content: 'x' },
            { file_id: 'b', content: 'y' },
          ],
          { only: ['a'], complete: false },
        ),
      );
      await indexed(store, 'z', [{ text: 'z' }]);
      const seen = [(await store.document(id))!];
      const rest = { report: {}, entries: [], at: minute(5) };
      await store.settleBatch({ batch_id: 'batch-x', status: 'completed', seen, ...rest });
      await store.settleBatch({ batch_id: 'again', status: 'held', seen, ...rest });
      await store.settleBatch({
        batch_id: 'batch-z',
        status: 'completed',
        seen: [(await store.document(idOf('z')))!],
        ...rest,
      });
      const statuses = () =>
        Promise.all(['batch-x', 'again', 'half', 'batch-z'].map(async (batch) => (await store.batch(batch))?.status));
      assert.deepEqual(await statuses(), ['completed', 'held', 'receiving', 'completed']);
      await store.restart(id, 'policy', [], minute(6));
      assert.deepEqual(await statuses(), ['processing', 'processing', 'receiving', 'completed']);
      assert.equal((await store.batch('batch-x'))?.updated_at, minute(6));
    });

    test('a report that is out of date settles nothing', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'x' }]);
      const seen = [(await store.document(id))!];
      const settlement = { batch_id: 'batch-x', status: 'completed' as const, report: {}, at: minute(5) };
      const told = () => [entry('BATCH_COMPLETED', 'batch', 'batch-x')];
      await store.restart(id, 'policy', [], minute(4));
      assert.equal(await store.settleBatch({ ...settlement, seen, entries: told() }), false, 'it runs again');
      await endPolicy(store, id, 'quarantined');
      assert.equal(await store.settleBatch({ ...settlement, seen, entries: told() }), false, 'it ended otherwise');
      assert.equal(await store.settleBatch({ ...settlement, seen: [], entries: told() }), false);
      assert.equal((await store.batch('batch-x'))?.status, 'processing');
      const now = [(await store.document(id))!];
      assert.equal(await store.settleBatch({ ...settlement, seen: now, entries: told() }), true);
      assert.equal((await events(store)).filter(({ event_type }) => event_type === 'BATCH_COMPLETED').length, 1);
    });

    test('a retry is noted and leaves the stage queued', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      await store.startStage(job(id, 'parse'), minute(2));
      assert.equal(await store.noteRetry(job(id, 'parse'), ERROR, minute(3)), true);
      const row = await store.document(id);
      assert.equal(row?.stages.parse, 'queued');
      assert.deepEqual(row?.error, { ...ERROR, last_retry_at: minute(3) });
      await store.finishStage({ job: job(id, 'parse'), patch: {}, entries: [], at: minute(4), outcome: 'advance' });
      assert.equal((await store.document(id))?.error, null);
    });

    test('giving up sets state and error, skips what follows and files the dead letter', async (t) => {
      const { store } = await worldOf(t, make);
      const { id, dlq } = await failed(store, 'x');
      const row = await store.document(id);
      assert.deepEqual([row?.state, row?.stages.parse, row?.stages.policy], ['parse_failed', 'failed', 'skipped']);
      assert.equal(row?.error?.code, 'FILE_CORRUPTED');
      assert.deepEqual(await store.deadLetter(dlq), deadLetter(dlq, id));
      assert.deepEqual(await store.unfinished(null, 10), []);
    });

    test('a dead letter that cannot be filed takes the failure back', async (t) => {
      const { store } = await worldOf(t, make);
      const { dlq } = await failed(store, 'x');
      const id = await receiveOne(store, 'y');
      const before = await snapshot(store, id);
      await assert.rejects(
        store.failStage({
          job: job(id, 'parse'),
          error: ERROR,
          state: 'parse_failed',
          status: 'failed',
          patch: {},
          dead_letter: deadLetter(dlq, id),
          entries: [],
          at: minute(2),
        }),
        { code: 'INTERNAL_ERROR' },
      );
      assert.deepEqual(await snapshot(store, id), before);
    });

    test('a new run makes its job, overtakes the old one and may bring a config', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      assert.equal(await store.restart('doc_0000000000000000', 'parse', [], minute(2)), null);
      const run = await store.restart(id, 'parse', [], minute(2), {
        config_version: 4,
        config: { pii_policy: 'redact' },
      });
      assert.equal(run, 2);
      assert.equal(await store.startStage(job(id, 'parse', 1), minute(3)), null);
      assert.ok(await store.startStage(job(id, 'parse', 2), minute(3)));
      assert.equal((await store.document(id))?.config_version, 4);
      assert.deepEqual(await store.config(4), { pii_policy: 'redact' });
      assert.deepEqual((await store.outbox(10)).at(-1), job(id, 'parse', 2));
    });

    test('malware is never run', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b', [{ file_id: 'a', content: 'virus', kind: 'quarantined' }]));
      const id = (await store.receipts('b'))[0]!.doc_id as string;
      await assert.rejects(store.restart(id, 'parse', [], minute(2)), { code: 'INVALID_STATE_TRANSITION' });
      assert.equal((await store.document(id))?.run, 1);
    });

    test('publication makes chunks visible with all a proof needs', async (t) => {
      const { store } = await worldOf(t, make);
      assert.equal((await store.vectorIndex()).embed_model, null);
      const id = await indexed(store, 'x', [{ text: 'alpha beta', title: 'Scope' }, { text: 'gamma' }], {
        metadata: { vendor: 'v' },
      });
      const row = await store.document(id);
      assert.deepEqual([row?.state, row?.stages.index, row?.indexed_at], ['indexed', 'completed', minute(3)]);
      const { chunks, index_records } = chunksOf(id, [{ text: 'alpha beta', title: 'Scope' }, { text: 'gamma' }]);
      const served = await store.documentChunks(id, { limit: 10, offset: 0 });
      assert.deepEqual(served[0], {
        ...chunks[0],
        original_filename: 'a.pdf',
        raw_sha256: row?.raw_sha256,
        canonical_sha256: row?.canonical_sha256,
        received_at: row?.received_at,
        indexed_at: minute(3),
        document_metadata: { vendor: 'v' },
        index: index_records[0],
        index_event_id: row?.index_event_id,
        language: null,
        log_index: null,
      });
      assert.deepEqual(
        (await store.documentChunks(id, { limit: 1, offset: 1 })).map(({ text }) => text),
        ['gamma'],
      );
      const asked = [chunks[1]!.chunk_id, 'chk_0000000000000000', chunks[0]!.chunk_id];
      assert.deepEqual(
        (await store.servedChunks(asked)).map(({ text }) => text),
        ['gamma', 'alpha beta'],
      );
      assert.equal((await store.counts()).chunks, 2);
      assert.equal((await store.vectorIndex()).embed_model, index_records[0]!.embed_model);
    });

    test('a later publication replaces chunks, full text and index records; the old ones serve until then', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'alpha common' }, { text: 'beta common' }]);
      await store.restart(id, 'parse', [], minute(4));
      await toIndex(store, id, 2);
      assert.equal((await store.searchText({ text: 'alpha', limit: 5 })).length, 1);
      await publish(store, id, [{ text: 'gamma common' }], { run: 2, at: minute(5) });
      assert.deepEqual(await store.searchText({ text: 'alpha beta', limit: 5 }), []);
      assert.equal((await store.searchText({ text: 'common', limit: 5 })).length, 1);
      assert.equal((await store.documentChunks(id, { limit: 10, offset: 0 })).length, 1);
      assert.equal((await store.counts()).chunks, 1);
    });

    test('names and texts come back as they went in, whatever is in them', async (t) => {
      const { store } = await worldOf(t, make);
      const odd = 'a\u0000b \u202e <script>\r\n’; DROP TABLE chunks; -- 😀 \ufeff';
      const next = arrival('odd', [
        { file_id: 'a', content: 'x', metadata: { [odd]: odd, ['__proto__']: { polluted: odd } } },
      ]);
      const [decision] = next.files;
      if (decision?.kind !== 'accepted') throw new Error('the builder makes an accepted file');
      decision.receipt.original_filename = odd;
      decision.document.original_filename = odd;
      await store.receive(next);
      await toIndex(store, idOf('x'));
      await publish(store, idOf('x'), [{ text: odd, title: odd }]);
      const [served] = await store.documentChunks(idOf('x'), { limit: 1, offset: 0 });
      assert.deepEqual([served?.text, served?.metadata.section_title, served?.original_filename], [odd, odd, odd]);
      assert.equal(served?.document_metadata[odd], odd);
      assert.equal(({} as { polluted?: string }).polluted, undefined);
      assert.equal((await store.receipts('odd'))[0]?.original_filename, odd);
      await store.restart(idOf('x'), 'parse', [], minute(4));
      await toIndex(store, idOf('x'), 2);
      assert.equal(await publish(store, idOf('x'), [{ text: 'plain' }], { run: 2 }), true);
      assert.deepEqual(await store.searchText({ text: 'script', limit: 5 }), []);
      assert.equal((await store.counts()).chunks, 1);
    });

    test('a publication without chunks is a publication', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', []);
      assert.equal((await store.document(id))?.state, 'indexed');
    });

    const broken: [string, (p: Parameters<RecordStore['publish']>[0]) => void][] = [
      ['whose event is missing', (p) => Object.assign(p, { index_event_id: newId() })],
      ['with a chunk of another document', (p) => Object.assign(p.chunks[0]!, { doc_id: 'doc_0000000000000000' })],
      ['without an index record for a chunk', (p) => p.index_records.pop()],
      ['with a chunk twice', (p) => Object.assign(p.chunks[1]!, { chunk_id: p.chunks[0]!.chunk_id })],
      ['with two chunks in one place', (p) => Object.assign(p.chunks[1]!, { position: 0 })],
    ];
    for (const [what, change] of broken) {
      test(`a publication ${what} changes nothing`, async (t) => {
        const { store } = await worldOf(t, make);
        const id = await indexed(store, 'x', [{ text: 'old words' }]);
        await store.restart(id, 'parse', [], minute(4));
        await toIndex(store, id, 2);
        const written = entry('INDEX_WRITTEN', 'document', id);
        const next = {
          job: job(id, 'index', 2),
          ...chunksOf(id, [{ text: 'new' }, { text: 'newer' }]),
          patch: {},
          entries: [written],
          index_event_id: written.event.event_id,
          at: minute(5),
        };
        change(next);
        const before = await snapshot(store, id);
        await assert.rejects(store.publish(next), { code: 'INTERNAL_ERROR' });
        assert.deepEqual(await snapshot(store, id), before);
        assert.equal((await store.searchText({ text: 'old', limit: 5 })).length, 1);
      });
    }

    test('the index stage does not end by advancing', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await receiveOne(store, 'x');
      await toIndex(store, id);
      await assert.rejects(
        store.finishStage({ job: job(id, 'index'), patch: {}, entries: [], at: minute(4), outcome: 'advance' }),
        { code: 'INTERNAL_ERROR' },
      );
    });

    test('the outbox gives jobs oldest first until they are cleared; unfinished documents give theirs again', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (const content of ['a', 'b', 'c']) ids.push(await receiveOne(store, content));
      assert.deepEqual(
        (await store.outbox(2)).map(({ doc_id }) => doc_id),
        ids.slice(0, 2),
      );
      await store.clearOutbox([job(ids[0]!, 'parse').job_id, 'never-there']);
      await store.clearOutbox([]);
      assert.deepEqual(
        (await store.outbox(10)).map(({ doc_id }) => doc_id),
        ids.slice(1),
      );
      await toIndex(store, ids[1]!);
      const sorted = [...ids].sort();
      const first = await store.unfinished(null, 2);
      const rest = await store.unfinished(first.at(-1)!.doc_id, 2);
      assert.deepEqual(
        [...first, ...rest].map(({ doc_id }) => doc_id),
        sorted,
      );
      assert.ok([...first, ...rest].some((found) => found.job_id === job(ids[1]!, 'index').job_id));
    });
  });
}

/** Brings the second run of a document to the end of its policy stage. */
async function endPolicy(store: RecordStore, id: string, outcome: 'held' | 'quarantined'): Promise<void> {
  const end = { patch: {}, entries: [], at: minute(5) };
  await store.finishStage({ job: job(id, 'parse', 2), ...end, outcome: 'advance' });
  assert.equal(await store.finishStage({ job: job(id, 'policy', 2), ...end, outcome }), true);
}

/** Gives up the second run of a document at a stage. */
async function giveUp(store: RecordStore, id: string, stage: WorkStage, state: DocumentState): Promise<void> {
  for (const earlier of WORK_STAGES.slice(0, WORK_STAGES.indexOf(stage))) {
    const patch = earlier === 'parse' ? { canonical_sha256: 'another version' } : {};
    await store.finishStage({ job: job(id, earlier, 2), patch, entries: [], at: minute(5), outcome: 'advance' });
  }
  const failure = { error: { ...ERROR, stage }, state, status: 'failed' as const, patch: {}, dead_letter: null };
  assert.equal(await store.failStage({ job: job(id, stage, 2), ...failure, entries: [], at: minute(5) }), true);
}

async function snapshot(store: RecordStore, id: string) {
  return {
    document: await store.document(id),
    chunks: await store.documentChunks(id, { limit: 100, offset: 0 }),
    outbox: await store.outbox(1000),
    events: await events(store),
    letters: await store.deadLetters({ limit: 100 }),
    counts: await store.counts(),
  };
}

async function assertStale(store: RecordStore, id: string, stage: WorkStage, run: number): Promise<void> {
  const now = job(id, stage, run);
  const entries = [entry('NEVER', 'document', id)];
  assert.equal(await store.startStage(now, minute(5)), null);
  for (const outcome of ['advance', 'held', 'quarantined'] as const) {
    assert.equal(
      await store.finishStage({ job: now, patch: { page_count: 9 }, entries, at: minute(5), outcome }),
      false,
    );
  }
  assert.equal(await store.noteRetry(now, ERROR, minute(5)), false);
  const failure = { error: ERROR, state: 'parse_failed' as const, status: 'failed' as const, patch: {} };
  assert.equal(
    await store.failStage({ job: now, ...failure, dead_letter: deadLetter(newId(), id), entries, at: minute(5) }),
    false,
  );
  const written = { ...chunksOf(id, [{ text: 'never' }]), index_event_id: entries[0]!.event.event_id };
  assert.equal(await store.publish({ job: now, ...written, patch: {}, entries, at: minute(5) }), false);
}
