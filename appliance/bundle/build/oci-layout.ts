import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { BundleManifest } from '../format/manifest.ts';
import { blobPath, CONTAINERD_NAME, OCI_MEDIA, REF_NAME } from '../format/oci.ts';
import { readLayoutImage } from '../format/oci-layout.ts';
import type { Input } from './write-bundle.ts';

/** An image that goes into a bundle; its blobs lie in `folder`, below `blobs/sha256/`. */
export interface BundledImage {
  /** `postgres` */
  name: string;
  /** `frostbyte.local/postgres:1.2.3` */
  reference: string;
  folder: string;
  manifest_digest: string;
}

/**
 * Images as one OCI layout (image-spec 1.1) below `images/`: `index.json` names them, blobs lie under their digests, so a
 * layer that several images have is there once. Gives the files, and what the bundle's manifest says of each image.
 * Throws `OBJECT_CORRUPTED` where a manifest or a configuration is not what its name says.
 */
export function layoutInputs(
  images: readonly BundledImage[],
  arch: BundleManifest['arch'],
): { inputs: Input[]; images: BundleManifest['images'] } {
  const blobs = new Map<string, string>();
  const manifests: object[] = [];
  const about: BundleManifest['images'] = [];
  for (const { name, reference, folder, manifest_digest } of images.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { config, manifest, layers } = readLayoutImage(folder, reference, manifest_digest);
    for (const { digest } of [config, manifest, ...layers]) blobs.set(digest, join(folder, blobPath(digest)));
    manifests.push({
      mediaType: manifest.media_type,
      digest: manifest.digest,
      size: manifest.size,
      platform: { os: 'linux', architecture: arch },
      annotations: { [CONTAINERD_NAME]: reference, [REF_NAME]: reference.split(':').at(-1) },
    });
    const size = [config, manifest, ...layers].reduce((sum, blob) => sum + blob.size, 0);
    about.push({ name, reference, manifest_digest, config_digest: config.digest, size });
  }
  const index = canonicalJson({ schemaVersion: 2, mediaType: OCI_MEDIA.index, manifests });
  const inputs: Input[] = [
    { path: 'images/index.json', from: Buffer.from(index) },
    { path: 'images/oci-layout', from: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    ...[...blobs].map(([digest, from]) => ({ path: `images/${blobPath(digest)}`, from })),
  ];
  return { inputs, images: about };
}

/** The images of a bundle that was verified, as they are loaded; their blobs lie below `images/` of its folder. */
export function bundledImages(folder: string, { images }: Pick<BundleManifest, 'images'>) {
  const layout = join(folder, 'images');
  // A layout without its index is none.
  JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  return images.map(({ reference, manifest_digest }) => readLayoutImage(layout, reference, manifest_digest));
}
