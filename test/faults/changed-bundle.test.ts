import assert from 'node:assert/strict';
import { cpSync, createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BundleManifest } from '../../appliance/bundle/format/manifest.ts';
import { verifyBundle } from '../../appliance/bundle/verify/verify-bundle.ts';
import { verifyStream } from '../../appliance/bundle/verify/verify-stream.ts';
import { type BundleWorld, bundleWorld } from '../support/bundle-world.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';

/** No byte of a bundle is free: whichever is changed, every verifier finds it (`verify.sh`: `test/shipped/verify-sh`). */

const CHANGES = ALL_FAULTS ? 2000 : 60;

let world: BundleWorld;
let path: string;
let manifest: BundleManifest;
before(async () => {
  world = bundleWorld();
  ({ path, manifest } = await world.build('genuine'));
});
after(() => world.end());

const refused = (work: Promise<unknown>, where: string) =>
  assert.rejects(work, ({ code }: { code?: string }) => code?.startsWith('BUNDLE_') === true, where);

test(`each of ${CHANGES} changed bytes of a tar is found, by both of its readers`, { timeout: 600_000 }, async () => {
  const random = seeded(20);
  const file = await world.tar(path, manifest);
  const original = readFileSync(file);
  for (let n = 0; n < CHANGES; n++) {
    const changed = Buffer.from(original);
    const at = random.whole(0, changed.length - 1);
    changed[at]! ^= random.whole(1, 255);
    writeFileSync(file, changed);
    await refused(verifyBundle(file, world.options()), `byte ${at}, read from a file`);
    await refused(verifyStream(createReadStream(file), world.options()), `byte ${at}, read as a stream`);
  }
});

test(`each of ${CHANGES} changed bytes of a folder is found`, { timeout: 600_000 }, async () => {
  const random = seeded(21);
  const folder = join(world.folder, 'changed');
  cpSync(path, folder, { recursive: true });
  const files = manifest.files.filter(({ size }) => size > 0).map((file) => file.path);
  files.push('MANIFEST.json', 'SHA256SUMS', 'MANIFEST.json.sig', 'SHA256SUMS.sig');
  for (let n = 0; n < CHANGES; n++) {
    const file = join(folder, random.pick(files));
    const before = readFileSync(file);
    const changed = Buffer.from(before);
    const at = random.whole(0, changed.length - 1);
    changed[at]! ^= random.whole(1, 255);
    writeFileSync(file, changed);
    await refused(verifyBundle(folder, world.options()), `byte ${at} of ${file}`);
    writeFileSync(file, before);
  }
});
