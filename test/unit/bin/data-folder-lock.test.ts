import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { lockDataFolder } from '../../../appliance/bin/data-folder-lock.ts';

describe('the lock of a data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-lock-'));
  const file = join(folder, 'data', 'control', 'lock.sqlite');
  after(() => rmSync(folder, { recursive: true }));

  it('is held by one at a time, and free again when it was released', () => {
    const lock = lockDataFolder(file);
    assert.throws(() => lockDataFolder(file), { code: 'DATA_FOLDER_IN_USE', message: /Stop it first/ });
    lock.release();
    lockDataFolder(file).release();
  });

  it('says which folder cannot be locked where it is no folder', () => {
    writeFileSync(join(folder, 'file'), '');
    const wrong = join(folder, 'file', 'control', 'lock.sqlite');
    assert.throws(() => lockDataFolder(wrong), {
      code: 'STORE_UNAVAILABLE',
      message: new RegExp(join(folder, 'file')),
    });
  });
});
