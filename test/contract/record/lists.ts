import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditEntry } from '../../../appliance/kernel/audit-event.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { BatchState } from '../../../appliance/stores/record/rows.ts';
import {
  arrival,
  deadLetter,
  entry,
  events,
  failed,
  failedAt,
  idOf,
  indexed,
  job,
  minute,
  publish,
  receiveOne,
  toIndex,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

/** Lists with pages and cursors, batches, dead letters, totals. */
export function listContract(name: string, make: MakeRecords): void {
  describe(`${name}: lists`, () => {
    test('where batches stand is told for those that are known, and moves with every change', async (t) => {
      const { store } = await worldOf(t, make);
      await receiveOne(store, 'one');
      await receiveOne(store, 'two');
      const ids = ['batch-two', 'nobody', 'batch-one', 'batch-one'];
      const first = await store.batchStates(ids);
      assert.deepEqual(
        first.map(({ batch_id, status }) => [batch_id, status]),
        [
          ['batch-one', 'processing'],
          ['batch-two', 'processing'],
        ],
      );
      const { manifest_sha256, status, updated_at } = (await store.batch('batch-one'))!;
      assert.deepEqual(first[0], { batch_id: 'batch-one', manifest_sha256, status, updated_at });
      const seen = [{ doc_id: idOf('one'), run: 1, state: 'processing' as const }];
      const held = { status: 'held' as const, report: { report_id: newId() }, seen, entries: [], at: minute(5) };
      await store.settleBatch({ batch_id: 'batch-one', ...held });
      const [then] = await store.batchStates(['batch-one']);
      assert.deepEqual([then!.status, then!.updated_at], ['held', minute(5)]);
      assert.deepEqual(await store.batchStates([]), []);
    });

    test('documents come newest first, by cursor or by offset, with their total', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (let n = 0; n < 7; n += 1) ids.push(await receiveOne(store, `d${n}`, minute(n)));
      const newest = [...ids].reverse();
      const first = await store.documents({ limit: 3 });
      const second = await store.documents({ limit: 3, after: first.rows.at(-1)!.doc_id });
      const third = await store.documents({ limit: 3, after: second.rows.at(-1)!.doc_id });
      assert.deepEqual(
        [...first.rows, ...second.rows, ...third.rows].map(({ doc_id }) => doc_id),
        newest,
      );
      assert.deepEqual([first.total, second.total, third.total], [7, 7, 7]);
      assert.deepEqual(
        (await store.documents({ limit: 2, offset: 4 })).rows.map(({ doc_id }) => doc_id),
        newest.slice(4, 6),
      );
      assert.deepEqual((await store.documents({ limit: 3, offset: 50 })).rows, []);
    });

    test('a page behind a cursor is not moved by documents that arrive meanwhile', async (t) => {
      const { store } = await worldOf(t, make);
      for (let n = 0; n < 4; n += 1) await receiveOne(store, `d${n}`, minute(n));
      const first = await store.documents({ limit: 2 });
      await receiveOne(store, 'late', minute(9));
      const second = await store.documents({ limit: 2, after: first.rows.at(-1)!.doc_id });
      assert.deepEqual(
        second.rows.map(({ doc_id }) => doc_id),
        [idOf('d1'), idOf('d0')],
      );
    });

    test('documents of one moment are each listed once', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = Array.from({ length: 9 }, (_, n) => ({ file_id: `f${n}`, content: `c${n}` }));
      await store.receive(arrival('b', specs));
      const seen: string[] = [];
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const { rows } = await store.documents({ limit: 2, batch_id: 'b', ...(after ? { after } : {}) });
        if (rows.length === 0) break;
        seen.push(...rows.map(({ doc_id }) => doc_id));
      }
      assert.deepEqual([...seen].sort(), specs.map(({ content }) => idOf(content)).sort());
      assert.deepEqual(seen, [...seen].sort().reverse());
    });

    test('documents are filtered by state, by batch and by both', async (t) => {
      const { store } = await worldOf(t, make);
      const done = await indexed(store, 'done', [{ text: 'x' }]);
      const { id: bad } = await failed(store, 'bad');
      await store.receive(
        arrival('both', [
          { file_id: 'a', content: 'done' },
          { file_id: 'b', content: 'fresh' },
        ]),
      );
      const list = async (page: Omit<Parameters<typeof store.documents>[0], 'limit'>) => {
        const { rows, total } = await store.documents({ limit: 10, ...page });
        assert.equal(total, rows.length);
        return rows.map(({ doc_id }) => doc_id).sort();
      };
      assert.deepEqual(await list({ state: 'indexed' }), [done]);
      assert.deepEqual(await list({ state: 'parse_failed' }), [bad]);
      assert.deepEqual(await list({ state: 'held' }), []);
      assert.deepEqual(await list({ batch_id: 'both' }), [done, idOf('fresh')].sort());
      assert.deepEqual(await list({ batch_id: 'both', state: 'indexed' }), [done]);
      assert.deepEqual(await list({ batch_id: 'nope' }), []);
    });

    test('a document’s state is followed in every batch that holds it', async (t) => {
      const { store } = await worldOf(t, make);
      const held = async (batch_id: string) => {
        const counts: Record<string, number> = {};
        for (const state of ['processing', 'indexed', 'parse_failed', 'quarantined'] as const) {
          const { rows, total } = await store.documents({ limit: 10, batch_id, state });
          assert.equal(rows.length, total);
          if (total > 0) counts[state] = total;
        }
        return counts;
      };
      const { id } = await failed(store, 'bad');
      assert.deepEqual(await held('batch-bad'), { parse_failed: 1 });
      await store.receive(arrival('later', [{ file_id: 'a', content: 'bad' }]));
      for (const batch of ['batch-bad', 'later']) {
        assert.deepEqual(await held(batch), { processing: 1 }, batch);
        assert.equal(await store.isUnderWay(batch), true, batch);
      }
      await toIndex(store, id, 2);
      await publish(store, id, [{ text: 'mended' }], { run: 2 });
      for (const batch of ['batch-bad', 'later']) {
        assert.deepEqual(await held(batch), { indexed: 1 }, batch);
        assert.equal(await store.isUnderWay(batch), false, batch);
      }
      await store.receive(
        arrival('late', [{ file_id: 'a', content: 'bad', kind: 'quarantined', reason: 'MALWARE_DETECTED' }]),
      );
      for (const batch of ['batch-bad', 'later', 'late'])
        assert.deepEqual(await held(batch), { quarantined: 1 }, batch);
    });

    test('a cursor that names no row is refused', async (t) => {
      const { store } = await worldOf(t, make);
      const refused = { code: 'VALIDATION_ERROR' };
      await assert.rejects(store.documents({ limit: 2, after: 'doc_0000000000000000' }), refused);
      await assert.rejects(store.batches({ limit: 2, after: 'nope' }), refused);
      await assert.rejects(store.erasures({ limit: 2, after: newId() }), refused);
    });

    test('a batch is under way while one of its documents is', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(
        arrival(
          'b',
          ['x', 'y'].map((content) => ({ file_id: content, content })),
        ),
      );
      assert.equal(await store.isUnderWay('b'), true);
      for (const content of ['x', 'y']) {
        assert.equal(await store.isUnderWay('b'), true, content);
        await toIndex(store, idOf(content));
        await publish(store, idOf(content), [{ text: content }]);
      }
      assert.equal(await store.isUnderWay('b'), false);
      assert.equal(await store.isUnderWay('nope'), false);
    });

    test('batches are listed newest first, by status, and settled once with a report', async (t) => {
      const { store } = await worldOf(t, make);
      for (let n = 0; n < 4; n += 1) {
        await store.receive(arrival(`b${n}`, [{ file_id: 'a', content: `c${n}` }], { at: minute(n), complete: n < 3 }));
      }
      assert.deepEqual(
        (await store.batches({ limit: 2 })).rows.map(({ batch_id }) => batch_id),
        ['b3', 'b2'],
      );
      const page = await store.batches({ limit: 2, after: 'b2' });
      assert.equal('files' in page.rows[0]!, false, 'a list of large batches is no large list');
      assert.deepEqual([page.rows.map(({ batch_id }) => batch_id), page.total], [['b1', 'b0'], 4]);
      assert.deepEqual(await store.openBatches(null, 10), ['b0', 'b1', 'b2']);
      assert.deepEqual(await store.openBatches('b0', 1), ['b1']);
      assert.equal(await store.report('b0'), null);

      const settled = entry('BATCH_COMPLETED', 'batch', 'b0');
      const seen = [{ doc_id: idOf('c0'), run: 1, state: 'processing' as const }];
      const settle = (status: BatchState, report: Record<string, unknown>, entries: AuditEntry[], at: string) =>
        store.settleBatch({ batch_id: 'b0', status, report, seen, entries, at });
      assert.equal(await settle('held', { final: false }, [], minute(5)), true);
      assert.deepEqual(await store.openBatches(null, 10), ['b0', 'b1', 'b2'], 'held is open');
      assert.equal(await settle('completed', { final: true }, [settled], minute(6)), true);
      assert.equal(await settle('completed', { other: 1 }, [entry('NEVER', 'batch', 'b0')], minute(7)), false);
      assert.deepEqual(await store.report('b0'), { final: true });
      const row = await store.batch('b0');
      assert.deepEqual([row?.status, row?.updated_at], ['completed', minute(6)]);
      assert.equal((await events(store)).filter(({ resource_id }) => resource_id === 'b0').length, 2);
      assert.deepEqual(await store.openBatches(null, 10), ['b1', 'b2']);
      assert.equal((await store.batches({ limit: 9, status: 'completed' })).total, 1);
      assert.equal((await store.batches({ limit: 9, status: 'receiving' })).rows[0]?.batch_id, 'b3');
    });

    test('a batch that still receives, or that is unknown, is not settled', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b', [{ file_id: 'a', content: 'x' }], { complete: false }));
      const rest = { status: 'completed' as const, report: {}, entries: [], at: minute(2) };
      const seen = [{ doc_id: idOf('x'), run: 1, state: 'processing' as const }];
      assert.equal(await store.settleBatch({ batch_id: 'b', seen, ...rest }), false);
      assert.equal(await store.settleBatch({ batch_id: 'nope', seen: [], ...rest }), false);
    });

    test('a batch’s files come in the manifest’s order, also those without a receipt', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = [
        { file_id: 'c', content: '1' },
        { file_id: 'a', content: '2', kind: 'rejected' as const },
        { file_id: 'b', content: '3' },
      ];
      await store.receive(arrival('x', specs, { only: ['a', 'b'], complete: false }));
      const files = await store.batchFiles('x');
      assert.deepEqual(
        files.map(({ file }) => file.file_id),
        ['c', 'a', 'b'],
      );
      assert.deepEqual(
        files.map(({ receipt }) => receipt?.status ?? null),
        [null, 'rejected', 'accepted'],
      );
      assert.deepEqual(
        files.map(({ document }) => document?.doc_id ?? null),
        [null, null, idOf('3')],
      );
      assert.deepEqual(await store.batchFiles('nope'), []);
      assert.deepEqual(await store.batchesOf('doc_0000000000000000'), []);
    });

    test('dead letters are listed, resolved once, and may run their document again', async (t) => {
      const { store } = await worldOf(t, make);
      const letters: { id: string; dlq: string }[] = [];
      for (const content of ['a', 'b', 'c']) letters.push(await failed(store, content));
      const [a, b, c] = letters;
      assert.deepEqual(
        (await store.deadLetters({ limit: 2 })).rows.map(({ dlq_entry_id }) => dlq_entry_id),
        [c!.dlq, b!.dlq],
      );
      assert.deepEqual(
        (await store.deadLetters({ limit: 2, after: b!.dlq })).rows.map(({ dlq_entry_id }) => dlq_entry_id),
        [a!.dlq],
      );
      const decision = { dlq_entry_id: a!.dlq, status: 'resolved' as const, at: minute(8) };
      const told = [entry('DLQ_RESOLVED', 'document', a!.id)];
      assert.equal(
        await store.resolveDeadLetter({ ...decision, resolution: 'reprocessed', restart: 'parse', entries: told }),
        true,
      );
      const again = {
        ...decision,
        resolution: 'skipped' as const,
        restart: null,
        entries: [entry('NEVER', 'document', a!.id)],
      };
      assert.equal(await store.resolveDeadLetter(again), false);
      const resolved = await store.deadLetter(a!.dlq);
      assert.deepEqual(
        [resolved?.status, resolved?.resolution, resolved?.resolved_at],
        ['resolved', 'reprocessed', minute(8)],
      );
      assert.equal((await store.document(a!.id))?.run, 2);
      assert.deepEqual((await store.outbox(10)).at(-1), job(a!.id, 'parse', 2));
      assert.equal((await events(store)).at(-1)?.event_id, told[0]!.event.event_id);

      await store.resolveDeadLetter({ ...again, dlq_entry_id: b!.dlq, status: 'abandoned', resolution: null });
      assert.equal((await store.document(b!.id))?.state, 'parse_failed');
      assert.deepEqual((await store.deadLetters({ limit: 5, status: 'pending_review' })).rows, [
        deadLetter(c!.dlq, c!.id),
      ]);
      assert.equal((await store.counts()).dead_letters, 1);
      assert.equal(await store.deadLetter(newId()), null);
      assert.equal(await store.resolveDeadLetter({ ...again, dlq_entry_id: newId() }), false);
    });

    test('a pending dead letter of DIMENSION_MISMATCH, and no other, halts embedding until it is decided', async (t) => {
      const { store } = await worldOf(t, make);
      await failed(store, 'damaged');
      assert.equal(await store.isEmbeddingHalted(), false);
      const mismatched = [
        await failed(store, 'a', 'DIMENSION_MISMATCH'),
        await failed(store, 'b', 'DIMENSION_MISMATCH'),
      ];
      for (const [n, { dlq }] of mismatched.entries()) {
        assert.equal(await store.isEmbeddingHalted(), true);
        const status = n === 0 ? ('abandoned' as const) : ('resolved' as const);
        const decision = { dlq_entry_id: dlq, status, resolution: null, restart: null, entries: [], at: minute(8) };
        await store.resolveDeadLetter(decision);
      }
      assert.equal(await store.isEmbeddingHalted(), false);
    });

    test('dead letters are listed and counted by stage, by status, and by both', async (t) => {
      const { store } = await worldOf(t, make);
      const parse = [await failedAt(store, 'a', 'parse'), await failedAt(store, 'b', 'parse')];
      const embed = [await failedAt(store, 'c', 'embed'), await failedAt(store, 'd', 'embed')];
      const skip = { status: 'abandoned' as const, resolution: 'skipped' as const, restart: null, entries: [] };
      await store.resolveDeadLetter({ ...skip, dlq_entry_id: embed[0]!.dlq, at: minute(8) });
      const list = async (which: Parameters<typeof store.deadLetters>[0]) => {
        const { rows, total } = await store.deadLetters(which);
        return [total, ...rows.map(({ dlq_entry_id }) => dlq_entry_id)];
      };
      assert.deepEqual(await list({ limit: 9, stage: 'embed' }), [2, embed[1]!.dlq, embed[0]!.dlq]);
      assert.deepEqual(await list({ limit: 9, stage: 'embed', status: 'pending_review' }), [1, embed[1]!.dlq]);
      assert.deepEqual(await list({ limit: 9, stage: 'embed', status: 'resolved' }), [0]);
      assert.deepEqual(await list({ limit: 1, stage: 'parse' }), [2, parse[1]!.dlq]);
      assert.deepEqual(await list({ limit: 1, stage: 'parse', after: parse[1]!.dlq }), [2, parse[0]!.dlq]);
      // The cursor may have been decided, or be of another stage: it is a place in the list all the same.
      assert.deepEqual(await list({ limit: 9, stage: 'parse', after: embed[0]!.dlq }), [
        2,
        parse[1]!.dlq,
        parse[0]!.dlq,
      ]);
    });

    test('a new run resolves the document’s pending dead letters and tells of each under the one who asked', async (t) => {
      const { store } = await worldOf(t, make);
      const { id, dlq } = await failed(store, 'x');
      const cause = entry('DOCUMENT_PARSED', 'document', id);
      await store.restart(id, 'parse', [{ ...cause, event: { ...cause.event, actor: 'dana' } }], minute(6));
      assert.equal((await store.deadLetter(dlq))?.resolution, 'reprocessed');
      const told = (await events(store)).filter(({ event_type }) => event_type === 'DLQ_RESOLVED');
      assert.deepEqual(
        told.map(({ actor, timestamp, resource_id, details }) => [actor, timestamp, resource_id, details.dlq_entry_id]),
        [['dana', minute(6), id, dlq]],
      );
      assert.deepEqual([told[0]!.details.stage, told[0]!.details.resolution], ['parse', 'reprocessed']);
      await store.restart(id, 'parse', [], minute(7));
      const again = (await events(store)).filter(({ event_type }) => event_type === 'DLQ_RESOLVED');
      assert.equal(again.length, 1, 'what is resolved is told once');
    });

    test('counts and usage follow what is there', async (t) => {
      const { store } = await worldOf(t, make);
      const nothing = { batches: 0, documents: 0, chunks: 0, raw_bytes: 0, dead_letters: 0 };
      assert.deepEqual(await store.counts(), nothing);
      await indexed(store, 'four', [{ text: 'x' }, { text: 'y' }]);
      const id = await receiveOne(store, 'sixsix');
      await toIndex(store, id);
      assert.deepEqual(await store.counts(), { batches: 2, documents: 2, chunks: 2, raw_bytes: 10, dead_letters: 0 });
      const usage = await store.usage();
      assert.equal(usage.objects, 4);
      assert.ok(usage.bytes > 0);
      await store.check();
    });
  });
}
