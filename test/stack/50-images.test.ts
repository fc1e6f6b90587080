import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { IMAGE_USERS } from '../../appliance/control/stack/images.ts';
import { type BuiltImage, buildImage } from '../../scripts/images/build.ts';
import { type ImageLock, lockedRecipe, pinsOf, readLock } from '../../scripts/images/lock.ts';
import { buildTwice } from '../../scripts/images/twice.ts';
import { foreignComponents } from '../../scripts/licences/inside-image.ts';
import { judge, readPolicy } from '../../scripts/licences/policy.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';
import { stackMissing } from '../support/stack.ts';

/** On a disk, not on memory: a root file system of Debian is large. */
const CACHE = resolve(import.meta.dirname, '../../.cache');
const DAY_ZERO = '2026-01-01T00:00:00.000Z';

describe('images', { skip: stackMissing() ?? false }, () => {
  it('built twice, of the same packages and programs, are the same to the byte', async () => {
    const built = await builtInto('objects', 2);
    assert.equal(built[0]!.manifest_digest, built[1]!.manifest_digest);
    assert.equal(built[0]!.created, DAY_ZERO);
  });

  // Minutes each; of one of them CI makes sure whenever it makes images.
  if (ALL_FAULTS) {
    for (const name of Object.keys(IMAGE_USERS).filter((image) => image !== 'qdrant'))
      it(`built twice with nothing compiled, no layer and no image left between, are the same to the byte: ${name}`, async () => {
        const [first, second] = await buildTwice(name);
        assert.equal(first, second);
      });
  }

  it('are built without a mirror, of the packages that were fetched before, as the lock says', async () => {
    const [built] = await builtInto('redis', 1);
    assert.equal(built!.manifest_digest, lockedRecipe(readLock(), 'redis')!.manifest_digest);
  });

  it('are made of what is found in their layers too, as images of others are read', async () => {
    const lock = readLock();
    const image = { name: 'redis', version: '1', licence: 'MIT' };
    const found = await foreignComponents(image, await buildImage('redis'), readPolicy());
    assert.deepEqual(found.slice(0, -1).map(nameOf).sort(), pinsOf(lock, 'redis').map(nameOf).sort());
    assert.equal(judge(found, readPolicy()).length, found.length, 'each says its licence');
    assert.deepEqual(
      found.at(-1)!.programs!.map(({ path }) => path),
      ['/usr/local/bin/redis-health', '/usr/local/bin/start-redis'],
    );
  });

  it('that come out otherwise than the lock says are refused, and their digest is said', async () => {
    const lock = readLock();
    const other = lock.images.map((image) =>
      image.name === 'objects' ? { ...image, manifest_digest: `sha256:${'0'.repeat(64)}` } : image,
    );
    await assert.rejects(
      buildImage('objects', { lock: { ...lock, images: other } as ImageLock }),
      /objects was made with the manifest_digest sha256:[0-9a-f]{64}; images\/lock\.json says sha256:0{64}/,
    );
  });
});

const nameOf = ({ name, version, arch }: { name: string; version: string; arch?: string }) =>
  `${name} ${version} ${arch}`;

/** Builds with an empty cache each time. */
async function builtInto(name: string, times: number): Promise<(BuiltImage & { created: string })[]> {
  const built: (BuiltImage & { created: string })[] = [];
  for (let time = 0; time < times; time++) {
    const cache = mkdtempSync(join(CACHE, 'twice-'));
    try {
      const image = await buildImage(name, { cache });
      assert.equal(image.fresh, true);
      assert.equal((await buildImage(name, { cache })).fresh, false, 'nothing is made twice');
      const config = readFileSync(join(image.folder, blobPath(image.config_digest)), 'utf8');
      built.push({ ...image, created: (JSON.parse(config) as { created: string }).created });
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  }
  return built;
}
