import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentialsFolder } from '../../config/environment.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { needMemoryFolder } from '../../kernel/memory-folder.ts';
import { controlPaths } from '../../kernel/names.ts';
import { type KeyPair, parseIdentityFile } from '../../secrets/identities.ts';
import { openRootKey } from '../../secrets/keyring.ts';
import {
  isOpenedOf,
  isSealedRoot,
  openedFile,
  openSealedRoot,
  type RootOpener,
  sealRoot,
} from '../../secrets/sealed-root.ts';
import { destroySecret, readSecret, writeSecret } from '../../secrets/secret-file.ts';
import { runFolder } from '../run-folder.ts';

/**
 * A root key that is sealed at rest (spec 3, spec 7 "Compose"): opened once after each boot, it lies in the run folder, on
 * memory, for the processes of the box, until the box goes down or it is sealed again.
 */

/** The credential by which the service manager unseals a box that nobody attends (systemd-creds). */
const CREDENTIAL = 'frostbyte-root-passphrase';

type Place = Pick<Config, 'processes' | 'data_folder'>;

/** Where the opened root key lies. */
export function unsealedRoot(config: Place): string {
  return join(runFolder(config), 'root.identity');
}

/** What a person gives to seal: a passphrase, or a recipient and the proof that its private half exists. */
export type Sealing = { passphrase: string } | { recipient: string; identity: string };

/**
 * Seals the root key at rest, or seals it anew; what runs goes on, since the opened one lies on memory before the other
 * goes. Throws `KEY_UNAVAILABLE` where it is sealed and was not opened, `CONFIG_INVALID` without a run folder on memory.
 */
export async function sealRootKey(config: Place, clock: Clock, sealing: Sealing): Promise<void> {
  await needMemory(config);
  const { rootKey } = controlPaths(config.data_folder);
  const root = await openRootKey(rootKey, unsealedRoot(config));
  const sealed =
    'passphrase' in sealing
      ? await sealRoot(root, clock.iso(), sealing)
      : await sealRoot(root, clock.iso(), await proof(sealing), sealing.recipient);
  await placeUnsealed(config, clock, root, sealed);
  await writeSecret(rootKey, sealed, { replace: true });
}

/**
 * Opens the sealed root key for the processes of this box. Throws `INVALID_STATE_TRANSITION` where it is not sealed,
 * `KEY_UNAVAILABLE` for the wrong passphrase or identity, `CONFIG_INVALID` without a run folder on memory.
 */
export async function unsealRootKey(config: Place, clock: Clock, opener: RootOpener): Promise<void> {
  const sealed = await readSecret(controlPaths(config.data_folder).rootKey);
  if (sealed === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'There is no root key. Restore it or install anew.');
  if (!isSealedRoot(sealed)) {
    throw new FrostbyteError('INVALID_STATE_TRANSITION', 'The root key is not sealed, so there is nothing to open.');
  }
  await needMemory(config);
  await placeUnsealed(config, clock, await openSealedRoot(sealed, opener), sealed);
}

/** Takes the opened root key away: what is started from now on needs it unsealed again. What runs keeps it in memory. */
export async function forgetUnsealed(config: Place): Promise<void> {
  await destroySecret(unsealedRoot(config));
}

/**
 * Where the root key is sealed and was not opened yet, opens it by the credential that the service manager hands over.
 * False where nothing was to do, or there is no credential.
 */
export async function unsealByCredential(config: Place, clock: Clock): Promise<boolean> {
  const folder = credentialsFolder();
  const sealed = await readSecret(controlPaths(config.data_folder).rootKey);
  if (folder === null || sealed === null || !isSealedRoot(sealed)) return false;
  const opened = await readSecret(unsealedRoot(config));
  if (opened !== null && isOpenedOf(opened, sealed)) return false;
  const passphrase = await readFile(join(folder, CREDENTIAL), 'utf8').catch(() => null);
  if (passphrase === null) return false;
  await unsealRootKey(config, clock, { passphrase: passphrase.replace(/\r?\n$/, '') });
  return true;
}

/** Throws `CONFIG_INVALID` for a run folder on a disk. */
async function needMemory(config: Place): Promise<void> {
  const folder = runFolder(config);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await needMemoryFolder(folder, 'where an opened root key would stay');
}

async function placeUnsealed(config: Place, clock: Clock, root: KeyPair, sealed: Uint8Array): Promise<void> {
  await writeSecret(unsealedRoot(config), openedFile(root, clock.iso(), sealed), { replace: true });
}

/** The private half of a recipient, from the text of its identity file. Throws `VALIDATION_ERROR` for another's. */
async function proof({ identity, recipient }: { identity: string; recipient: string }): Promise<RootOpener> {
  if ((await parseIdentityFile(Buffer.from(identity))).recipient === recipient) return { identity };
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    'The identity is not that of the recipient: it would not open the root key.',
  );
}
