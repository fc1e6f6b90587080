import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordStore, TextQuery } from '../../../appliance/stores/record/port.ts';
import { chunksOf, flag, indexed, minute, number, text } from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const CHUNKS = [
  { text: 'The termination clause allows either party to leave.', title: 'Termination' },
  { text: 'Payment is due within thirty days of the invoice.', title: 'Payment', classification: 'invoice' },
  { text: 'Café prices and naïve résumés, über alles.', title: 'Größen' },
  { text: 'NEAR the river AND the bridge; NOT a text:column.', title: '' },
];

/** Full text: ranking, filters, and queries that try to be operators. */
export function searchContract(name: string, make: MakeRecords): void {
  describe(`${name}: full text`, () => {
    const world = async (t: Parameters<typeof worldOf>[0]) => {
      const { store } = await worldOf(t, make);
      const metadata = { vendor: 'north', year: 2025, urgent: true, 'a"b': 'quoted', text1: '1' };
      const id = await indexed(store, 'x', CHUNKS, { metadata, at: minute(10) });
      return { store, id, chunk: chunksOf(id, CHUNKS).chunks.map(({ chunk_id }) => chunk_id) };
    };
    const found = async (store: RecordStore, words: string, rest: Partial<TextQuery> = {}) =>
      (await store.searchText({ text: words, limit: 10, ...rest })).map(({ chunk_id }) => chunk_id);

    test('words are found by stem, without case and accents, in text and section title', async (t) => {
      const { store, chunk } = await world(t);
      assert.deepEqual(await found(store, 'TERMINATING'), [chunk[0]]);
      assert.deepEqual(await found(store, 'cafe'), [chunk[2]]);
      assert.deepEqual(await found(store, 'Résumé'), [chunk[2]]);
      assert.deepEqual(await found(store, 'grossen größen'), [chunk[2]]);
      assert.deepEqual(await found(store, 'unknownword'), []);
    });

    test('one of the words is enough, more of them rank higher, larger scores are better', async (t) => {
      const { store, chunk } = await world(t);
      const hits = await store.searchText({ text: 'payment due clause', limit: 10 });
      assert.deepEqual(
        hits.map(({ chunk_id }) => chunk_id),
        [chunk[1], chunk[0]],
      );
      assert.ok(hits[0]!.score > hits[1]!.score);
      assert.equal((await store.searchText({ text: 'payment due clause', limit: 1 })).length, 1);
      assert.deepEqual(await store.searchText({ text: 'payment', limit: 0 }), []);
    });

    test('equal scores are in the order of the chunk ids', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = Array.from({ length: 12 }, () => ({ text: 'identical words here' }));
      await indexed(store, 'x', specs);
      await indexed(store, 'y', specs);
      const ids = await found(store, 'identical', { limit: 20 });
      assert.equal(ids.length, 20);
      const whole = await found(store, 'identical', { limit: 100 });
      assert.deepEqual(whole, [...whole].sort());
      assert.deepEqual(ids, whole.slice(0, 20));
    });

    test('metadata nested beyond all reason spoil no search', async (t) => {
      const { store, chunk } = await world(t);
      let deep: unknown = 'x';
      for (let n = 0; n < 3000; n += 1) deep = [deep];
      await indexed(store, 'deep', [{ text: 'payment in the deep' }], { metadata: { vendor: 'north', deep } });
      assert.deepEqual(await found(store, 'payment', { metadata: [text('vendor', 'north')] }), [chunk[1]]);
      assert.equal((await found(store, 'payment')).length, 2);
    });

    test('more equal scores than any window holds still come in the order of the chunk ids', async (t) => {
      const { store } = await worldOf(t, make);
      const specs = Array.from({ length: 150 }, () => ({ text: 'identical words here' }));
      await indexed(store, 'x', [{ text: 'identical identical identical' }, ...specs]);
      const ids = await found(store, 'identical', { limit: 10 });
      const whole = await found(store, 'identical', { limit: 1000 });
      assert.equal(whole.length, 151);
      assert.deepEqual(ids, whole.slice(0, 10));
      assert.deepEqual(whole.slice(1), whole.slice(1).sort());
    });

    test('common words are left out while others remain, and searched when they are all there is', async (t) => {
      const { store, chunk } = await world(t);
      assert.deepEqual(await found(store, 'the invoice'), [chunk[1]]);
      assert.ok((await found(store, 'the')).length >= 3);
    });

    const attempts: [string, number[]][] = [
      ['"', []],
      ['""" OR "', []],
      ['paym*', []],
      ['*', []],
      ['NEAR(termination clause, 5)', [0, 3]],
      ['termination NOT clause', [0]],
      ['-termination', [0]],
      ['^termination', [0]],
      ['text : payment', [1, 3]],
      ['section_title:payment', [1]],
      ['{text section_title} : payment', [1, 3]],
      ['payment AND zebra', [1]],
      ['(payment', [1]],
      ['payment" OR "1"="1', [1]],
      ["payment'; DROP TABLE chunks; --", [1]],
      ['payment\u0000termination', [0, 1]],
      ['chunks_fts MATCH rank', []],
      ['\u0301', []],
      ['   ', []],
      ['😀 payment', [1]],
    ];
    for (const [words, expected] of attempts) {
      test(`${JSON.stringify(words)} is only words`, async (t) => {
        const { store, chunk } = await world(t);
        assert.deepEqual((await found(store, words)).sort(), expected.map((at) => chunk[at]).sort());
      });
    }

    test('a query of ten thousand words is answered', async (t) => {
      const { store, chunk } = await world(t);
      const text = `payment ${Array.from({ length: 10_000 }, (_, n) => `w${n}`).join(' ')}`;
      assert.deepEqual(await found(store, text), [chunk[1]]);
    });

    test('filters narrow by classification, document, time and metadata', async (t) => {
      const { store, id, chunk } = await world(t);
      const other = await indexed(store, 'y', [{ text: 'payment elsewhere' }], {
        received: minute(20),
        at: minute(25),
        metadata: { vendor: 'south' },
      });
      const [there] = chunksOf(other, [{ text: 'payment elsewhere' }]).chunks.map(({ chunk_id }) => chunk_id);
      const both = [chunk[1], there].sort();
      const expectations: [Partial<TextQuery>, (string | undefined)[]][] = [
        [{}, both],
        [{ classification: ['invoice'] }, [chunk[1]]],
        [{ classification: [] }, []],
        [{ classification: ['invoice', 'contract'] }, both],
        [{ doc_ids: [other] }, [there]],
        [{ doc_ids: [id, other] }, both],
        [{ doc_ids: [] }, []],
        [{ date_range: { start: minute(20) } }, [there]],
        [{ date_range: { end: minute(10) } }, [chunk[1]]],
        [{ date_range: { start: minute(1), end: minute(20) } }, both],
        [{ date_range: { start: '2026-01-01', end: '2026-01-01' } }, both],
        [{ date_range: { start: '2026-01-02' } }, []],
        [{ metadata: [] }, both],
        [{ metadata: [text('vendor', 'north')] }, [chunk[1]]],
        [{ metadata: [text('vendor', 'north', 'south')] }, both],
        [{ metadata: [text('vendor', 'north'), number('year', 2025), flag('urgent', true)] }, [chunk[1]]],
        [{ metadata: [text('vendor', 'north'), number('year', 2024)] }, []],
        [{ metadata: [number('urgent', 1)] }, []],
        [{ metadata: [flag('urgent', false)] }, []],
        [{ metadata: [text('year', '2025')] }, []],
        [{ metadata: [text('text1', '1')] }, [chunk[1]]],
        [{ metadata: [number('text1', 1)] }, []],
        [{ metadata: [text('a"b', 'quoted')] }, [chunk[1]]],
        [{ metadata: [text("x') OR 1=1 --", 'a')] }, []],
        [{ metadata: [text('vendor')] }, []],
        [{ doc_ids: [other], metadata: [text('vendor', 'north')] }, []],
      ];
      for (const [filter, expected] of expectations) {
        assert.deepEqual((await found(store, 'payment', filter)).sort(), expected, JSON.stringify(filter));
      }
      await assert.rejects(found(store, 'payment', { date_range: { start: 'yesterday' } }), {
        code: 'VALIDATION_ERROR',
      });
    });
  });
}
