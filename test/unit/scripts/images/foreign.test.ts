import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { blobPath } from '../../../../appliance/bundle/format/oci.ts';
import { takeForeign } from '../../../../scripts/images/foreign.ts';
import type { ForeignImage } from '../../../../scripts/images/lock.ts';
import { movedImage } from '../../../../scripts/images/move.ts';

/** An image of others: an index with two architectures, as registries have them. */
const sha = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const blobs = new Map<string, Buffer>();
const put = (content: string) => {
  const bytes = Buffer.from(content);
  blobs.set(sha(bytes), bytes);
  return { mediaType: 'application/octet-stream', digest: sha(bytes), size: bytes.length };
};
const layer = put('a layer');
const config = put(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [layer.digest] } }));
const manifest = put(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [layer],
  }),
);
const platform = (architecture: string) => ({ os: 'linux', architecture });
const index = put(
  JSON.stringify({
    schemaVersion: 2,
    manifests: [
      { ...put('{}'), platform: platform('riscv64') },
      { ...manifest, platform: platform(process.arch === 'x64' ? 'amd64' : 'arm64') },
    ],
  }),
);

const IMAGE: ForeignImage = {
  name: 'vectors',
  source: 'registry',
  repository: 'others/vectors',
  version: 'v1',
  licence: 'Apache-2.0',
  manifest_digest: index.digest,
  config_digest: null,
  size: null,
};

describe('an image of others', () => {
  let folder: string;
  let server: Server;
  let registry: string;
  /** What the registry gives in the place of a blob. */
  const forged = new Map<string, Buffer>();
  const asked: string[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-foreign-'));
    server = createServer((request, answer) => {
      const url = new URL(request.url!, 'http://registry');
      asked.push(url.pathname);
      if (url.pathname === '/token') {
        assert.equal(url.searchParams.get('scope'), 'repository:others/vectors:pull');
        answer.end(JSON.stringify({ token: 'let-me-in' }));
        return;
      }
      if (request.headers.authorization !== 'Bearer let-me-in') {
        answer.writeHead(401, { 'www-authenticate': `Bearer realm="${registry}/token",service="registry"` });
        answer.end();
        return;
      }
      const named = /^\/v2\/others\/vectors\/(?:blobs|manifests)\/(\S+)$/.exec(url.pathname)?.[1];
      const digest = named === 'v2' ? index.digest : named;
      const bytes = forged.get(digest!) ?? blobs.get(digest!);
      if (bytes === undefined) answer.writeHead(404).end();
      else answer.end(bytes);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const cacheOf = (name: string) => join(folder, name);

  test('is pulled by digest, for this architecture, and once', async () => {
    const built = await takeForeign(IMAGE, { registry, cache: cacheOf('pulled') });
    assert.deepEqual([built.config_digest, built.manifest_digest, built.fresh], [config.digest, manifest.digest, true]);
    for (const digest of [config.digest, manifest.digest, layer.digest])
      assert.equal(sha(readFileSync(join(built.folder, blobPath(digest)))), digest);
    asked.length = 0;
    assert.equal((await takeForeign(IMAGE, { cache: cacheOf('pulled') })).fresh, false);
    assert.deepEqual(asked, []);
  });

  test('is refused whole where one blob, the manifest or the index is another', async () => {
    for (const { digest } of [layer, config, manifest, index]) {
      forged.set(digest, Buffer.from('something else'));
      const cache = cacheOf(`forged-${digest.slice(-8)}`);
      await assert.rejects(takeForeign(IMAGE, { registry, cache }), /the registry gave sha256:.* for sha256:/);
      assert.ok(!existsSync(join(cache, index.digest.slice(7, 23))), 'nothing is kept');
      forged.clear();
    }
  });

  test('is refused where its configuration is not the one of the lock', async () => {
    const cache = cacheOf('configured');
    const locked = { ...IMAGE, config_digest: config.digest };
    assert.equal((await takeForeign(locked, { registry, cache })).config_digest, config.digest);
    await assert.rejects(
      takeForeign({ ...IMAGE, config_digest: layer.digest }, { registry, cache }),
      new RegExp(`has the config_digest ${config.digest}; images/lock\\.json says ${layer.digest}`),
    );
  });

  test('is moved to the version that somebody names, with digests and size of what its registry has', async () => {
    const cache = cacheOf('moved');
    const size = [config, manifest, layer].reduce((sum, one) => sum + one.size, 0);
    const old = { ...IMAGE, manifest_digest: layer.digest, config_digest: layer.digest, size: 1 };
    const moved = await movedImage(old, 'v2', { registry, cache });
    const whole = { manifest_digest: index.digest, config_digest: config.digest, size };
    assert.deepEqual(moved, { ...IMAGE, version: 'v2', ...whole });
    // What the lock lacks is written down where a registry is reached; what it has stays as it is.
    assert.deepEqual(await movedImage(IMAGE, undefined, { registry, cache }), { ...IMAGE, ...whole });
    for (const image of [old, IMAGE, { ...IMAGE, manifest_digest: null }])
      assert.equal(await movedImage(image, undefined, { registry: undefined, cache }), image);
    await assert.rejects(movedImage(old, 'v2', { registry: undefined, cache }), /no registry was named/);
    await assert.rejects(movedImage(old, 'v3', { registry, cache }), /answers 404 for others\/vectors manifests\/v3/);
  });

  test('that cannot be had is said to be so, with how to do without it', async () => {
    const cache = cacheOf('none');
    await assert.rejects(
      takeForeign(IMAGE, { cache }),
      /no registry was named\. .* has others\/vectors: make images bundle REGISTRY=https:\/\/… .*; build without it, .*: make images bundle WITHOUT=vectors$/,
    );
    const closed = 'http://127.0.0.1:1';
    await assert.rejects(takeForeign(IMAGE, { registry: closed, cache }), /cannot be reached; .*WITHOUT=vectors/);
    await assert.rejects(
      takeForeign({ ...IMAGE, manifest_digest: null }, { registry, cache }),
      /has no digest in images\/lock\.json/,
    );
  });

  test('is taken from an archive, in the place of one of ours, by the digest of the lock', async () => {
    const layout = join(folder, 'layout');
    mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
    for (const [digest, bytes] of blobs) writeFileSync(join(layout, blobPath(digest)), bytes);
    const file = join(folder, 'archive.tar');
    execFileSync('tar', ['--create', `--file=${file}`, `--directory=${layout}`, 'blobs']);
    const { source: _, repository: __, ...rest } = IMAGE as Extract<ForeignImage, { source: 'registry' }>;
    const image: ForeignImage = { ...rest, source: 'archive', file, replaces: 'objects' };
    const built = await takeForeign(image, { cache: cacheOf('archive') });
    assert.match(built.tag, /^frostbyte\.local\/objects:/);
    assert.equal(built.manifest_digest, manifest.digest);
    writeFileSync(join(layout, blobPath(layer.digest)), 'another layer');
    execFileSync('tar', ['--create', `--file=${file}`, `--directory=${layout}`, 'blobs']);
    await assert.rejects(takeForeign(image, { cache: cacheOf('changed') }), /the archive has sha256:/);
    // As older engines save it: no manifest, so no digest to hold it against.
    writeFileSync(join(layout, 'manifest.json'), '[]');
    execFileSync('tar', ['--create', `--file=${file}`, `--directory=${layout}`, 'manifest.json']);
    await assert.rejects(
      takeForeign(image, { cache: cacheOf('older') }),
      /is no OCI layout, as `docker save` of an engine from 25 on .*make images, without OBJECTS=vectors/,
    );
  });
});
