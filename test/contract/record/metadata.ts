import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { meets } from '../../../appliance/data/6-serve/meets-metadata.ts';
import type { MetadataCondition, RecordStore } from '../../../appliance/stores/record/port.ts';
import {
  arrival,
  chunksOf,
  flag,
  idOf,
  indexed,
  itemOf,
  minute,
  moment,
  number,
  receiveOne,
  text,
  within,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const at = (date: string) => Date.parse(date);

/** Filters on metadata: kinds, ranges, items of arrays, dates; what a resend joins; the same answer by both verbs. */
export function metadataContract(name: string, make: MakeRecords): void {
  describe(`${name}: metadata`, () => {
    /** Documents by name; answers which of them meet the conditions. */
    const worldWith = async (t: Parameters<typeof worldOf>[0], documents: Record<string, Record<string, unknown>>) => {
      const { store, another } = await worldOf(t, make);
      for (const [content, metadata] of Object.entries(documents))
        await receiveOne(store, content, minute(1), metadata);
      const names = new Map(Object.keys(documents).map((content) => [idOf(content), content]));
      const meeting = async (...conditions: MetadataCondition[]) =>
        (await store.documentsWith(conditions, 1000))?.map((id) => names.get(id)).sort();
      return { store, another, meeting };
    };

    test('each kind matches itself alone', async (t) => {
      const { meeting } = await worldWith(t, {
        text: { v: '1' },
        number: { v: 1 },
        real: { v: 1.5 },
        yes: { v: true },
        no: { v: false },
        list: { v: [1, '1', true] },
        object: { v: { v: 1 } },
        null: { v: null },
        none: {},
      });
      assert.deepEqual(await meeting(text('v', '1')), ['text']);
      assert.deepEqual(await meeting(number('v', 1)), ['number']);
      assert.deepEqual(await meeting(flag('v', true)), ['yes']);
      assert.deepEqual(await meeting(flag('v', false)), ['no']);
      assert.deepEqual(await meeting(text('v', 'true', '1', 'null')), ['text']);
      assert.deepEqual(await meeting(itemOf(text('v', '1'))), ['list']);
      assert.deepEqual(await meeting(itemOf(number('v', 1))), ['list']);
      assert.deepEqual(await meeting(itemOf(flag('v', true))), ['list']);
      assert.deepEqual(await meeting(text('V', '1')), [], 'names are told apart by case');
      assert.deepEqual(await meeting(text('v')), [], 'one of nothing is nothing');
      assert.equal((await meeting())?.length, 9, 'no condition restricts nothing');
    });

    test('ranges include their bounds or not, as they say, and may be several', async (t) => {
      const { meeting } = await worldWith(t, {
        a: { v: -1.5 },
        b: { v: 0 },
        c: { v: 2 },
        d: { v: 1e300 },
        e: { v: '1' },
      });
      assert.deepEqual(await meeting(within('v', { gte: 0 })), ['b', 'c', 'd']);
      assert.deepEqual(await meeting(within('v', { gt: 0 })), ['c', 'd']);
      assert.deepEqual(await meeting(within('v', { lte: 2 })), ['a', 'b', 'c']);
      assert.deepEqual(await meeting(within('v', { lt: 2 })), ['a', 'b']);
      assert.deepEqual(await meeting(within('v', { gt: -1.5, lt: 2 })), ['b']);
      assert.deepEqual(await meeting(within('v', { lt: 0 }, { gt: 2 })), ['a', 'd']);
      assert.deepEqual(await meeting(within('v', {})), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await meeting(within('v', { gte: 3, lte: 1 })), []);
    });

    test('all conditions must be met, each by some value', async (t) => {
      const { meeting } = await worldWith(t, {
        a: { v: 1, tags: ['x', 'y'] },
        b: { v: 1, tags: ['x'] },
        c: { v: 2, tags: ['y'] },
      });
      assert.deepEqual(await meeting(number('v', 1), itemOf(text('tags', 'x'))), ['a', 'b']);
      assert.deepEqual(await meeting(itemOf(text('tags', 'x')), itemOf(text('tags', 'y'))), ['a']);
      assert.deepEqual(await meeting(itemOf(text('tags', 'x', 'y'))), ['a', 'b', 'c']);
      assert.deepEqual(await meeting(within('v', { gte: 1 }), within('v', { lte: 1 })), ['a', 'b']);
    });

    test('dates are found by the moment they stand for, however they are written', async (t) => {
      const { meeting } = await worldWith(t, {
        day: { v: '2026-01-31' },
        zulu: { v: '2026-01-31T10:00:00Z' },
        offset: { v: '2026-01-31T12:00:00.000+02:00' },
        minutes: { v: '2026-01-31T10:00Z' },
        evening: { v: '2026-01-31T23:30:00-02:00' },
        invalid: { v: '2026-02-30' },
        midnight: { v: '2026-01-31T24:00:00Z' },
        words: { v: '2026-01-31 and more' },
        local: { v: '2026-01-31T10:00:00' },
        list: { v: ['2026-01-31'] },
      });
      const ten = at('2026-01-31T10:00:00Z');
      assert.deepEqual(await meeting(moment('v', { gte: ten, lte: ten })), ['minutes', 'offset', 'zulu']);
      const day = { gte: at('2026-01-31'), lt: at('2026-02-01') };
      assert.deepEqual(await meeting(moment('v', day)), ['day', 'minutes', 'offset', 'zulu']);
      assert.deepEqual(await meeting(moment('v', { gte: at('2026-02-01') })), ['evening']);
      assert.deepEqual(await meeting(itemOf(moment('v', day))), ['list']);
      assert.deepEqual(await meeting(text('v', '2026-02-30')), ['invalid'], 'what is no date is still a text');
    });

    test('odd names and texts are only names and texts', async (t) => {
      const odd = ["x') OR 1=1 --", 'a"b', "'", '$.a', '', 'k\u0000', '\u{1f9ca}', 'a.b', '%', '*'];
      const { meeting } = await worldWith(t, {
        odd: Object.fromEntries(odd.map((one) => [one, one])),
        nul: { v: 'x\u0000y' },
        long: { v: 'ü'.repeat(1000) },
      });
      for (const one of odd) {
        assert.deepEqual(await meeting(text(one, one)), ['odd'], JSON.stringify(one));
        assert.deepEqual(await meeting(text(one, `${one}x`)), [], JSON.stringify(one));
      }
      assert.deepEqual(await meeting(text('v', 'x')), []);
      assert.deepEqual(await meeting(text('v', 'x\u0000z')), []);
      assert.deepEqual(await meeting(text('v', 'x\u0000y')), ['nul']);
      assert.deepEqual(await meeting(text('v', 'ü'.repeat(1000))), ['long']);
    });

    test('a resend with other metadata is found by the joined ones, and by the old ones no more', async (t) => {
      const { store, another, meeting } = await worldWith(t, { a: { vendor: 'north', year: 1 } });
      await store.receive(arrival('later', [{ file_id: 'q', content: 'a', metadata: { year: 2, lot: 'z' } }]));
      assert.deepEqual(await meeting(text('vendor', 'north'), number('year', 2), text('lot', 'z')), ['a']);
      assert.deepEqual(await meeting(number('year', 1)), []);
      assert.deepEqual(await another().documentsWith([number('year', 2)], 10), [idOf('a')]);
    });

    test('more documents than asked for are not named', async (t) => {
      const { store } = await worldWith(t, { a: { v: 1 }, b: { v: 1 }, c: { v: 2 } });
      assert.equal((await store.documentsWith([number('v', 1)], 2))?.length, 2);
      assert.equal(await store.documentsWith([number('v', 1)], 1), null);
      assert.equal(await store.documentsWith([], 2), null);
      assert.deepEqual(await store.documentsWith([number('v', 3)], 0), []);
    });

    test('metadata nested beyond all reason meet nothing and spoil nothing', async (t) => {
      let deep: unknown = 'x';
      for (let n = 0; n < 3000; n += 1) deep = [deep];
      const { meeting } = await worldWith(t, { deep: { vendor: 'north', deep }, other: { vendor: 'north' } });
      assert.deepEqual(await meeting(text('vendor', 'north')), ['other']);
    });

    test('whatever the metadata and the conditions, both verbs answer what the rule says', async (t) => {
      const { store } = await worldOf(t, make);
      const documents = new Map<string, Record<string, unknown>>();
      const samples = fc.sample(METADATA, { numRuns: 60, seed: 7 });
      for (const [n, metadata] of samples.entries()) {
        const id = await indexed(store, `d${n}`, [{ text: 'payment' }], { metadata });
        documents.set(id, JSON.parse(JSON.stringify(metadata)));
      }
      await fc.assert(
        fc.asyncProperty(fc.array(CONDITION, { minLength: 1, maxLength: 3 }), async (conditions) => {
          const expected = [...documents].filter(([, metadata]) => meets(metadata, conditions)).map(([id]) => id);
          assert.deepEqual((await store.documentsWith(conditions, 1000))?.sort(), expected.toSorted());
          assert.deepEqual(await searched(store, conditions), expected.toSorted());
        }),
        { numRuns: 400 },
      );
    });
  });
}

async function searched(store: RecordStore, metadata: MetadataCondition[]): Promise<string[]> {
  const hits = await store.searchText({ text: 'payment', limit: 1000, metadata });
  const chunks = await store.servedChunks(hits.map(({ chunk_id }) => chunk_id));
  assert.ok(
    chunks.every((chunk) => chunksOf(chunk.doc_id, [{ text: 'payment' }]).chunks[0]!.chunk_id === chunk.chunk_id),
  );
  return chunks.map(({ doc_id }) => doc_id).sort();
}

// Few names and values, so that they often meet.
const FIELD = fc.constantFrom('a', 'b', 'constructor');
const DATE = fc.constantFrom(
  '2026-01-31',
  '2026-01-31T00:00:00Z',
  '2026-01-31T10:00:00.5Z',
  '2026-01-31T10:00:00.123456+01:00',
  '2026-01-31T10:00:00.9999Z',
  '2024-02-29',
  '2026-02-29',
  '0000-01-01',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T23:59:59-14:00',
  '2026-01-31T10:00:00+14:59',
  '2026-01-31T10:00:00+15:00',
  '2026-13-01',
  '2026-01-31T24:00:00Z',
  '2026-01-31t10:00:00z',
  '2026-01-31T10:00:00.Z',
);
const NUMBER = fc.oneof(
  fc.constantFrom(0, 1, -1, 1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const SCALAR = fc.oneof(
  fc.constantFrom('1', 'true', '', 'x', 'X', 'x '),
  DATE,
  NUMBER,
  fc.boolean(),
  fc.constant(null),
);
const VALUE = fc.oneof(
  SCALAR,
  fc.array(SCALAR, { maxLength: 3 }),
  fc.dictionary(FIELD, SCALAR, { maxKeys: 2 }),
  fc.array(fc.array(SCALAR, { maxLength: 2 }), { maxLength: 2 }),
);
const METADATA = fc.dictionary(FIELD, VALUE, { maxKeys: 3 });
const MOMENT = DATE.map((text) => Date.parse(text)).filter(Number.isFinite);
const range = (bound: fc.Arbitrary<number>) =>
  fc.record({ gte: bound, gt: bound, lte: bound, lt: bound }, { requiredKeys: [] });
const CONDITION: fc.Arbitrary<MetadataCondition> = fc
  .tuple(
    FIELD,
    fc.constantFrom('value' as const, 'item' as const),
    fc.oneof(
      fc.record({
        kind: fc.constant('text' as const),
        any_of: fc.array(fc.oneof(DATE, fc.constantFrom('1', 'true', '', 'x')), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('boolean' as const), any_of: fc.array(fc.boolean(), { maxLength: 2 }) }),
      fc.record({ kind: fc.constant('number' as const), any_of: fc.array(range(NUMBER), { maxLength: 2 }) }),
      fc.record({ kind: fc.constant('moment' as const), any_of: fc.array(range(MOMENT), { maxLength: 2 }) }),
    ),
  )
  .map(([field, of, rest]) => ({ field, of, ...rest }));
