import { canonicalJson } from '../../kernel/canonical-json.ts';

/** What of the OCI image format (image-spec 1.1) a bundle uses: one layout, blobs under their digests. */

export const OCI_MEDIA = Object.freeze({
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  /** Packs smaller and unpacks several times faster than gzip, and gives the same bytes on every machine. */
  layer: 'application/vnd.oci.image.layer.v1.tar+zstd',
});

/** On a layer of ours: its bytes as a tar, so that it can be unpacked on the way to an engine. */
export const UNPACKED_SIZE = 'frostbyte.unpacked-size';
/** Where containerd, and who follows it, looks for an image’s whole name. */
export const CONTAINERD_NAME = 'io.containerd.image.name';
export const REF_NAME = 'org.opencontainers.image.ref.name';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

export interface OciManifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
}

/** The manifest of an image as it is hashed: the same layers give the same bytes. */
export function ociManifest(config: Descriptor, layers: Descriptor[]): Buffer {
  return Buffer.from(canonicalJson({ schemaVersion: 2, mediaType: OCI_MEDIA.manifest, config, layers }));
}

/** `sha256:…` without its first part: the name of a blob's file. */
export const blobName = (digest: string): string => digest.replace(/^sha256:/, '');

/** Where a blob lies in a layout. */
export const blobPath = (digest: string): string => `blobs/sha256/${blobName(digest)}`;
