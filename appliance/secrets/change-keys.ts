import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { type KeyPair, makeKeyPair } from './identities.ts';
import { identityNumbers, identityPath, makeIdentity, openIdentity } from './key-folder.ts';
import { openTenantKeys, type TenantKeys } from './keyring.ts';
import { destroySecret, syncFolder } from './secret-file.ts';
import { type NumberedPair, type TenantSecrets, writeTenantSecrets } from './tenant-secrets.ts';

/**
 * Changes to a tenant's keys (spec 3, "Rotation"). Each may be repeated after a crash half way and then ends the same; at
 * every moment either the old or the new identity opens the secrets file. One process at a time changes a tenant's keys.
 */
export interface KeyFolder {
  root: KeyPair;
  folder: string;
  clock: Clock;
}

/** Makes the identity `version` beside those that are there. Throws `KEY_UNAVAILABLE` for a tenant without keys. */
export async function addIdentity(at: KeyFolder, version: number): Promise<NumberedPair> {
  await openTenantKeys(at.root, at.folder);
  return { number: version, pair: await makeIdentity(at.root, at.folder, version, at.clock) };
}

/**
 * Writes the secrets file for the identity `version`, which is current from then on: it is proven to open the file before
 * the old one goes.
 */
export async function rewrapSecrets(at: KeyFolder, version: number): Promise<TenantKeys> {
  const keys = await openTenantKeys(at.root, at.folder);
  if (keys.key_version === version) return keys;
  const pair = await openIdentity(at.root, at.folder, version);
  if (pair === null) throw new FrostbyteError('KEY_UNAVAILABLE', `There is no identity ${version} to rotate to.`);
  await writeTenantSecrets(at.folder, keys.secrets, pair, at.clock, { replace: true });
  return openTenantKeys(at.root, at.folder);
}

/** Writes other secrets for the same identity. */
export async function changeSecrets(
  at: KeyFolder,
  change: (secrets: TenantSecrets) => TenantSecrets,
): Promise<TenantKeys> {
  const keys = await openTenantKeys(at.root, at.folder);
  await writeTenantSecrets(at.folder, change(keys.secrets), keys.current.pair, at.clock, { replace: true });
  return openTenantKeys(at.root, at.folder);
}

/** The storage identity with this number: the one that is there, or a new pair that is nowhere yet. */
export async function nextStorage(at: KeyFolder, version: number): Promise<NumberedPair> {
  const { secrets } = await openTenantKeys(at.root, at.folder);
  return secrets.storage.find(({ number }) => number === version) ?? { number: version, pair: await makeKeyPair() };
}

/** Adds a storage identity; objects are written for it from then on where it is the newest. */
export async function addStorage(at: KeyFolder, added: NumberedPair): Promise<void> {
  const { secrets } = await openTenantKeys(at.root, at.folder);
  if (secrets.storage.some(({ number }) => number === added.number)) return;
  await changeSecrets(at, ({ values, storage }) => ({
    values,
    storage: [added, ...storage].sort((a, b) => b.number - a.number),
  }));
}

/**
 * Destroys a storage identity. What only it opens is lost: the caller has made sure that there is nothing. Throws
 * `INVALID_STATE_TRANSITION` for the newest.
 */
export async function purgeStorage(at: KeyFolder, version: number): Promise<void> {
  const { secrets } = await openTenantKeys(at.root, at.folder);
  if (!secrets.storage.some(({ number }) => number === version)) return;
  if (secrets.storage[0]?.number === version) throw inUse('storage identity', version);
  await changeSecrets(at, ({ values, storage }) => ({
    values,
    storage: storage.filter(({ number }) => number !== version),
  }));
}

/** Destroys an identity. Throws `INVALID_STATE_TRANSITION` for the current one. */
export async function purgeIdentity(at: KeyFolder, version: number): Promise<void> {
  const keys = await openTenantKeys(at.root, at.folder);
  if (keys.key_version === version) throw inUse('identity', version);
  if (!(await identityNumbers(at.folder)).includes(version)) return;
  await destroySecret(identityPath(at.folder, version));
  await syncFolder(at.folder);
}

function inUse(what: string, version: number): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `The ${what} ${version} is the one in use. Rotate first; the old one can be purged then.`,
    { details: [{ field: 'version', value: version, constraint: 'must be archived' }] },
  );
}
