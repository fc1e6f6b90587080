import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { type KeyPair, makeKeyPair, unwrapIdentity, wrapIdentity } from './identities.ts';
import { readSecret, writeSecret } from './secret-file.ts';

/**
 * A tenant's backup key (spec 3): its part of every backup is encrypted to it. The private half lies with the tenant's other
 * keys, under the root key, and leaves the box in escrow files alone, which are for the recovery recipient and in no backup:
 * where both are destroyed, every part of that tenant is unreadable.
 */
const FILE = 'backup-0001.age';

/** The tenant's backup key, or null where no backup was made yet. Throws `KEY_UNAVAILABLE`, `OBJECT_CORRUPTED`. */
export async function openBackupKey(root: KeyPair, folder: string): Promise<KeyPair | null> {
  const wrapped = await readSecret(join(folder, FILE));
  return wrapped === null ? null : unwrapIdentity(wrapped, [root.identity]);
}

/**
 * The tenant's backup key, made where there is none; one that is there is never replaced. `known`: the pair of a tenant that is
 * restored. Durable on return.
 */
export async function needBackupKey(root: KeyPair, folder: string, clock: Clock, known?: KeyPair): Promise<KeyPair> {
  const wrapped = await wrapIdentity(known ?? (await makeKeyPair()), clock.iso(), [root.recipient]);
  await writeSecret(join(folder, FILE), wrapped, { replace: false });
  const pair = await openBackupKey(root, folder);
  if (pair !== null) return pair;
  throw new FrostbyteError('KEY_UNAVAILABLE', 'A backup key that was just written is not there.');
}
