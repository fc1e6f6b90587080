import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CustomFields } from '../../../../appliance/api/custom-fields/schema.ts';
import { MetadataFilter } from '../../../../appliance/api/schemas/metadata-filter.ts';
import { meets } from '../../../../appliance/data/6-serve/meets-metadata.ts';
import { readMetadataFilter } from '../../../../appliance/data/6-serve/read-metadata-filter.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';

const SCHEMA = CustomFields.parse({
  schema_version: '1.0',
  fields: [
    { name: 'matter', type: 'string' },
    { name: 'amount', type: 'number' },
    { name: 'urgent', type: 'boolean' },
    { name: 'signed', type: 'date' },
    { name: 'tags', type: 'array' },
    { name: 'extra', type: 'object' },
  ],
});
const DOCUMENTS: Record<string, Record<string, unknown>> = {
  a: { matter: 'M-1', amount: 10, urgent: true, signed: '2026-01-31', tags: ['x', 'y', 1] },
  b: { matter: 'M-2', amount: 20.5, urgent: false, signed: '2026-01-31T12:00:00Z', tags: ['x'] },
  c: { matter: 'M-3', signed: '2026-02-01', tags: [] },
  d: {},
};
const found = (filter: MetadataFilter, schema: CustomFields | null = SCHEMA) =>
  Object.keys(DOCUMENTS).filter((name) => meets(DOCUMENTS[name]!, readMetadataFilter(filter, schema)));

function refusals(filter: MetadataFilter, schema: CustomFields | null = SCHEMA): string[] {
  try {
    readMetadataFilter(filter, schema);
  } catch (error) {
    assert.ok(error instanceof FrostbyteError && error.code === 'VALIDATION_ERROR');
    assert.ok(
      error.details.every((detail) => !('value' in detail)),
      'values are not repeated',
    );
    return error.details.map(({ field, constraint }) => `${field}: ${constraint}`);
  }
  return [];
}

describe('a metadata filter', () => {
  const cases: [MetadataFilter, string[]][] = [
    [{ matter: 'M-1' }, ['a']],
    [{ matter: { eq: 'M-1' } }, ['a']],
    [{ matter: { in: ['M-1', 'M-3'] } }, ['a', 'c']],
    [{ amount: 20.5 }, ['b']],
    [{ amount: { in: [10, 11] } }, ['a']],
    [{ amount: { gt: 10 } }, ['b']],
    [{ amount: { gte: 10, lt: 20.5 } }, ['a']],
    [{ amount: { gte: 30, lte: 5 } }, []],
    [{ urgent: false }, ['b']],
    [{ urgent: { in: [true, false] } }, ['a', 'b']],
    [{ signed: '2026-01-31' }, ['a', 'b']],
    [{ signed: '2026-01-31T13:00:00+01:00' }, ['b']],
    [{ signed: { in: ['2026-01-31T12:00:00Z', '2026-02-01'] } }, ['b', 'c']],
    [{ signed: { gt: '2026-01-31' } }, ['c']],
    [{ signed: { gte: '2026-01-31' } }, ['a', 'b', 'c']],
    [{ signed: { lt: '2026-02-01' } }, ['a', 'b']],
    [{ signed: { lte: '2026-01-31' } }, ['a', 'b']],
    [{ signed: { lt: '2026-01-31' } }, []],
    [{ signed: { gt: '2026-01-31T11:59:59.999Z', lt: '2026-01-31T12:00:00.001Z' } }, ['b']],
    [{ tags: 'x' }, ['a', 'b']],
    [{ tags: { contains: 1 } }, ['a']],
    [{ tags: { contains_any: ['y', 'z'] } }, ['a']],
    [{ tags: { contains_all: ['x', 1] } }, ['a']],
    [{ tags: { contains_all: ['x', 'z'] } }, []],
    [{ matter: 'M-1', amount: { lte: 10 }, tags: { contains: 'y' } }, ['a']],
    [{ matter: 'M-1', amount: { gt: 10 } }, []],
    [{}, ['a', 'b', 'c', 'd']],
  ];
  for (const [filter, expected] of cases) {
    it(JSON.stringify(filter), () => assert.deepEqual(found(MetadataFilter.parse(filter)), expected));
  }

  it('on a field that the schema does not have is refused, with the nearest name', () => {
    assert.deepEqual(refusals({ mater: 'M-1' }), [
      'filters.metadata.mater: is not a field of this tenant (schema 1.0); did you mean matter?',
    ]);
    assert.deepEqual(refusals({ constructor: 'x' } as unknown as MetadataFilter), [
      'filters.metadata.constructor: is not a field of this tenant (schema 1.0)',
    ]);
  });

  it('that does not fit the types is refused, everything at once', () => {
    assert.deepEqual(
      refusals({
        matter: { gt: 'M-1' },
        amount: '10',
        urgent: { eq: 1 },
        signed: { gte: '31.1.2026', lt: 5 },
        tags: { eq: 'x' },
        extra: 'x',
        other: 1,
      }),
      [
        'filters.metadata.matter.gt: a field of the type string takes eq, in',
        'filters.metadata.amount.eq: must be a number, as the field is one',
        'filters.metadata.urgent.eq: must be true or false, as the field is',
        'filters.metadata.signed.gte: must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z, as the field is one',
        'filters.metadata.signed.lt: must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z, as the field is one',
        'filters.metadata.tags.eq: a field of the type array takes contains, contains_any, contains_all',
        'filters.metadata.extra.eq: a field of the type object cannot be searched',
        'filters.metadata.other: is not a field of this tenant (schema 1.0)',
      ],
    );
    assert.deepEqual(refusals({ tags: { contains_any: ['x', 1] } }), [
      'filters.metadata.tags.contains_any: must be values of one type',
    ]);
  });

  it('of a tenant without a schema goes by the values’ own types', () => {
    assert.deepEqual(found({ matter: 'M-1' }, null), ['a']);
    assert.deepEqual(found({ amount: { gt: 10 } }, null), ['b']);
    assert.deepEqual(found({ amount: '10' }, null), []);
    assert.deepEqual(found({ signed: '2026-01-31' }, null), ['a'], 'a text is a text');
    assert.deepEqual(found({ tags: 'x' }, null), []);
    assert.deepEqual(found({ tags: { contains: 'x' } }, null), ['a', 'b']);
    assert.deepEqual(found({ nothing: 1 }, null), []);
    assert.match(
      refusals({ signed: { gt: '2026-01-01' } }, null)[0]!,
      /must be a number; dates need a field of the type date/,
    );
  });

  it('is of a form that lets nothing through by mistake', () => {
    const wrong: unknown[] = [
      { a: {} },
      { a: { like: 'x' } },
      { a: null },
      { a: ['x'] },
      { a: { in: [] } },
      { a: { in: Array(101).fill(1) } },
      { a: 'x'.repeat(1001) },
      { ['x'.repeat(65)]: 1 },
      { '': 1 },
      Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`f${n}`, 1])),
      JSON.parse('{"__proto__": "x"}'),
      JSON.parse('{"a": {"__proto__": "x"}}'),
      [],
      'x',
    ];
    for (const filter of wrong)
      assert.equal(MetadataFilter.safeParse(filter).success, false, JSON.stringify(filter)?.slice(0, 60));
  });

  it('never lets a document through that lacks a field it names', () => {
    const value = fc.oneof(fc.string({ maxLength: 5 }), fc.integer(), fc.boolean());
    const operators = fc.record(
      {
        eq: value,
        in: fc.array(value, { minLength: 1, maxLength: 3 }),
        gt: fc.integer(),
        lte: fc.integer(),
        contains: value,
        contains_all: fc.array(value, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const filter = fc.dictionary(
      fc.constantFrom('a', 'b', 'toString'),
      fc.oneof(
        value,
        operators.filter((one) => Object.keys(one).length > 0),
      ),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(filter, (given) => {
        let conditions: ReturnType<typeof readMetadataFilter>;
        try {
          conditions = readMetadataFilter(MetadataFilter.parse(given), null);
        } catch (error) {
          assert.ok(error instanceof FrostbyteError);
          return;
        }
        assert.ok(conditions.length > 0);
        assert.equal(meets({}, conditions), false);
      }),
    );
  });
});
