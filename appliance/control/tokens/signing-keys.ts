import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { PublicKey } from '../verbs.ts';

/** Encrypts and decrypts with the root key of the appliance. */
export interface RootSeal {
  sealWithRoot(bytes: Uint8Array): Promise<Uint8Array>;
  openWithRoot(sealed: Uint8Array): Promise<Uint8Array>;
}

export interface SigningKey {
  kid: string;
  key: KeyObject;
}

/** The Ed25519 keys that sign tokens. `kid` is the RFC 7638 thumbprint of the public key. */
export interface SigningKeys {
  /** The key that signs now. Throws `KEY_UNAVAILABLE`. */
  current(): Promise<SigningKey>;
  /** The public key of a `kid`, or null. Looks into the folder again for one it does not know, at most once a second. */
  publicKey(kid: string): Promise<KeyObject | null>;
  /** All public keys that tokens may still be verified with. Looks into the folder, at most once a second. */
  published(): Promise<PublicKey[]>;
  /** Whether the key that signs is older than this. Reads nothing. */
  isOlderThan(ms: number): boolean;
  /** Makes a new key to sign with and destroys the old private one. Its public key stays. Returns the new `kid`. */
  rotate(): Promise<string>;
  /** Removes public keys that sign no more and for which `inUse` says false. Returns their `kid`s. */
  forgetUnused(inUse: (kid: string) => boolean): Promise<string[]>;
}

const KID = /^[A-Za-z0-9_-]{43}$/;
const RELOAD_MS = 1000;

/** On disk beside the private key, in the clear. */
interface PublicFile {
  created_at: string;
  jwk: JWK;
}

interface Loaded {
  kid: string;
  created_at: string;
  key: KeyObject;
  hasPrivate: boolean;
}

/**
 * Opens the folder of signing keys and makes the first one when there is none. A key is two files: `<kid>.age`, the
 * private half wrapped to the root key, and `<kid>.json`, the public half. Several processes may use one folder: each
 * file is written beside and renamed, and a process that meets an unknown `kid` looks again.
 */
export async function openSigningKeys(folder: string, root: RootSeal, clock: Clock): Promise<SigningKeys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let loaded = await load(folder);
  let loadedAt = clock.now();
  let signing: SigningKey | null = null;

  const reload = async (): Promise<void> => {
    loaded = await load(folder);
    loadedAt = clock.now();
  };
  const newest = (): Loaded | undefined =>
    [...loaded.values()]
      .filter((key) => key.hasPrivate)
      .sort(byAge)
      .at(-1);
  const make = async (): Promise<string> => {
    const kid = await makeKey(folder, root, clock);
    await reload();
    return kid;
  };
  if (newest() === undefined) await make();

  return {
    current: async () => {
      // Another process may have rotated: what it forgot must not sign again. Issuing is rare, so looking is cheap.
      await reload();
      const kid = newest()?.kid;
      if (kid === undefined) throw new FrostbyteError('KEY_UNAVAILABLE', 'There is no key to sign tokens with.');
      if (signing?.kid !== kid) signing = { kid, key: await openPrivate(join(folder, `${kid}.age`), kid, root) };
      return signing;
    },
    publicKey: async (kid) => {
      if (!KID.test(kid)) return null;
      if (!loaded.has(kid) && clock.now() - loadedAt >= RELOAD_MS) await reload();
      return loaded.get(kid)?.key ?? null;
    },
    published: async () => {
      if (clock.now() - loadedAt >= RELOAD_MS) await reload();
      return [...loaded.values()].map(({ kid, key }) => ({
        kid,
        jwk: key.export({ format: 'jwk' }) as PublicKey['jwk'],
      }));
    },
    isOlderThan: (ms) => clock.now() - Date.parse(newest()?.created_at ?? clock.iso()) > ms,
    rotate: async () => {
      await reload();
      const old = [...loaded.values()].filter((key) => key.hasPrivate);
      const kid = await make();
      for (const key of old) await rm(join(folder, `${key.kid}.age`), { force: true });
      await reload();
      return kid;
    },
    forgetUnused: async (inUse) => {
      await reload();
      const unused = [...loaded.values()].filter((key) => !key.hasPrivate && !inUse(key.kid)).map((key) => key.kid);
      for (const kid of unused) await rm(join(folder, `${kid}.json`), { force: true });
      if (unused.length > 0) await reload();
      return unused;
    },
  };
}

function byAge(left: Loaded, right: Loaded): number {
  return left.created_at < right.created_at
    ? -1
    : left.created_at > right.created_at
      ? 1
      : left.kid < right.kid
        ? -1
        : 1;
}

async function load(folder: string): Promise<Map<string, Loaded>> {
  const names = new Set(await readdir(folder));
  const keys = new Map<string, Loaded>();
  for (const name of names) {
    const kid = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
    if (!KID.test(kid)) continue;
    try {
      const file = JSON.parse(await readFile(join(folder, name), 'utf8')) as PublicFile;
      const key = createPublicKey({ format: 'jwk', key: file.jwk });
      if (key.asymmetricKeyType !== 'ed25519' || (await thumbprint(key)) !== kid)
        throw new Error('not the key of its name');
      keys.set(kid, { kid, key, created_at: String(file.created_at), hasPrivate: names.has(`${kid}.age`) });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw new FrostbyteError('KEY_UNAVAILABLE', 'A key that verifies tokens cannot be read.', { cause });
    }
  }
  return keys;
}

async function makeKey(folder: string, root: RootSeal, clock: Clock): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const kid = await thumbprint(publicKey);
  const sealed = await root.sealWithRoot(Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))));
  // The private half first: a key counts once its public half is there, and then it can sign.
  await writeDurably(join(folder, `${kid}.age`), sealed);
  const file: PublicFile = { created_at: clock.iso(), jwk: publicKey.export({ format: 'jwk' }) as JWK };
  await writeDurably(join(folder, `${kid}.json`), Buffer.from(`${JSON.stringify(file)}\n`));
  return kid;
}

async function openPrivate(path: string, kid: string, root: RootSeal): Promise<KeyObject> {
  try {
    const jwk = JSON.parse(Buffer.from(await root.openWithRoot(await readFile(path))).toString('utf8'));
    const key = createPrivateKey({ format: 'jwk', key: jwk });
    if ((await thumbprint(createPublicKey(key))) === kid) return key;
  } catch (cause) {
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The key that signs tokens cannot be opened.', { cause });
  }
  throw new FrostbyteError('KEY_UNAVAILABLE', 'The key that signs tokens is not the one of its name.');
}

function thumbprint(key: KeyObject): Promise<string> {
  return calculateJwkThumbprint(key.export({ format: 'jwk' }) as JWK);
}

/** Write beside, sync, rename, sync the folder. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const folder = await open(join(path, '..'), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
