import { readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import {
  identityFile,
  type KeyPair,
  makeKeyPair,
  parseIdentityFile,
  unwrapIdentity,
  wrapIdentity,
} from './identities.ts';
import type { StorageKeys } from './port.ts';
import { destroySecret, readSecret, syncFolder, writeSecret } from './secret-file.ts';

/**
 * The key ring of the appliance (spec 3, "Secrets and keys"): the root identity opens each tenant's identity, which
 * opens that tenant's storage identities. In a tenant's folder:
 *
 *     identity-0001.age   the tenant's identity (KEK), for the root recipient
 *     storage-0001.age    a storage identity, for the tenant's identity
 *
 * Both are numbered: a rotation adds the next number, and until the old one is purged, either opens what is there.
 */
const NUMBERED = /^(identity|storage)-([0-9]{4})\.age$/;
type Kind = 'identity' | 'storage';

export interface TenantKeys {
  /** Number of the newest tenant identity. */
  key_version: number;
  /** The tenant's recipient (`age1…`), for the registry and for SOPS files. */
  recipient: string;
  /** Tenant identities, newest first. */
  identities: string[];
  storage: StorageKeys;
}

/**
 * Makes the root identity, mode 0600. Throws `KEY_UNAVAILABLE` when a file is there already: nothing overwrites a root
 * key, since all tenants' keys would be lost with it.
 */
export async function createRootKey(file: string, clock: Clock): Promise<KeyPair> {
  const pair = await makeKeyPair();
  if (await writeSecret(file, Buffer.from(identityFile(pair, clock.iso())), { replace: false })) return pair;
  throw new FrostbyteError('KEY_UNAVAILABLE', 'There is a root key already; it is not overwritten.');
}

/** Opens the root identity. Throws `KEY_UNAVAILABLE` when it is missing, malformed or open to other users. */
export async function openRootKey(file: string): Promise<KeyPair> {
  const bytes = await readSecret(file);
  if (bytes === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'There is no root key. Restore it or install anew.');
  return parseIdentityFile(bytes);
}

/**
 * Makes a tenant's first identity and first storage identity. Safe to repeat: what an interrupted or earlier call left
 * is kept and completed, never replaced. Durable on return.
 */
export async function createTenantKeys(root: KeyPair, folder: string, clock: Clock): Promise<TenantKeys> {
  const present = await numbered(folder);
  if (present.identity.length === 0) {
    await addKey(folder, 'identity', root.recipient, clock);
  }
  if (present.storage.length === 0) {
    const [newest] = await openAll(folder, 'identity', [root.identity]);
    if (newest === undefined) throw missing();
    await addKey(folder, 'storage', newest.pair.recipient, clock);
  }
  return openTenantKeys(root, folder);
}

/** All of a tenant's keys. Throws `KEY_UNAVAILABLE` when there are none or the root key does not open them. */
export async function openTenantKeys(root: KeyPair, folder: string): Promise<TenantKeys> {
  const identities = await openAll(folder, 'identity', [root.identity]);
  const opening = identities.map(({ pair }) => pair.identity);
  const storage = opening.length === 0 ? [] : await openAll(folder, 'storage', opening);
  const [newestIdentity] = identities;
  const [newestStorage] = storage;
  if (newestIdentity === undefined || newestStorage === undefined) throw missing();
  return {
    key_version: newestIdentity.number,
    recipient: newestIdentity.pair.recipient,
    identities: opening,
    storage: {
      recipient: newestStorage.pair.recipient,
      identities: storage.map(({ pair }) => pair.identity),
    },
  };
}

/** The keys that open a tenant's objects. Throws `KEY_UNAVAILABLE`. */
export async function openStorageKeys(root: KeyPair, folder: string): Promise<StorageKeys> {
  return (await openTenantKeys(root, folder)).storage;
}

/**
 * Crypto-shredding on this box: overwrites and removes everything in a tenant's secrets folder, then the folder.
 * Tenant identities go first, because without them nothing else in there opens. Safe to repeat.
 */
export async function destroyTenantKeys(folder: string): Promise<void> {
  const names = await entries(folder);
  if (names === null) return;
  const order = names.toSorted((a, b) => rank(a) - rank(b));
  for (const name of order) await destroySecret(join(folder, name));
  await syncFolder(folder);
  await rmdir(folder);
  await syncFolder(dirname(folder));
}

const rank = (name: string): number => (name.includes('identity-') ? 0 : 1);

async function addKey(folder: string, kind: Kind, recipient: string, clock: Clock): Promise<void> {
  const wrapped = await wrapIdentity(await makeKeyPair(), clock.iso(), [recipient]);
  // False when another process was first: its key is the one.
  await writeSecret(join(folder, fileName(kind, 1)), wrapped, { replace: false });
}

/** Key pairs of one kind, newest first. */
async function openAll(folder: string, kind: Kind, identities: string[]): Promise<{ number: number; pair: KeyPair }[]> {
  const numbers = (await numbered(folder))[kind];
  const opened: { number: number; pair: KeyPair }[] = [];
  for (const number of numbers) {
    const wrapped = await readSecret(join(folder, fileName(kind, number)));
    if (wrapped !== null) opened.push({ number, pair: await unwrapIdentity(wrapped, identities) });
  }
  return opened;
}

/** Numbers present in a tenant's folder, highest first. */
async function numbered(folder: string): Promise<Record<Kind, number[]>> {
  const found: Record<Kind, number[]> = { identity: [], storage: [] };
  for (const name of (await entries(folder)) ?? []) {
    const [, kind, number] = NUMBERED.exec(name) ?? [];
    if (kind !== undefined) found[kind as Kind].push(Number(number));
  }
  for (const numbers of Object.values(found)) numbers.sort((a, b) => b - a);
  return found;
}

async function entries(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The secrets folder cannot be read by this user.', { cause: error });
  }
}

function fileName(kind: Kind, number: number): string {
  return `${kind}-${String(number).padStart(4, '0')}.age`;
}

function missing(): FrostbyteError {
  return new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no keys on this box.');
}
