import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inherited, metadataChecker } from '../../../../appliance/api/custom-fields/metadata.ts';
import { CustomFields } from '../../../../appliance/api/custom-fields/schema.ts';

const SCHEMA = CustomFields.parse({
  schema_version: '1.2',
  fields: [
    { name: 'matter', type: 'string', required: true, validation: { min: 2, max: 9, pattern: '^\\d+-\\d+$' } },
    { name: 'court', type: 'string', validation: { enum: ['north', 'south'] } },
    { name: 'amount', type: 'number', validation: { min: 0, max: 1000 } },
    { name: 'urgent', type: 'boolean' },
    { name: 'signed', type: 'date' },
    { name: 'tags', type: 'array', validation: { min: 1, max: 2, enum: ['a', 'b', 7] } },
    { name: 'extra', type: 'object' },
  ],
});
const problems = (file: Record<string, unknown>, batch?: Record<string, unknown>) =>
  metadataChecker(SCHEMA, batch)(file).map(({ field, constraint }) => `${field} ${constraint}`);
/** Problems of one value, beside a right matter. */
const of = (name: string, value: unknown) => problems({ matter: '25-1', [name]: value });

describe('metadata', () => {
  it('that fit have no problem', () => {
    assert.deepEqual(
      problems({
        matter: '25-104',
        court: 'north',
        amount: 0,
        urgent: false,
        signed: '2026-01-31',
        tags: ['a', 7],
        extra: { anything: [{ goes: null }] },
      }),
      [],
    );
    assert.deepEqual(of('signed', '2026-01-31T10:00:00.5+01:00'), []);
  });

  it('are of the type of their field: nothing is taken for something else', () => {
    const wrong: Record<string, unknown[]> = {
      matter: [1, true, null, ['25-1'], {}],
      amount: ['1', '', true, null, [1], {}, Number.NaN, Number.POSITIVE_INFINITY],
      urgent: ['true', 0, 1, null, [true]],
      signed: ['31.1.2026', '2026-02-30', 20260131, null, '', new Date(0)],
      tags: ['a', null, { 0: 'a' }],
      extra: [[], 'x', null, 1],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const found = name === 'matter' ? problems({ matter: value }) : of(name, value);
        assert.equal(found.length, 1, `${name} ${String(value)}`);
        assert.match(found[0]!, new RegExp(`^${name} must be `));
      }
    }
  });

  it('keep their bounds, patterns and enums, and every rule that is broken is told', () => {
    assert.deepEqual(problems({ matter: 'x' }), [
      'matter must be at least 2 characters',
      'matter must match the pattern ^\\d+-\\d+$',
    ]);
    assert.deepEqual(problems({ matter: '1234-56789' }), ['matter must be at most 9 characters']);
    assert.deepEqual(of('court', 'east'), ['court must be one of "north", "south"']);
    assert.deepEqual(of('amount', -0.5), ['amount must be at least 0']);
    assert.deepEqual(of('amount', 1000.5), ['amount must be at most 1000']);
    assert.deepEqual(of('tags', []), ['tags must be at least 1 items']);
    assert.deepEqual(of('tags', ['a', 'b', 7]), ['tags must be at most 2 items']);
    assert.deepEqual(of('tags', ['a', '7']), ['tags must be made of "a", "b", 7']);
    assert.deepEqual(of('tags', [['a']]), ['tags must be made of "a", "b", 7']);
  });

  it('count characters as code points, as people do', () => {
    const schema = CustomFields.parse({
      schema_version: '1.0',
      fields: [{ name: 'x', type: 'string', validation: { min: 2, max: 2 } }],
    });
    const check = metadataChecker(schema);
    assert.deepEqual(check({ x: '\u{1f9ca}\u{1f9ca}' }), []);
    assert.equal(check({ x: '\u{1f9ca}' }).length, 1);
  });

  it('that no field knows are refused, with the name that was meant', () => {
    assert.deepEqual(of('mater', '25-1'), ['mater is not a field of this tenant (schema 1.2); did you mean matter?']);
    assert.deepEqual(of('colour', 'red'), ['colour is not a field of this tenant (schema 1.2)']);
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'Matter', ''])
      assert.equal(of(name, 'x').length, 1, name);
  });

  it('are inherited from the batch, and the file’s own win', () => {
    assert.deepEqual(problems({}, { matter: '25-1' }), []);
    assert.deepEqual(problems({ matter: '25-2' }, { matter: 'wrong' }), []);
    assert.deepEqual(problems({ matter: 'wrong!' }, { matter: '25-1' }), ['matter must match the pattern ^\\d+-\\d+$']);
    assert.deepEqual(inherited({ a: 1, b: 1 }, { b: 2 }), { a: 1, b: 2 });
    const told = metadataChecker(SCHEMA, { matter: '25-1', amount: 'x' })({ urgent: 1 });
    assert.deepEqual(
      told.map(({ field, from }) => [field, from]),
      [
        ['amount', 'batch'],
        ['urgent', 'file'],
      ],
    );
  });

  it('that are required and missing are told, null included', () => {
    assert.deepEqual(problems({}), ['matter is required (string)']);
    assert.deepEqual(problems({ matter: null }, { matter: '25-1' }), ['matter must be a string']);
  });

  it('have a mend for every problem, and no problem repeats a value', () => {
    const secret = 'zq-canary-17';
    const told = metadataChecker(SCHEMA, { amount: secret, tags: [secret] })({
      matter: secret,
      court: secret,
      urgent: secret,
      signed: secret,
      extra: secret,
      other: secret,
    });
    assert.equal(told.length, 9, 'the matter breaks two rules');
    for (const { remediation } of told) assert.ok(remediation.length > 10);
    assert.equal(JSON.stringify(told).includes('canary'), false);
  });

  it('are taken as they come where there is no schema, and not at all where it has no fields', () => {
    assert.deepEqual(metadataChecker(null, { a: 1 })({ b: null }), []);
    assert.equal(metadataChecker({ schema_version: '1.0', fields: [] }, { a: 1 })({ b: 1 }).length, 2);
  });
});

// A schema of any fields, with for each one values that fit.
const TEXT = fc.string({ maxLength: 20, unit: 'binary' });
const KINDS = {
  string: { validation: fc.constant({ min: 0, max: 20 }), value: TEXT },
  number: { validation: fc.constant({ min: -1e9, max: 1e9 }), value: fc.double({ min: -1e9, max: 1e9, noNaN: true }) },
  boolean: { validation: fc.constant({}), value: fc.boolean() },
  date: {
    validation: fc.constant({}),
    value: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
  },
  array: { validation: fc.constant({ max: 5 }), value: fc.array(fc.jsonValue(), { maxLength: 5 }) },
  object: { validation: fc.constant({}), value: fc.dictionary(fc.string(), fc.jsonValue()) },
} as const;
const NAME = fc.stringMatching(/^[a-z_][a-z0-9_]{0,10}$/).filter((name) => name !== '__proto__');
const FIELD = fc.constantFrom(...(Object.keys(KINDS) as (keyof typeof KINDS)[])).chain((type) =>
  fc.record({
    name: NAME,
    type: fc.constant(type),
    required: fc.boolean(),
    validation: KINDS[type].validation,
    value: KINDS[type].value as fc.Arbitrary<unknown>,
  }),
);
const WORLD = fc.uniqueArray(FIELD, { maxLength: 8, selector: ({ name }) => name }).map((fields) => ({
  schema: CustomFields.parse({ schema_version: '1.0', fields: fields.map(({ value: _, ...field }) => field) }),
  right: Object.fromEntries(fields.map(({ name, value }) => [name, value])),
}));

describe('any schema', () => {
  it('takes what fits it, and misses exactly what is required', () => {
    fc.assert(
      fc.property(WORLD, fc.func(fc.boolean()), ({ schema, right }, kept) => {
        assert.deepEqual(metadataChecker(schema)(right), []);
        const some = Object.fromEntries(Object.entries(right).filter(([name]) => kept(name)));
        const missing = schema.fields.filter(({ name, required }) => required && !kept(name)).map(({ name }) => name);
        assert.deepEqual(
          metadataChecker(schema)(some).map(({ field }) => field),
          missing,
        );
      }),
    );
  });

  it('refuses every name that it does not have, and only for that', () => {
    fc.assert(
      fc.property(WORLD, fc.dictionary(fc.string(), fc.jsonValue()), ({ schema, right }, more) => {
        const unknown = Object.keys(more).filter((name) => !Object.hasOwn(right, name));
        const found = metadataChecker(schema)({ ...more, ...right }).map(({ field }) => field);
        assert.deepEqual(found.sort(), unknown.sort());
      }),
    );
  });

  it('judges a file by what it inherits and what it has, wherever each stands', () => {
    fc.assert(
      fc.property(
        WORLD,
        fc.dictionary(NAME, fc.jsonValue()),
        fc.dictionary(NAME, fc.jsonValue()),
        ({ schema, right }, batch, file) => {
          const told = (problems: { field: string; constraint: string }[]) =>
            problems.map(({ field, constraint }) => `${field} ${constraint}`).sort();
          const apart = metadataChecker(schema, { ...right, ...batch })(file);
          const together = metadataChecker(schema)(inherited({ ...right, ...batch }, file));
          assert.deepEqual(told(apart), told(together));
        },
      ),
    );
  });
});
