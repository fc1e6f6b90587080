import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWeight } from '../../../appliance/kernel/folder-weight.ts';

test('a folder weighs what its files take of the disk, by whatever names, and nothing that a link leads to', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-weight-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(await folderWeight(join(folder, 'missing')), 0);
  const own = join(folder, 'own');
  mkdirSync(join(own, 'deep/er'), { recursive: true });
  writeFileSync(join(own, 'vectors.sqlite'), Buffer.alloc(300_000, 1));
  writeFileSync(join(own, 'deep/er/.hidden'), Buffer.alloc(200_000, 1));
  writeFileSync(join(folder, 'foreign'), Buffer.alloc(5_000_000, 1));
  symlinkSync(join(folder, 'foreign'), join(own, 'link'));
  symlinkSync(folder, join(own, 'around'));
  // Long, and empty.
  const fd = openSync(join(own, 'sparse'), 'w');
  ftruncateSync(fd, 1e12);
  closeSync(fd);
  const weight = await folderWeight(own);
  assert.ok(weight >= 500_000 && weight < 700_000, `${weight}`);
});
