import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { BundleManifest } from '../../../../appliance/bundle/format/manifest.ts';
import { hashFiles } from '../../../../appliance/bundle/verify/hash-files.ts';
import type { HashJob } from '../../../../appliance/bundle/verify/hash-place.ts';
import { ABOUT } from '../../../support/bundle-world.ts';

it('as many files are hashed at once as there are threads, the largest first, and no more', async () => {
  const sizes = [1, 5, 3, 4, 2];
  const files = sizes.map((size) => ({ path: `f${size}`, size, sha256: 'ab'.repeat(32) }));
  const bundle: BundleManifest = { ...ABOUT, files, joined: [] };
  const places = new Map(files.map(({ path, size }) => [path, { file: path, offset: 0, size }]));
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  const hash = ({ place }: HashJob) =>
    new Promise<{ sha256: string; bytes: number }>((done) => {
      begun.push(place.file);
      waiting.push(() => done({ sha256: 'ab'.repeat(32), bytes: place.size }));
    });
  const hashing = hashFiles(bundle, files, { hashers: { atOnce: 2, hash }, places, copy: null });
  const turn = () => new Promise(setImmediate);
  await turn();
  // Neither is done, and both are at work.
  assert.deepEqual(begun, ['f5', 'f4']);
  while (begun.length < files.length) {
    waiting.shift()!();
    await turn();
    assert.equal(waiting.length, 2);
  }
  assert.deepEqual(begun, ['f5', 'f4', 'f3', 'f2', 'f1']);
  for (const done of waiting) done();
  assert.deepEqual(await hashing, { problems: [], bytes: 15 });
});
