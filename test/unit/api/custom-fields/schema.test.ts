import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CustomFields, compareVersions } from '../../../../appliance/api/custom-fields/schema.ts';

const field = (rest: Record<string, unknown>) => ({ name: 'x', type: 'string', ...rest });
const schema = (...fields: Record<string, unknown>[]) => ({ schema_version: '1.0', fields });
/** Path and message of every mistake. */
function mistakes(value: unknown): [string, string][] {
  const parsed = CustomFields.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => [path.join('.'), message]);
}
const paths = (value: unknown) => mistakes(value).map(([path]) => path);

describe('a schema of custom fields', () => {
  it('that uses everything there is comes back as it is, with what it left out', () => {
    const given = schema(
      field({
        name: '_matter1',
        required: true,
        description: 'The matter',
        validation: { min: 1, max: 20, pattern: '^\\d+$', enum: ['1', '22'] },
      }),
      field({ name: 'amount', type: 'number', validation: { min: -1.5, max: 1e9, enum: [1, 2.5] } }),
      field({ name: 'urgent', type: 'boolean', validation: { enum: [true] } }),
      field({ name: 'signed', type: 'date', validation: { enum: ['2026-01-31', '2026-01-31T10:00:00+01:00'] } }),
      field({ name: 'tags', type: 'array', validation: { min: 0, max: 3, enum: ['a', 1, false] } }),
      field({ name: 'extra', type: 'object' }),
    );
    const parsed = CustomFields.parse(given);
    assert.deepEqual(
      parsed.fields.map(({ required }) => required),
      [true, false, false, false, false, false],
    );
    assert.deepEqual(CustomFields.parse(parsed), parsed);
    assert.deepEqual(CustomFields.parse(JSON.parse(JSON.stringify(parsed))), parsed);
    assert.deepEqual(mistakes({ schema_version: '0.0', fields: [] }), [], 'no field at all is a schema too');
  });

  it('is told every mistake at once, wherever it stands', () => {
    const wrong = {
      schema_version: 'v1',
      colour: 'red',
      fields: [
        field({ name: '1st' }),
        field({ type: 'text', validation: { pattern: 'a(?=b)' } }),
        field({ type: 'number', validation: { pattern: 'a', min: 2, max: 1, enum: ['1', 5] } }),
        field({ name: 'date', type: 'date', validation: { min: 1, max: 2 }, hint: 'x' }),
        field({ name: 'b', type: 'boolean', validation: { min: 0, enum: [true] } }),
        field({ name: 'o', type: 'object', validation: { enum: [1] } }),
        field({ name: 's', validation: { min: 1.5, max: -1 } }),
        field({ name: 's' }),
        'no field',
      ],
    };
    assert.deepEqual(paths(wrong).sort(), [
      '', // colour
      'fields.0.name',
      'fields.1.type',
      'fields.1.validation.pattern',
      'fields.2.name', // as that of field 1
      'fields.2.validation.enum.0', // no number
      'fields.2.validation.enum.1', // above max
      'fields.2.validation.min', // above max
      'fields.2.validation.pattern',
      'fields.3', // hint
      'fields.3.validation.max',
      'fields.3.validation.min',
      'fields.4.validation.min',
      'fields.5.validation.enum',
      'fields.6.validation.max',
      'fields.6.validation.min', // no whole number
      'fields.6.validation.min', // above max
      'fields.7.name',
      'fields.8',
      'schema_version',
    ]);
  });

  it('has names that are identifiers, each once, and none that would be lost', () => {
    for (const name of ['a', '_', 'A9_', 'constructor', 'toString', 'x'.repeat(64)])
      assert.deepEqual(paths(schema(field({ name }))), []);
    for (const name of ['', '9a', 'a-b', 'a b', 'ä', 'a\n', 'x'.repeat(65), '__proto__', 5, null])
      assert.deepEqual([...new Set(paths(schema(field({ name }))))], ['fields.0.name'], String(name));
    assert.deepEqual(mistakes(schema(field({}), field({ name: 'X' }), field({}))), [
      ['fields.2.name', 'is used by an earlier field'],
    ]);
  });

  it('has at most 50 fields, and is no larger than 64 KiB', () => {
    const many = (count: number, rest = {}) =>
      schema(...Array.from({ length: count }, (_, n) => field({ name: `f${n}`, ...rest })));
    assert.deepEqual(paths(many(50)), []);
    assert.deepEqual(paths(many(51)), ['fields']);
    const large = { validation: { enum: Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(100, 'x')) } };
    assert.deepEqual(mistakes(many(10, large)), [['', 'must not be larger than 65536 characters as JSON']]);
    assert.deepEqual(paths(many(5, large)), []);
  });

  it('knows versions of two numbers, however long', () => {
    for (const version of ['0.0', '1.10', '007.1', `${'9'.repeat(30)}.1`])
      assert.deepEqual(paths({ schema_version: version, fields: [] }), []);
    for (const version of ['1', '1.', '.1', '1.0.0', '1.0-rc', ' 1.0', '1.0\n', '-1.0', 1.0])
      assert.deepEqual(paths({ schema_version: version, fields: [] }), ['schema_version'], String(version));
    assert.ok(compareVersions('1.10', '1.9') > 0);
    assert.ok(compareVersions('1.9', '2.0') < 0);
    assert.equal(compareVersions('1.010', '1.10'), 0);
    assert.ok(compareVersions(`${2n ** 70n}.0`, `${2n ** 70n - 1n}.9`) > 0);
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (a, b, c, d) => {
        assert.equal(Math.sign(compareVersions(`${a}.${b}`, `${c}.${d}`)), Math.sign(a - c || b - d));
      }),
    );
  });

  it('refuses what cannot be matched in linear time, by its name', () => {
    const message = (pattern: string) => mistakes(schema(field({ validation: { pattern } })))[0]?.[1] ?? '';
    for (const pattern of ['a(?=b)', 'a(?!b)', '(?<=a)b', '(?<!a)b'])
      assert.match(message(pattern), /lookahead and lookbehind are not supported/);
    for (const pattern of ['(a)\\1', '(?<n>a)\\k<n>'])
      assert.match(message(pattern), /backreferences are not supported/);
    for (const pattern of ['(?>a)', 'a++', 'a*+'])
      assert.match(message(pattern), /atomic groups and possessive quantifiers are not supported/);
    for (const pattern of ['(a', '[a', 'a{2,1}', '\\u0041', '*'])
      assert.match(message(pattern), /must be a pattern in RE2 syntax: ./);
    assert.match(message('(?:abcdefghij){100}'), /too large a pattern/);
    assert.match(message('a'.repeat(257)), /./);
    for (const pattern of ['^[A-Z]{2}-\\d{1,6}$', '\\p{Lu}+', '(?i)yes|no', '(?P<n>a)', '\\\\1'])
      assert.equal(message(pattern), '');
  });

  it('is refused an enum whose values could never be used', () => {
    const enumOf = (values: unknown[], rest = {}) => schema(field({ validation: { enum: values, ...rest } }));
    assert.deepEqual(mistakes(enumOf(['ab', 'abc'], { max: 2 })), [
      ['fields.0.validation.enum.1', 'must be at most 2 characters'],
    ]);
    assert.deepEqual(mistakes(enumOf(['a', 'b'], { pattern: '^a$' })), [
      ['fields.0.validation.enum.1', 'must match the pattern ^a$'],
    ]);
    assert.deepEqual(mistakes(enumOf(['a', 'a'])), [['fields.0.validation.enum', 'must not repeat a value']]);
    assert.deepEqual(paths(enumOf([])), ['fields.0.validation.enum']);
    assert.deepEqual(paths(schema(field({ type: 'date', validation: { enum: ['2026-02-30'] } }))), [
      'fields.0.validation.enum.0',
    ]);
  });

  it('holds no text that other programs cannot read', () => {
    const half = 'x\ud800';
    for (const rest of [{ description: half }, { validation: { pattern: half } }, { validation: { enum: [half] } }])
      assert.equal(CustomFields.safeParse(schema(field(rest))).success, false, JSON.stringify(rest));
  });

  it('survives whatever is given to it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (whole, one, rules) => {
        CustomFields.safeParse(whole);
        CustomFields.safeParse({
          schema_version: '1.0',
          fields: [one, { name: 'a', type: 'string', validation: rules }],
        });
      }),
    );
  });
});
