import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BundledImage, layoutInputs } from '../../../../appliance/bundle/build/oci-layout.ts';
import type { Input } from '../../../../appliance/bundle/build/write-bundle.ts';
import { type ApplyOptions, applyDelta } from '../../../../appliance/bundle/delta/apply-delta.ts';
import { makeDelta } from '../../../../appliance/bundle/delta/make-delta.ts';
import { verifyDelta } from '../../../../appliance/bundle/delta/verify-delta.ts';
import type { BundleManifest } from '../../../../appliance/bundle/format/manifest.ts';
import { blobPath, OCI_MEDIA, ociManifest } from '../../../../appliance/bundle/format/oci.ts';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { placeRelease } from '../../../../appliance/bundle/install/phases/place-release.ts';
import { publicLine, publicOf } from '../../../../appliance/bundle/sshsig/keys.ts';
import { verifyBundle } from '../../../../appliance/bundle/verify/verify-bundle.ts';
import { prefixedSha256, sha256Hex } from '../../../../appliance/kernel/digest.ts';
import { type BundleWorld, bundleWorld, INPUTS, newKey } from '../../../support/bundle-world.ts';

describe('a delta from one bundle to a newer one', () => {
  let world: BundleWorld;
  let older: string;
  let newer: { path: string; manifest: BundleManifest };
  let delta: string;
  /** What a host has of the older one: the verified copy, with its parts joined. */
  let installed: string;
  let copies = 0;
  const place = (name: string) => join(world.folder, `${name}-${copies++}`);

  before(async () => {
    world = bundleWorld();
    const images = (program: string) =>
      layoutInputs([image('store', ['system', 'store']), image('own', ['system', program])], 'amd64');
    const rest = INPUTS.filter(({ path }) => !path.startsWith('images/'));
    const build = async (name: string, version: string, program: string, more: Input[]) => {
      const layout = images(program);
      return world.build(name, {
        about: { version, images: layout.images, counter: version === '1.2.3' ? 7 : 8 },
        inputs: [...rest, ...more, ...layout.inputs],
      });
    };
    older = (await build('older', '1.2.3', 'program', [{ path: 'docs/moved.txt', from: Buffer.from('moved') }])).path;
    newer = await build('newer', '1.2.4', 'changed', [
      { path: 'docs/guides/moved.txt', from: Buffer.from('moved') },
      { path: 'docs/new.txt', from: Buffer.from('new') },
    ]);
    delta = join(world.folder, 'delta');
    installed = join(world.folder, 'installed');
    await verifyBundle(older, world.options({ target: installed }));
  });
  after(() => world.end());

  function image(name: string, layers: string[]): BundledImage {
    const at = place(`image-${name}`);
    mkdirSync(join(at, 'blobs/sha256'), { recursive: true });
    const put = (bytes: Buffer) => {
      const digest = prefixedSha256(bytes);
      writeFileSync(join(at, blobPath(digest)), bytes);
      return { digest, size: bytes.length };
    };
    const diff_ids = layers.map((content) => prefixedSha256(`unpacked ${content}`));
    const config = { mediaType: OCI_MEDIA.config, ...put(Buffer.from(JSON.stringify({ name, rootfs: { diff_ids } }))) };
    const blobs = layers.map((content) => ({ mediaType: OCI_MEDIA.layer, ...put(Buffer.from(content.repeat(50))) }));
    const { digest } = put(ociManifest(config, blobs));
    return { name, reference: `frostbyte.local/${name}:1`, folder: at, manifest_digest: digest };
  }
  /** An engine that has nothing, unless it is told otherwise. */
  const apply = (changes: Partial<ApplyOptions> = {}, from = delta) =>
    applyDelta(from, {
      ...world.options(),
      older: installed,
      target: place('target'),
      needed: async (images) => new Set(images.flatMap(({ layers }) => layers.map(({ digest }) => digest))),
      lean: false,
      ...changes,
    });

  test('holds what the older one lacks by hash, wherever it lies there, and the newer one’s lists', () => {
    const made = makeDelta(older, newer.path, delta);
    assert.deepEqual([made.from, made.to], ['1.2.3', '1.2.4']);
    assert.ok(existsSync(join(delta, 'docs/new.txt')) && existsSync(join(delta, 'MANIFEST.json.sig')));
    for (const held of ['docs/guides/moved.txt', 'bin/node', 'models/weights.bin.part001', 'README.txt'])
      assert.ok(!existsSync(join(delta, held)), held);
    assert.ok(made.bytes < made.of_bytes);
    assert.throws(() => makeDelta(older, newer.path, delta), { code: 'VALIDATION_ERROR' });
  });

  test('and the older one, as it was copied, give the newer one to the byte, in its parts: one that installs', async () => {
    const target = place('whole');
    const { bundle, in_engine, to_send } = await apply({ target });
    assert.deepEqual([bundle.version, in_engine], ['1.2.4', 0]);
    assert.equal(
      to_send,
      ['system', 'store', 'changed'].reduce((sum, layer) => sum + layer.length * 50, 0),
    );
    execFileSync('diff', ['-r', newer.path, target]);
    assert.equal((await apply({ target: place('asked-nobody'), needed: null })).to_send, null);

    const host = hostLayout(place('host'));
    await verifyBundle(target, world.options({ target: join(host.quarantine, '1.2.4') }));
    const release = {
      version: '1.2.4',
      manifest_sha256: sha256Hex(readFileSync(join(target, 'MANIFEST.json'))),
      bytes: 1,
    };
    const phase = placeRelease(host, release);
    await phase.do({ progress: () => undefined, signal: new AbortController().signal } as never);
    assert.equal(await phase.check({} as never), true);
    for (const file of [
      'bin/node',
      'docs/new.txt',
      'models/weights.bin',
      `images/${blobPath(bundle.images[0]!.manifest_digest)}`,
    ])
      assert.ok(existsSync(join(host.releases, '1.2.4', file)), file);
  });

  test('to load images from, its lean form has its parts joined, as a release has', async () => {
    const target = place('lean');
    await apply({ target, lean: true });
    const straight = place('straight');
    await verifyBundle(newer.path, world.options({ target: straight }));
    execFileSync('diff', ['-r', straight, target]);
  });

  test('is verified by itself: whom it is from, and every file that is there', async () => {
    const { bundle, bytes } = await verifyDelta(delta, world.options());
    assert.equal(bundle.version, '1.2.4');
    assert.ok(bytes > 0);
    for (const [name, code] of [
      ['docs/new.txt', 'BUNDLE_FILE_ALTERED'],
      ['docs/added.txt', 'BUNDLE_FILE_EXTRA'],
    ] as const) {
      const spoilt = place('spoilt-alone');
      cpSync(delta, spoilt, { recursive: true });
      writeFileSync(join(spoilt, name), 'nEw');
      await assert.rejects(verifyDelta(spoilt, world.options()), { code });
    }
    const foreign = await world.build('foreign-alone', { signer: newKey() });
    await assert.rejects(verifyDelta(foreign.path, world.options()), { code: 'BUNDLE_SIGNER_UNKNOWN' });
  });

  test('needs, lean, no blob that the engine has, and names before anything is copied what neither has', async () => {
    const bare = place('bare');
    cpSync(installed, bare, { recursive: true });
    const system = Buffer.from('system'.repeat(50));
    const blob = `images/${blobPath(prefixedSha256(system))}`;
    rmSync(join(bare, blob));
    const target = place('engine');
    await assert.rejects(apply({ older: bare, needed: async () => new Set<string>() }), {
      code: 'BUNDLE_FILE_MISSING',
    });
    const hadAll = await apply({ older: bare, target, needed: async () => new Set<string>(), lean: true });
    assert.equal(hadAll.in_engine, 1);
    assert.ok(!existsSync(join(target, blob)) && existsSync(join(target, 'bin/node')));

    const refused = place('refused');
    rmSync(join(bare, 'bin/node'));
    await assert.rejects(
      apply({ older: bare, target: refused }),
      (error: { code: string; details: { field: string }[] }) => {
        assert.equal(error.code, 'BUNDLE_FILE_MISSING');
        assert.deepEqual(error.details.map(({ field }) => field).sort(), ['bin/node', blob].sort());
        return true;
      },
    );
    assert.ok(!existsSync(refused) && !existsSync(`${refused}.incoming`));
    await assert.rejects(apply({ older: bare, target: null }), { code: 'BUNDLE_FILE_MISSING' });
  });

  test('is refused where a byte of either is another, or something was added', async () => {
    const changed = place('changed');
    cpSync(installed, changed, { recursive: true });
    const node = readFileSync(join(changed, 'bin/node'));
    node[100]! ^= 1;
    writeFileSync(join(changed, 'bin/node'), node);
    const target = place('from-changed');
    await assert.rejects(apply({ older: changed, target }), { code: 'BUNDLE_FILE_ALTERED' });
    assert.ok(!existsSync(target));
    const weights = readFileSync(join(installed, 'models/weights.bin'));
    weights[2000]! ^= 1;
    cpSync(installed, changed, { recursive: true, force: true });
    writeFileSync(join(changed, 'models/weights.bin'), weights);
    await assert.rejects(apply({ older: changed }), { code: 'BUNDLE_FILE_ALTERED' });
    const spoilt = place('spoilt');
    cpSync(delta, spoilt, { recursive: true });
    writeFileSync(join(spoilt, 'docs/new.txt'), 'nEw');
    await assert.rejects(apply({}, spoilt), { code: 'BUNDLE_FILE_ALTERED' });
    writeFileSync(join(spoilt, 'docs/more.txt'), 'more');
    await assert.rejects(apply({}, spoilt), { code: 'BUNDLE_FILE_EXTRA' });
  });

  test('is refused where the file of the root key, of which no signature depends, is another or away', async () => {
    const spoilt = place('root-key');
    cpSync(delta, spoilt, { recursive: true });
    const target = place('with-root-key');
    const other = publicLine(publicOf(newKey()));
    for (const [text, code] of [
      [`${other}\n`, 'BUNDLE_FILE_ALTERED'],
      [`${other} and more\n`, 'BUNDLE_FILE_PADDED'],
    ] as const) {
      writeFileSync(join(spoilt, 'signers/root.pub'), text);
      await assert.rejects(apply({ target }, spoilt), { code });
    }
    rmSync(join(spoilt, 'signers/root.pub'));
    await assert.rejects(apply({ target }, spoilt), { code: 'BUNDLE_FILE_MISSING' });
    assert.ok(!existsSync(target));
  });

  test('of a blob in parts each has to be there, unless the engine has the whole', async () => {
    const content = 'layer'.repeat(40);
    const layout = layoutInputs([image('large', [content])], 'amd64');
    const { path } = await world.build('large', {
      inputs: layout.inputs,
      about: { images: layout.images },
      partBytes: 6000,
    });
    const blob = `images/${blobPath(prefixedSha256(content.repeat(50)))}`;
    const parted = place('parted');
    cpSync(path, parted, { recursive: true });
    rmSync(join(parted, `${blob}.part001`));
    await assert.rejects(apply({}, parted), (error: { code: string; details: { field: string }[] }) => {
      assert.deepEqual(
        [error.code, error.details.map(({ field }) => field)],
        ['BUNDLE_FILE_MISSING', [`${blob}.part001`]],
      );
      return true;
    });
    const target = place('unparted');
    assert.equal((await apply({ target, needed: async () => new Set(), lean: true }, parted)).in_engine, 1);
    assert.ok(!existsSync(join(target, blob)));
  });

  test('is believed by the newer one’s signature alone, and held against this host', async () => {
    const unsigned = place('unsigned');
    cpSync(delta, unsigned, { recursive: true });
    rmSync(join(unsigned, 'MANIFEST.json.sig'));
    await assert.rejects(apply({}, unsigned), { code: 'BUNDLE_SIGNATURE_MISSING' });
    const host = { arch: 'amd64' as const, counter: 9, not_before: 0, allow_older: false };
    await assert.rejects(apply({ host }), { code: 'BUNDLE_OLDER' });
    const foreign = await world.build('foreign', { signer: newKey() });
    await assert.rejects(apply({}, foreign.path), { code: 'BUNDLE_SIGNER_UNKNOWN' });
    await assert.rejects(apply({ older: world.folder }), { code: 'BUNDLE_FILE_MISSING' });
  });
});
