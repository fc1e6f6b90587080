import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorEnvelope, STATUS, toHttpError } from '../../../appliance/api/errors.ts';
import { API_CODES, type ErrorCode, FrostbyteError } from '../../../appliance/kernel/errors.ts';

/** The list of spec 4, written out, so that neither table can drift with the other. */
const SPEC: Record<number, string> = {
  400: 'VALIDATION_ERROR MANIFEST_INVALID MANIFEST_FILE_COUNT_MISMATCH DUPLICATE_FILE_ID CONFIRMATION_MISMATCH',
  401: 'AUTHENTICATION_REQUIRED TOKEN_EXPIRED TOKEN_REVOKED',
  403: 'INSUFFICIENT_PERMISSIONS TENANT_SUSPENDED',
  404: 'RESOURCE_NOT_FOUND',
  409: 'TENANT_ALREADY_EXISTS INVALID_STATE_TRANSITION BATCH_ALREADY_EXISTS',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'RATE_LIMIT_EXCEEDED',
  500: 'INTERNAL_ERROR',
  503: 'SERVICE_UNAVAILABLE',
  507: 'QUOTA_EXCEEDED',
};
const EXPECTED = Object.entries(SPEC).flatMap(([status, codes]) =>
  codes.split(' ').map((code) => [code, Number(status)]),
);

test('each code of the specification has its status, and there are no others', () => {
  assert.deepEqual(Object.entries(STATUS), EXPECTED);
  assert.deepEqual(
    [...API_CODES],
    EXPECTED.map(([code]) => code),
  );
});

test('every code becomes a valid envelope with the request id', () => {
  for (const code of API_CODES) {
    const answer = toHttpError(
      new FrostbyteError(code, 'said so', { details: [{ field: 'a', constraint: 'b' }] }),
      'req-1',
    );
    assert.equal(answer.status, STATUS[code]);
    const { error } = ErrorEnvelope.parse(answer.body);
    assert.equal(error.code, code);
    assert.equal(error.request_id, 'req-1');
  }
});

test('an unknown error says nothing of its cause', () => {
  for (const thrown of [
    new Error('SELECT secret'),
    new TypeError('x'),
    'a string',
    null,
    undefined,
    { message: 'secret' },
  ]) {
    const { status, body, headers } = toHttpError(thrown, 'r');
    assert.equal(status, 500);
    assert.equal(body.error.code, 'INTERNAL_ERROR');
    assert.doesNotMatch(JSON.stringify(body), /secret|SELECT/);
    assert.deepEqual(body.error.details, []);
    assert.deepEqual(headers, {});
  }
});

test('our own internal error keeps its message and details inside', () => {
  const inside = new FrostbyteError('INTERNAL_ERROR', 'the row was gone', {
    details: [{ field: 'x', constraint: 'y' }],
  });
  const { body } = toHttpError(inside, 'r');
  assert.doesNotMatch(body.error.message, /row/);
  assert.deepEqual(body.error.details, []);
});

test('trouble of the machinery has an outside name, and what has none is our fault', () => {
  const outside: Partial<Record<ErrorCode, [string, number]>> = {
    OBJECT_MISSING: ['RESOURCE_NOT_FOUND', 404],
    STORE_UNAVAILABLE: ['SERVICE_UNAVAILABLE', 503],
    STORE_READ_ONLY: ['SERVICE_UNAVAILABLE', 503],
    STORE_CORRUPTED: ['SERVICE_UNAVAILABLE', 503],
    KEY_UNAVAILABLE: ['SERVICE_UNAVAILABLE', 503],
    EMBEDDER_UNAVAILABLE: ['SERVICE_UNAVAILABLE', 503],
    PARSER_SANDBOX_UNAVAILABLE: ['SERVICE_UNAVAILABLE', 503],
    DISK_FULL: ['QUOTA_EXCEEDED', 507],
    OBJECT_CORRUPTED: ['INTERNAL_ERROR', 500],
    AUDIT_CHAIN_BROKEN: ['INTERNAL_ERROR', 500],
    ISOLATION_VIOLATED: ['INTERNAL_ERROR', 500],
    CHECKSUM_MISMATCH: ['INTERNAL_ERROR', 500],
  };
  for (const [code, [name, status]] of Object.entries(outside)) {
    const answer = toHttpError(new FrostbyteError(code as ErrorCode, 'm'), 'r');
    assert.deepEqual([answer.code, answer.status], [name, status], code);
  }
});

test('busy and rate-limited answers say when to come back, in whole seconds and never zero', () => {
  const after = (code: ErrorCode, retryAfter?: number) =>
    toHttpError(new FrostbyteError(code, 'm', retryAfter === undefined ? {} : { retryAfter }), 'r').headers[
      'retry-after'
    ];
  assert.equal(after('RATE_LIMIT_EXCEEDED', 0.2), '1');
  assert.equal(after('RATE_LIMIT_EXCEEDED', 12.1), '13');
  assert.equal(after('SERVICE_UNAVAILABLE'), '5');
  assert.equal(after('STORE_UNAVAILABLE'), '5');
  assert.equal(after('QUOTA_EXCEEDED', 3), undefined);
  assert.equal(toHttpError(new FrostbyteError('TOKEN_EXPIRED', 'm'), 'r').headers['www-authenticate'], 'Bearer');
});
