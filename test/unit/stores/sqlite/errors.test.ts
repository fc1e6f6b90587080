import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { storeError } from '../../../../appliance/stores/sqlite/errors.ts';

const EXPECTED: [string, string][] = [
  ['SQLITE_FULL', 'DISK_FULL'],
  ['ENOSPC', 'DISK_FULL'],
  ['SQLITE_READONLY', 'STORE_READ_ONLY'],
  ['SQLITE_READONLY_DBMOVED', 'STORE_READ_ONLY'],
  ['EROFS', 'STORE_READ_ONLY'],
  ['SQLITE_CORRUPT', 'STORE_CORRUPTED'],
  ['SQLITE_CORRUPT_VTAB', 'STORE_CORRUPTED'],
  ['SQLITE_NOTADB', 'STORE_CORRUPTED'],
  ['SQLITE_BUSY', 'STORE_UNAVAILABLE'],
  ['SQLITE_BUSY_SNAPSHOT', 'STORE_UNAVAILABLE'],
  ['SQLITE_CANTOPEN', 'STORE_UNAVAILABLE'],
  ['SQLITE_IOERR_SHORT_READ', 'STORE_UNAVAILABLE'],
  ['ENOENT', 'STORE_UNAVAILABLE'],
  ['EACCES', 'STORE_UNAVAILABLE'],
  ['ELOOP', 'ISOLATION_VIOLATED'],
  ['SQLITE_CONSTRAINT_UNIQUE', 'INTERNAL_ERROR'],
  ['SQLITE_FULLER', 'INTERNAL_ERROR'],
];

describe('errors of a store', () => {
  for (const [code, ours] of EXPECTED) {
    test(`${code} is ${ours}, with the original as cause and nothing of its text`, () => {
      const original = Object.assign(new Error('secret text in /some/file'), { code });
      const error = storeError(original);
      assert.equal(error.code, ours);
      assert.equal(error.cause, original);
      assert.doesNotMatch(error.message, /secret|file\//);
    });
  }

  test('ours pass unchanged; what has no code is a fault', () => {
    const mine = new FrostbyteError('RESOURCE_NOT_FOUND', 'gone');
    assert.equal(storeError(mine), mine);
    for (const strange of [new TypeError('x'), 'text', null, undefined, { code: 7 }]) {
      assert.equal(storeError(strange).code, 'INTERNAL_ERROR');
    }
  });
});
