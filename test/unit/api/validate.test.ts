import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from '@hono/zod-openapi';
import fc from 'fast-check';
import { Reason } from '../../../appliance/api/schemas/common.ts';
import { CLASSES, SearchBody } from '../../../appliance/api/schemas/query.ts';
import { readJson, validate } from '../../../appliance/api/validate.ts';
import { type ErrorDetail, FrostbyteError } from '../../../appliance/kernel/errors.ts';

function refusal(run: () => unknown): FrostbyteError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof FrostbyteError);
    return error;
  }
  throw new assert.AssertionError({ message: 'it was not refused' });
}

const detailsOf = (schema: z.ZodType, value: unknown): ErrorDetail[] =>
  refusal(() => validate(schema, value, 'body')).details;

const Body = z.strictObject({
  top_k: z.number().int().min(1).max(200),
  class: z.enum(['a', 'b']).optional(),
  query_text: z.string().max(20).optional(),
  list: z.array(z.strictObject({ id: z.string().regex(/^[a-z]+$/) })).optional(),
  metadata: z.record(z.string(), z.number()).optional(),
});

test('a value that fits comes back parsed', () => {
  assert.deepEqual(validate(z.strictObject({ page: z.coerce.number().default(1) }), {}, 'query'), { page: 1 });
});

test('a reason is one line of plain text, whoever asks for it', () => {
  assert.deepEqual(validate(Reason, ' Prüfung: Akte 4711, “dringend” ', 'body'), 'Prüfung: Akte 4711, “dringend”');
  for (const reason of ['', ' \n ', 'x'.repeat(501), 'two\nlines', 'a\0b', '\u001b[31mred', 4711]) {
    const [problem, ...more] = detailsOf(z.strictObject({ reason: Reason }), { reason });
    assert.deepEqual([problem, more], [{ field: 'reason', constraint: 'must be one line of 1 to 500 characters' }, []]);
  }
});

test('all problems are named at once, each with field, value and constraint', () => {
  const details = detailsOf(Body, { top_k: 0, class: 'c', list: [{ id: 'ok' }, { id: 'NO' }], extra: 1 });
  assert.deepEqual(details.map(({ field, value }) => [field, value]).sort(), [
    ['class', 'c'],
    ['extra', undefined],
    ['list.1.id', 'NO'],
    ['top_k', 0],
  ]);
  assert.ok(details.every(({ constraint }) => constraint.length > 0));
});

test('a field that is not there is called missing, whatever it should be; one that is wrong is told its rule', () => {
  const Asked = z.strictObject({
    text: z.string(),
    count: z.number(),
    class: z.enum(['a', 'b']),
    from: z.literal('parse'),
    either: z.union([z.string(), z.number()]),
    deep: z.strictObject({ list: z.array(z.strictObject({ id: z.string() })) }),
  });
  const told = (schema: z.ZodType, value: unknown) =>
    detailsOf(schema, value).map(({ field, constraint }) => `${field} ${constraint}`);
  assert.deepEqual(
    told(Asked, {}),
    ['text', 'count', 'class', 'from', 'either', 'deep'].map((name) => `${name} is missing`),
  );
  assert.deepEqual(told(Asked, undefined), ['(body) is missing']);
  const right = { count: 1, class: 'a', from: 'parse', either: 1 };
  const [text, id, ...more] = told(Asked, { ...right, text: null, deep: { list: [{}] } });
  assert.match(text!, /^text .*expected string/);
  assert.deepEqual([id, more], ['deep.list.0.id is missing', []]);
  const ranged = z
    .strictObject({ start: z.string().optional(), end: z.string().optional() })
    .refine(({ start, end }) => start === undefined || end !== undefined, {
      error: 'must stand with start',
      path: ['end'],
    });
  assert.deepEqual(told(ranged, { start: 'x' }), ['end must stand with start']);
});

test('content is never repeated: query text, prose, whole bodies, metadata', () => {
  const secret = 'canary words of a person';
  for (const value of [
    { top_k: 1, query_text: 'canarycanarycanarycanary' },
    { top_k: 1, class: secret },
    { top_k: 1, list: secret },
    { top_k: 1, metadata: { a: 'canary' } },
    secret,
    'canary',
    ['canary'],
  ]) {
    const error = refusal(() => validate(Body, value, 'body'));
    assert.doesNotMatch(error.message + JSON.stringify(error.details), /canary/, JSON.stringify(value));
  }
});

test('a long or odd value is not repeated, and a flood of problems is cut', () => {
  assert.equal(detailsOf(Body, { top_k: 1, class: 'c'.repeat(101) })[0]?.value, undefined);
  const many = detailsOf(z.array(z.number()), Array(5000).fill('x'));
  assert.equal(many.length, 100);
  const keys = detailsOf(z.strictObject({}), Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 1])));
  assert.equal(keys.length, 20);
  assert.ok(detailsOf(z.strictObject({}), { ['k'.repeat(10_000)]: 1 })[0]!.field.length <= 100);
});

test('names of an object’s prototype are unknown fields, not a way in', () => {
  for (const text of [
    '{"top_k":1,"__proto__":{"admin":true}}',
    '{"top_k":1,"constructor":1}',
    '{"top_k":1,"toString":1}',
  ]) {
    const parsed = Body.safeParse(JSON.parse(text));
    if (parsed.success) assert.equal((parsed.data as Record<string, unknown>).admin, undefined, text);
    else assert.equal(refusal(() => validate(Body, JSON.parse(text), 'body')).code, 'VALIDATION_ERROR');
  }
  assert.equal(({} as Record<string, unknown>).admin, undefined);
});

test('any JSON value is taken or refused as VALIDATION_ERROR, never anything else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        validate(Body, value, 'body');
      } catch (error) {
        assert.ok(error instanceof FrostbyteError && error.code === 'VALIDATION_ERROR');
        JSON.stringify(error.details);
      }
    }),
  );
});

const post = (body: RequestInit['body']) =>
  new Request('http://x/', { method: 'POST', body, duplex: 'half' } as RequestInit);

async function readingRefused(body: RequestInit['body'], max?: number): Promise<FrostbyteError> {
  return readJson(post(body), max).then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error as FrostbyteError,
  );
}

test('a body of JSON is read, also when it comes in pieces that cut a character', async () => {
  const bytes = Buffer.from('{"a":"Ł"}');
  const stream = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  assert.deepEqual(await readJson(post(stream as RequestInit['body'])), { a: 'Ł' });
});

test('no JSON, no UTF-8 and no body at all are the caller’s mistake', async () => {
  for (const body of ['', '{', '{"a":1}x', new Uint8Array([0x22, 0xff, 0x22]), null]) {
    assert.equal((await readingRefused(body)).code, 'VALIDATION_ERROR');
  }
});

test('half a character is refused with the way to it, a whole one written as an escape is taken', async () => {
  const error = await readingRefused('{"a":[{"reason":"x\\ud800"}]}');
  assert.equal(error.code, 'VALIDATION_ERROR');
  assert.deepEqual(error.details, [{ field: 'a.0.reason', constraint: 'valid Unicode' }]);
  assert.equal((await readingRefused('"\\uDFFF"')).details[0]!.field, '(body)');
  assert.equal((await readingRefused('{"\\ud800":1}')).details[0]!.field, '(body)');
  assert.deepEqual(await readJson(post('["\\ud835\\udd4f","\\\\ud800"]')), ['𝕏', '\\ud800']);
});

test('a body over the limit is read a little further, so that its sender hears why, and never to its end', async () => {
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536).fill(0x20));
    },
  });
  assert.equal((await readingRefused(endless as RequestInit['body'], 10_000)).code, 'PAYLOAD_TOO_LARGE');
  assert.ok(sent < 10 * 2 ** 20);
  assert.deepEqual(await readJson(post('[]'), 2), []);
});

test('a body that nests without end is refused, not a crash', async () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  assert.equal((await readingRefused(deep)).code, 'VALIDATION_ERROR');
});

test('a body that breaks off is the caller’s mistake', async () => {
  const broken = new ReadableStream({
    start: (controller) => controller.error(new Error('the socket closed')),
  });
  assert.equal((await readingRefused(broken as RequestInit['body'])).code, 'VALIDATION_ERROR');
});

test('brackets inside strings do not count as nesting', async () => {
  const value = { text: `"\\${'['.repeat(500)}`, list: [[[]]] };
  assert.deepEqual(await readJson(post(JSON.stringify(value))), value);
});

test('whatever JSON can say within the limits is read as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 20 }), async (value) => {
      assert.deepEqual(await readJson(post(JSON.stringify(value))), JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 50 },
  );
});

test('a megabyte of quotes and backslashes is read in a moment', async () => {
  const started = performance.now();
  for (const text of ['"\\'.repeat(300_000), '"'.repeat(900_000), '"\\"'.repeat(300_000)]) await readingRefused(text);
  assert.ok(performance.now() - started < 2000);
});

test('a filter that a search does not take is told what is allowed', () => {
  const told = (filters: object) => detailsOf(SearchBody, { query_text: 'rent', filters })[0];
  const classes = told({ classification: 'lease' });
  assert.deepEqual([classes?.field, classes?.value], ['filters.classification', 'lease']);
  for (const name of CLASSES) assert.ok(classes!.constraint.includes(name), name);
  assert.equal(told({ classification: ['contract', 'lease'] })?.constraint, classes?.constraint);
  const date = told({ date_range: { start: '1.1.2026' } });
  assert.deepEqual([date?.field, date?.value], ['filters.date_range.start', '1.1.2026']);
  assert.match(date!.constraint, /a date such as 2026-01-31, or .*2026-01-31T12:00:00Z/);
  assert.match(told({ metadata: { amount: null } })!.constraint, /operators \(eq, in, gt/);
});
