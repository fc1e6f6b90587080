import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { diskError } from '../../../../appliance/stores/object/disk-errors.ts';

describe('a disk error', () => {
  for (const [errno, code] of [
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EROFS', 'STORE_READ_ONLY'],
    ['EACCES', 'STORE_READ_ONLY'],
    ['ELOOP', 'ISOLATION_VIOLATED'],
    ['EIO', 'STORE_UNAVAILABLE'],
    ['EMFILE', 'STORE_UNAVAILABLE'],
  ] as const) {
    it(`${errno} reads as ${code}, names no path and keeps its cause`, () => {
      const cause = Object.assign(new Error(`${errno}: open '/data/tenants/acme/objects/x'`), { code: errno });
      const error = diskError(cause);
      assert.equal(error.code, code);
      assert.equal(error.cause, cause);
      assert.equal(error.message.includes('/data'), false);
    });
  }

  it('that is ours already passes unchanged', () => {
    const ours = new FrostbyteError('OBJECT_MISSING', 'gone');
    assert.equal(diskError(ours), ours);
  });
});
