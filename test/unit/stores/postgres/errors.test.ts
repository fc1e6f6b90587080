import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { isLost, isRolledBack, isTaken, storeError } from '../../../../appliance/stores/postgres/errors.ts';

const coded = (code: string, message = 'detail with a value') => Object.assign(new Error(message), { code });

describe('what PostgreSQL and the way to it report', () => {
  for (const [code, ours, kind] of [
    ['53100', 'DISK_FULL', 'later'],
    ['25006', 'STORE_READ_ONLY', 'fault'],
    ['XX001', 'STORE_CORRUPTED', 'never'],
    ['57P01', 'STORE_UNAVAILABLE', 'later'],
    ['53300', 'STORE_UNAVAILABLE', 'later'],
    ['28P01', 'STORE_UNAVAILABLE', 'later'],
    ['3D000', 'STORE_UNAVAILABLE', 'later'],
    ['55P03', 'STORE_UNAVAILABLE', 'later'],
    ['57014', 'STORE_UNAVAILABLE', 'later'],
    ['42501', 'STORE_UNAVAILABLE', 'never'],
    ['ECONNREFUSED', 'STORE_UNAVAILABLE', 'later'],
    ['EAI_AGAIN', 'STORE_UNAVAILABLE', 'later'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'STORE_UNAVAILABLE', 'later'],
    ['23505', 'INTERNAL_ERROR', 'fault'],
    ['23000', 'INTERNAL_ERROR', 'fault'],
    ['22021', 'INTERNAL_ERROR', 'fault'],
  ] as const)
    test(`${code} is ${ours}`, () => {
      const error = storeError(coded(code));
      assert.deepEqual([error.code, error.kind], [ours, kind]);
      assert.doesNotMatch(error.message, /value/);
      assert.equal((error.cause as { code: string }).code, code);
    });

  test('what the client itself says is translated too', () => {
    for (const message of [
      'Connection terminated unexpectedly',
      'timeout exceeded when trying to connect',
      'Query read timeout',
      'Cannot use a pool after calling end on the pool',
      'The server does not support SSL connections',
    ])
      assert.equal(storeError(new Error(message)).code, 'STORE_UNAVAILABLE', message);
    assert.equal(storeError(new AggregateError([coded('ECONNREFUSED')])).code, 'STORE_UNAVAILABLE');
    assert.equal(storeError(new TypeError('a defect')).code, 'INTERNAL_ERROR');
  });

  test('ours stay as they are', () => {
    const own = new FrostbyteError('QUOTA_EXCEEDED', 'x');
    assert.equal(storeError(own), own);
  });

  test('only what ends a session is a lost one, and only what the server took back is made again', () => {
    for (const code of ['57P01', '57P02', '08006', '25P03', 'ECONNRESET'])
      assert.equal(isLost(coded(code)), true, code);
    for (const code of ['57014', '55P03', '23505', '40001', '53100', '28P01'])
      assert.equal(isLost(coded(code)), false, code);
    assert.equal(isLost(new Error('Connection terminated unexpectedly')), true);
    assert.deepEqual(
      ['40001', '40P01', '23505'].map((code) => isRolledBack(coded(code))),
      [true, true, false],
    );
    assert.deepEqual(
      ['23505', '23503', '40001'].map((code) => isTaken(coded(code))),
      [true, false, false],
    );
  });
});
