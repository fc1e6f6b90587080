import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { blobName, blobPath, type Descriptor, type OciManifest, UNPACKED_SIZE } from './oci.ts';

/** An image of a layout, with what has to be known to load it. */
export interface LayoutImage {
  reference: string;
  config: LayoutBlob;
  manifest: LayoutBlob;
  layers: (LayoutBlob & { diff_id: string; unpack: { unpacked: number } | null })[];
}

export interface LayoutBlob {
  digest: string;
  size: number;
  media_type: string;
}

/**
 * Reads the image whose manifest has this digest from a folder with `blobs/sha256/`. Manifest and configuration are held
 * against their digests here, layers by whoever reads them. Throws `OBJECT_CORRUPTED`.
 */
export function readLayoutImage(folder: string, reference: string, manifestDigest: string): LayoutImage {
  const text = readBlob(folder, manifestDigest);
  const manifest = JSON.parse(text.toString('utf8')) as OciManifest;
  const { config, layers } = manifest;
  const { rootfs } = JSON.parse(readBlob(folder, config.digest).toString('utf8')) as { rootfs: { diff_ids: string[] } };
  if (rootfs.diff_ids.length !== layers.length) throw corrupted(config.digest);
  return {
    reference,
    config: blobOf(config),
    manifest: { digest: manifestDigest, size: text.length, media_type: manifest.mediaType },
    layers: layers.map((layer, at) => ({
      ...blobOf(layer),
      diff_id: rootfs.diff_ids[at]!,
      unpack: unpackOf(layer),
    })),
  };
}

/** The bytes of a blob of a layout, from the disk. */
export const openLayoutBlob =
  (folder: string) =>
  (digest: string): AsyncIterable<Uint8Array> =>
    createReadStream(join(folder, blobPath(digest)), { highWaterMark: 1 << 20 });

const blobOf = ({ digest, size, mediaType }: Descriptor): LayoutBlob => ({ digest, size, media_type: mediaType });

/** Only what was packed here says how large it is. */
function unpackOf({ mediaType, annotations }: Descriptor): { unpacked: number } | null {
  const unpacked = Number(annotations?.[UNPACKED_SIZE]);
  return mediaType.endsWith('+zstd') && Number.isSafeInteger(unpacked) ? { unpacked } : null;
}

function readBlob(folder: string, digest: string): Buffer {
  const bytes = readFileSync(join(folder, blobPath(digest)));
  if (sha256Hex(bytes) !== blobName(digest)) throw corrupted(digest);
  return bytes;
}

function corrupted(digest: string): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', `The blob ${digest} of an image is not what its name says.`, {
    details: [{ field: 'blob', value: digest, constraint: 'bytes of this hash' }],
  });
}
