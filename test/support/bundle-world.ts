import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tarBundle } from '../../appliance/bundle/build/tar-bundle.ts';
import { type BundleOptions, type Input, writeBundle } from '../../appliance/bundle/build/write-bundle.ts';
import { signerFiles } from '../../appliance/bundle/build/write-signers.ts';
import type { BundleManifest } from '../../appliance/bundle/format/manifest.ts';
import { publicLine, publicOf } from '../../appliance/bundle/sshsig/keys.ts';
import { signMessage } from '../../appliance/bundle/sshsig/signature.ts';
import type { Hashers } from '../../appliance/bundle/verify/hash-files.ts';
import { hashPlace } from '../../appliance/bundle/verify/hash-place.ts';
import { type Anchor, ROOT_IDENTITY } from '../../appliance/bundle/verify/trust.ts';
import type { VerifyOptions } from '../../appliance/bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';

/** A small bundle, with everything that a large one has, and those who may sign it. */

/** Hashes where it stands, one at a time. */
export const hashHere: Hashers = { atOnce: 1, hash: async (job, read) => hashPlace(job, read) };

/** Files over this are in parts. */
export const PART_BYTES = 1500;

export const ABOUT: BundleOptions['about'] = {
  format: 1,
  product: 'frostbyte',
  version: '1.2.3',
  arch: 'amd64',
  counter: 7,
  built_at: 1_790_000_000,
  upgrade_from: { at_least: '1.1.0', below: '1.2.3' },
  data_formats: { postgres: '17', qdrant: '1.19' },
  requirements: {
    kernel: '5.10',
    cpus: 2,
    memory_bytes: 8 * 2 ** 30,
    disk_bytes: 20 * 2 ** 30,
    docker_engine: '20.10.24',
    docker_compose: '2.29',
  },
  components: [{ name: 'models', present: false, version: null, remark: 'search knows words only' }],
  images: [],
};

const bytes = (length: number, seed: number) =>
  Buffer.from(Array.from({ length }, (_, at) => (at * seed + seed) % 251));

export const INPUTS: readonly Input[] = [
  { path: 'README.txt', from: Buffer.from('Read me first.\n') },
  { path: 'install.sh', from: Buffer.from('#!/bin/sh\necho installed\n'), executable: true },
  { path: 'bin/node', from: bytes(1024, 7), executable: true },
  { path: 'images/oci-layout', from: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
  { path: `images/blobs/sha256/${sha256Hex(bytes(700, 3))}`, from: bytes(700, 3) },
  { path: 'docs/empty.txt', from: Buffer.alloc(0) },
];

export interface BundleWorld {
  folder: string;
  root: KeyObject;
  release: KeyObject;
  /** The host's list: the root key alone. */
  anchor: Anchor;
  /** Builds a bundle into a new folder of this name; answers its path. */
  build(name: string, changes?: Partial<BuildChanges>): Promise<{ path: string; manifest: BundleManifest }>;
  /** The bundle's folder as a tar; answers its path. */
  tar(path: string, manifest: BundleManifest): Promise<string>;
  /** What a host that knows nothing asks. */
  options(changes?: Partial<VerifyOptions>): VerifyOptions;
  end(): void;
}

export interface BuildChanges {
  about: Partial<BundleOptions['about']>;
  inputs: readonly Input[];
  signer: KeyObject;
  /** Files over this are in parts. */
  partBytes: number;
  lists: { serial?: number; none_before?: string; valid_after?: string; valid_before?: string; revoked?: KeyObject[] };
  rootSigner: KeyObject;
}

export const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

export function bundleWorld(): BundleWorld {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bundle-'));
  const [root, release] = [newKey(), newKey()];
  const anchor = { allowed_signers: `${ROOT_IDENTITY} ${publicLine(publicOf(root))}\n` };
  const large = join(folder, 'weights');
  writeFileSync(large, bytes(4000, 11));
  return {
    folder,
    root,
    release,
    anchor,
    async build(
      name,
      { about = {}, inputs = INPUTS, signer = release, lists = {}, rootSigner = root, partBytes = PART_BYTES } = {},
    ) {
      const { serial = 3, none_before = null, valid_after = null, valid_before = null, revoked = [] } = lists;
      const signers = await signerFiles(
        {
          serial,
          none_before,
          signers: [{ key: publicOf(release), comment: 'release 2026', valid_after, valid_before }],
          revocations: revoked.map((key) => ({ key: publicOf(key), since: '20260101', reason: 'lost' })),
        },
        {
          key: publicOf(rootSigner),
          sign: async (text, namespace) => signMessage(Buffer.from(text), rootSigner, namespace),
        },
      );
      const path = join(folder, name);
      const manifest = await writeBundle({
        inputs: [...inputs, { path: 'models/weights.bin', from: large }, ...signers],
        about: { ...ABOUT, ...about },
        out: path,
        partBytes,
        sign: async (text, namespace) => signMessage(Buffer.from(text), signer, namespace),
      });
      return { path, manifest };
    },
    async tar(path, manifest) {
      const parts: Buffer[] = [];
      for await (const piece of tarBundle(path, manifest)) parts.push(Buffer.from(piece));
      writeFileSync(`${path}.tar`, Buffer.concat(parts));
      return `${path}.tar`;
    },
    options: (changes = {}) => ({
      anchor,
      at: Date.now(),
      host: { arch: 'amd64', counter: 0, not_before: 0, allow_older: false },
      hashers: hashHere,
      target: null,
      ...changes,
    }),
    end: () => rmSync(folder, { recursive: true }),
  };
}

export const readText = (path: string): string => readFileSync(path, 'utf8');
