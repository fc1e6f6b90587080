import { armor } from 'age-encryption';
import type { TenantKey } from '../../../control/provisioning/port.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths, tenantPaths } from '../../../kernel/names.ts';
import { open } from '../../../secrets/age-file.ts';
import { needBackupKey } from '../../../secrets/backup-key.ts';
import type { EscrowedKeys } from '../../../secrets/escrow.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { makeIdentity } from '../../../secrets/key-folder.ts';
import { nameRecovery, proveRecovery, recoveryStatus } from '../../../secrets/recovery.ts';
import { readSecretsFile, writeTenantSecrets } from '../../../secrets/tenant-secrets.ts';
import { tenantKeyResources } from '../tenant-keys.ts';

export interface KeyPlace {
  dataFolder: string;
  root: KeyPair;
  clock: Clock;
}

/**
 * Gives a tenant that is restored its keys: a new identity, new credentials, and the storage identities and the backup key of
 * before, which what was written for them needs. Safe to repeat. Answers the keys as the registry notes them.
 */
export async function restoreKeys(
  { dataFolder, root, clock }: KeyPlace,
  tenantId: string,
  escrowed: EscrowedKeys,
  keyVersion: number,
): Promise<TenantKey> {
  const { secrets: folder } = tenantPaths(dataFolder, tenantId);
  const { keys, credentials } = tenantKeyResources({ dataFolder, root, clock });
  if ((await readSecretsFile(folder)) === null) {
    const identity = await makeIdentity(root, folder, keyVersion, clock);
    await writeTenantSecrets(folder, { values: {}, storage: escrowed.storage }, identity, clock, { replace: false });
  }
  if (escrowed.backup !== null) await needBackupKey(root, folder, clock, escrowed.backup);
  await credentials.make(tenantId);
  return keys.current(tenantId);
}

/** Names the recovery recipient of the backup, proven by the identity that opened it. Safe to repeat. */
export async function restoreRecovery(
  { dataFolder, clock }: KeyPlace,
  recipient: string,
  identity: string,
): Promise<void> {
  const { recovery } = controlPaths(dataFolder);
  if ((await recoveryStatus(recovery)).recipient === recipient) return;
  const { challenge } = await nameRecovery(recovery, recipient, [], clock);
  const answer = await open([identity], armor.decode(challenge));
  const { recipient: proven } = await proveRecovery(recovery, answer.toString('utf8'), clock);
  if (proven !== recipient) throw new FrostbyteError('KEY_UNAVAILABLE', 'The recovery recipient could not be proven.');
}
