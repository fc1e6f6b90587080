import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import { identityFile, type KeyPair, makeKeyPair, parseIdentityFile } from './identities.ts';
import { entries, identityNumbers, makeIdentity, openIdentity } from './key-folder.ts';
import type { StorageKeys } from './port.ts';
import { isOpenedOf, isSealedRoot } from './sealed-root.ts';
import { destroySecret, readSecret, syncFolder, writeSecret } from './secret-file.ts';
import { sopsRecipients } from './sops/sops-file.ts';
import {
  type NumberedPair,
  openTenantSecrets,
  readSecretsFile,
  type TenantSecrets,
  writeTenantSecrets,
} from './tenant-secrets.ts';

/**
 * The key ring of the appliance (spec 3, "Secrets and keys"): the root identity opens each tenant's identities, the
 * current of which opens that tenant's secrets file, which holds its storage identities. In a tenant's folder:
 *
 *     identity-0001.age    an identity of the tenant (KEK), for the root recipient
 *     secrets.sops.yaml    credentials and storage identities, for the tenant's current identity
 *
 * Identities are numbered. Which one is current the secrets file says: it is written for that one alone.
 */
export interface TenantKeys {
  /** Number of the current identity. */
  key_version: number;
  /** The tenant's current recipient (`age1…`). */
  recipient: string;
  /** All of the tenant's identities on this box: the current one, then the others, newest first. */
  identities: string[];
  current: NumberedPair;
  secrets: TenantSecrets;
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

/**
 * Opens the root identity; one that is sealed at rest, from where it lies unsealed. Throws `KEY_UNAVAILABLE` when it is
 * missing, malformed, open to other users, or sealed and not unsealed yet.
 */
export async function openRootKey(file: string, unsealed?: string): Promise<KeyPair> {
  const bytes = await readSecret(file);
  if (bytes === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'There is no root key. Restore it or install anew.');
  if (!isSealedRoot(bytes)) return parseIdentityFile(bytes);
  const opened = unsealed === undefined ? null : await readSecret(unsealed);
  if (opened === null || !isOpenedOf(opened, bytes)) {
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The root key is sealed. Run: frostbyte unseal');
  }
  return parseIdentityFile(opened);
}

/**
 * Makes a tenant's first identity and first storage identity. Safe to repeat: what an interrupted or earlier call left
 * is kept and completed, never replaced. Durable on return.
 */
export async function createTenantKeys(root: KeyPair, folder: string, clock: Clock): Promise<TenantKeys> {
  if ((await readSecretsFile(folder)) === null) {
    const [newest = 1] = await identityNumbers(folder);
    const identity = await makeIdentity(root, folder, newest, clock);
    const storage = [{ number: 1, pair: await makeKeyPair() }];
    // False when another process was first: its keys are the ones.
    await writeTenantSecrets(folder, { values: {}, storage }, identity, clock, { replace: false });
  }
  return openTenantKeys(root, folder);
}

/** How often the keys are read again that were being changed while they were read. */
const ATTEMPTS = 5;

/**
 * All of a tenant's keys. Throws `KEY_UNAVAILABLE` when there are none or the root key does not open them, and
 * `OBJECT_CORRUPTED` on damage.
 */
export async function openTenantKeys(root: KeyPair, folder: string): Promise<TenantKeys> {
  for (let attempt = 1; ; attempt++) {
    const text = await readSecretsFile(folder);
    if (text === null) throw missing();
    try {
      return await opened(root, folder, text);
    } catch (error) {
      // A file that was replaced under our hands is destroyed; the one that stands now is another.
      if (attempt === ATTEMPTS || (await readSecretsFile(folder)) === text) throw error;
    }
  }
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

async function opened(root: KeyPair, folder: string, text: string): Promise<TenantKeys> {
  const recipients = sopsRecipients(text);
  const others: NumberedPair[] = [];
  let current: NumberedPair | null = null;
  let damage: unknown;
  for (const number of await identityNumbers(folder)) {
    const pair = await openIdentity(root, folder, number).catch((error: unknown) => {
      // An archived identity that does not open keeps nobody from the current one.
      if (!isFrostbyteError(error)) throw error;
      damage ??= error;
      return null;
    });
    if (pair === null) continue;
    if (recipients.includes(pair.recipient)) current = { number, pair };
    else others.push({ number, pair });
  }
  if (current === null) throw damage ?? missing();
  const secrets = await openTenantSecrets(text, current.pair.identity);
  const [newest] = secrets.storage;
  if (newest === undefined) throw missing();
  return {
    key_version: current.number,
    recipient: current.pair.recipient,
    identities: [current, ...others].map(({ pair }) => pair.identity),
    current,
    secrets,
    storage: {
      recipient: newest.pair.recipient,
      identities: secrets.storage.map(({ pair }) => pair.identity),
      recipients: secrets.storage.map(({ pair }) => pair.recipient),
    },
  };
}

function missing(): FrostbyteError {
  return new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no keys on this box.');
}
