/** Turns a root file system into an OCI image: blobs by their digest. */

import { execFileSync } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { blobPath, type Descriptor, OCI_MEDIA, ociManifest, UNPACKED_SIZE } from '../../appliance/bundle/format/oci.ts';
import type { Recipe } from './recipe.ts';
import { SOURCE_DATE_EPOCH } from './root-file-system.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const NANOSECONDS = 1_000_000_000;
/** Some 60 MB a second on a core; higher levels win two percent and take several times as long. */
const PACK_LEVEL = 10;

/** The name that an image has on every box: private, so that no registry is ever asked for it (spec 7). */
export function imageTag(name: string, release: string): string {
  return `frostbyte.local/${name}:${release}`;
}

/** A layer as a blob: what it is packed and unpacked. */
export interface PackedLayer {
  digest: string;
  size: number;
  diff_id: string;
  unpacked: number;
}

/** An image as it is known by. */
export interface ImageDigests {
  /** On the classic image store this is the image id. */
  config_digest: string;
  /** And this on containerd’s. */
  manifest_digest: string;
  /** Bytes of all its blobs. */
  size: number;
}

/** Writes configuration and manifest into `folder`, beside the layers in `blobs/sha256/*`. */
export function writeImage(recipe: Recipe, layers: readonly PackedLayer[], folder: string): ImageDigests {
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    writeFileSync(join(folder, blobPath(digest)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = put(OCI_MEDIA.config, Buffer.from(JSON.stringify(configuration(recipe, layers))));
  const described = layers.map(({ digest, size, unpacked }) => ({
    mediaType: OCI_MEDIA.layer,
    digest,
    size,
    annotations: { [UNPACKED_SIZE]: String(unpacked) },
  }));
  const manifest = put(OCI_MEDIA.manifest, ociManifest(config, described));
  const size = [config, manifest, ...layers].reduce((sum, one) => sum + one.size, 0);
  return { config_digest: config.digest, manifest_digest: manifest.digest, size };
}

/** Packs the tar of a layer; one thread, since several give other bytes. */
export async function packLayer(tar: string, to: string): Promise<PackedLayer> {
  const unpacked = statSync(tar).size;
  const [whole, packed] = [createHash('sha256'), createHash('sha256')];
  await pipeline(
    createReadStream(tar),
    hashedInto(whole),
    createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: PACK_LEVEL }, pledgedSrcSize: unpacked }),
    hashedInto(packed),
    createWriteStream(to),
  );
  const name = (hash: Hash) => `sha256:${hash.digest('hex')}`;
  return { digest: name(packed), size: statSync(to).size, diff_id: name(whole), unpacked };
}

/** A layer is a tar: sorted entries, numbers for owners, one date: the same files give the same bytes. */
export function writeLayer(root: string, to: string): void {
  execFileSync('tar', [
    '--create',
    `--file=${to}`,
    `--directory=${root}`,
    '--sort=name',
    '--numeric-owner',
    '--format=posix',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    `--mtime=@${SOURCE_DATE_EPOCH}`,
    '--clamp-mtime',
    '.',
  ]);
}

function configuration(recipe: Recipe, layers: readonly PackedLayer[]) {
  const { entrypoint, command, env, health, user } = recipe;
  const created = new Date(SOURCE_DATE_EPOCH * 1000).toISOString();
  return {
    architecture: ARCHITECTURES[process.arch],
    os: 'linux',
    created,
    config: {
      User: `${user.id}:${user.id}`,
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', ...pairs(env)],
      Entrypoint: entrypoint,
      Cmd: command,
      WorkingDir: '/',
      StopSignal: recipe.stop_signal,
      Healthcheck: {
        Test: ['CMD', ...health.command],
        Interval: health.every_seconds * NANOSECONDS,
        Timeout: health.timeout_seconds * NANOSECONDS,
        StartPeriod: health.start_seconds * NANOSECONDS,
        Retries: health.retries,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diff_id }) => diff_id) },
    history: layers.map(() => ({ created, created_by: `images/${recipe.name}` })),
  };
}

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.keys(env)
    .sort()
    .map((name) => `${name}=${env[name]}`);
}

function hashedInto(hash: Hash): Transform {
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      hash.update(piece);
      done(null, piece);
    },
  });
}
