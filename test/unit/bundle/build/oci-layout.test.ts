import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BundledImage, bundledImages, layoutInputs } from '../../../../appliance/bundle/build/oci-layout.ts';
import { blobPath, OCI_MEDIA, ociManifest, UNPACKED_SIZE } from '../../../../appliance/bundle/format/oci.ts';
import { prefixedSha256 } from '../../../../appliance/kernel/digest.ts';
import { type BundleWorld, bundleWorld, INPUTS } from '../../../support/bundle-world.ts';

describe('images in a bundle', () => {
  let folder: string;
  let world: BundleWorld;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-layout-'));
    world = bundleWorld();
  });
  after(() => {
    world.end();
    rmSync(folder, { recursive: true });
  });
  /** An image in a folder of its own, as `make images` leaves it. */
  const image = (name: string, layers: string[]): BundledImage => {
    const at = join(folder, name);
    mkdirSync(join(at, 'blobs/sha256'), { recursive: true });
    const put = (bytes: Buffer) => {
      const digest = prefixedSha256(bytes);
      writeFileSync(join(at, blobPath(digest)), bytes);
      return { digest, size: bytes.length };
    };
    const diff_ids = layers.map((content) => prefixedSha256(`unpacked ${content}`));
    const config = put(Buffer.from(JSON.stringify({ name, rootfs: { diff_ids } })));
    const blobs = layers.map((content) => ({
      mediaType: OCI_MEDIA.layer,
      ...put(Buffer.from(content)),
      annotations: { [UNPACKED_SIZE]: '77' },
    }));
    const manifest = put(ociManifest({ mediaType: OCI_MEDIA.config, ...config }, blobs));
    return { name, reference: `frostbyte.local/${name}:1.2.3`, folder: at, manifest_digest: manifest.digest };
  };

  test('are one layout: layers that several have are there once, and the order of asking changes nothing', () => {
    const [a, b] = [image('a', ['system', 'a']), image('b', ['system', 'b'])];
    const one = layoutInputs([a, b], 'amd64');
    const blobs = one.inputs.filter(({ path }) => path.startsWith('images/blobs/'));
    // Three layers, two configurations, two manifests.
    assert.equal(blobs.length, 7);
    const again = layoutInputs([b, a], 'amd64');
    assert.deepEqual(again.images, one.images);
    const index = ({ inputs }: typeof one) => String(inputs.find(({ path }) => path === 'images/index.json')!.from);
    assert.equal(index(again), index(one));
    const { manifests } = JSON.parse(index(one));
    assert.deepEqual(
      manifests.map((each: { annotations: Record<string, string> }) => each.annotations['io.containerd.image.name']),
      ['frostbyte.local/a:1.2.3', 'frostbyte.local/b:1.2.3'],
    );
  });

  test('come out of a verified copy as they went in', async () => {
    const { inputs, images } = layoutInputs([image('c', ['system', 'c'])], 'amd64');
    const rest = INPUTS.filter(({ path }) => !path.startsWith('images/'));
    const { path, manifest } = await world.build('with-images', { inputs: [...rest, ...inputs], about: { images } });
    const [found] = bundledImages(path, manifest);
    assert.equal(found!.reference, 'frostbyte.local/c:1.2.3');
    assert.deepEqual(
      found!.layers.map(({ unpack, diff_id }) => [unpack, diff_id]),
      [
        [{ unpacked: 77 }, prefixedSha256('unpacked system')],
        [{ unpacked: 77 }, prefixedSha256('unpacked c')],
      ],
    );
    assert.equal(readFileSync(join(path, 'images', blobPath(found!.layers[1]!.digest)), 'utf8'), 'c');
  });

  test('are refused where a blob is another than its name says, or one that is listed is not there', async () => {
    const { inputs, images } = layoutInputs([image('d', ['d'])], 'amd64');
    const name = `images/blobs/sha256/${'ab'.repeat(32)}`;
    const forged = [...inputs, { path: name, from: Buffer.from('forged') }];
    await assert.rejects(world.build('forged', { inputs: forged, about: { images } }), {
      code: 'BUNDLE_MANIFEST_INVALID',
    });
    const without = inputs.filter(({ path }) => !path.endsWith(images[0]!.config_digest.slice(7)));
    await assert.rejects(world.build('without', { inputs: without, about: { images } }), {
      code: 'BUNDLE_MANIFEST_INVALID',
    });
    const changed = image('e', ['e']);
    writeFileSync(join(changed.folder, blobPath(changed.manifest_digest)), '{}');
    assert.throws(() => layoutInputs([changed], 'amd64'), { code: 'OBJECT_CORRUPTED' });
  });
});
