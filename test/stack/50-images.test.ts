import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { type BuiltImage, buildImage } from '../../scripts/images/build.ts';
import { stackMissing } from '../support/stack.ts';

/** On a disk, not on memory: a root file system of Debian is large. */
const CACHE = resolve(import.meta.dirname, '../../.cache');
const DAY_ZERO = '2026-01-01T00:00:00.000Z';

describe('images', { skip: stackMissing() ?? false }, () => {
  // The one that needs no mirror: none is reached from here. `scripts/images.ts --twice` does it for any of them.
  it('built twice, from nothing, are the same to the byte', async () => {
    const caches = [1, 2].map(() => mkdtempSync(join(CACHE, 'twice-')));
    try {
      const built: BuiltImage[] = [];
      for (const cache of caches) built.push(await buildImage('objects', { cache }));
      assert.ok(built.every(({ fresh }) => fresh));
      assert.equal(built[0]!.manifest_digest, built[1]!.manifest_digest);
      assert.equal((await buildImage('objects', { cache: caches[0]! })).fresh, false, 'nothing is made twice');
      const config = JSON.parse(readFileSync(join(built[0]!.folder, blobPath(built[0]!.config_digest)), 'utf8')) as {
        created: string;
      };
      assert.equal(config.created, DAY_ZERO);
    } finally {
      for (const cache of caches) rmSync(cache, { recursive: true, force: true });
    }
  });
});
