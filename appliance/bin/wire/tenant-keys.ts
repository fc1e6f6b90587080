import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EscrowFile, TenantResources } from '../../control/provisioning/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import { prefixedSha256 } from '../../kernel/digest.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { controlPaths, tenantPaths } from '../../kernel/names.ts';
import { Turns } from '../../kernel/turns.ts';
import {
  addIdentity,
  addStorage,
  changeSecrets,
  type KeyFolder,
  nextStorage,
  purgeIdentity,
  purgeStorage,
  rewrapSecrets,
} from '../../secrets/change-keys.ts';
import { writeEscrow } from '../../secrets/escrow.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { createTenantKeys, destroyTenantKeys, openTenantKeys } from '../../secrets/keyring.ts';
import { challengeRecovery, nameRecovery, proveRecovery, recoveryStatus } from '../../secrets/recovery.ts';
import { destroySecret, readSecret, sweepBeside, syncFolder } from '../../secrets/secret-file.ts';
import { type NumberedPair, type SecretName, secretsFile } from '../../secrets/tenant-secrets.ts';

/** Keys and credentials of the tenants as files below the data folder, the same in both modes (spec 3). */

const API_KEY_BYTES = 32;

export interface TenantKeyOptions {
  dataFolder: string;
  clock: Clock;
  root: KeyPair;
  /** New values for every credential of a tenant. Default: an API key alone, as embedded mode has it. */
  newCredentials?(tenantId: string): Credentials;
}

/** Every credential that a tenant has, by its name in the secrets file. */
export type Credentials = Partial<Record<SecretName, string>>;

/** The parts of `TenantResources` that are about keys. One change of a tenant's keys at a time. */
export function tenantKeyResources({
  dataFolder,
  clock,
  root,
  newCredentials = () => ({ tenant_api_key: randomApiKey() }),
}: TenantKeyOptions): Pick<TenantResources, 'keys' | 'credentials' | 'recovery'> {
  const turns = new Turns();
  const { recovery: recoveryFile } = controlPaths(dataFolder);
  const at = (tenantId: string): KeyFolder => ({ root, clock, folder: tenantPaths(dataFolder, tenantId).secrets });
  const escrowFile = (tenantId: string) => tenantPaths(dataFolder, tenantId).escrow;
  const inTurn = <T>(tenantId: string, work: (folder: KeyFolder) => Promise<T>): Promise<T> =>
    turns.take(tenantId, () => work(at(tenantId)));

  const escrow = async (tenantId: string, coming: NumberedPair[] = []): Promise<EscrowFile | null> => {
    const { recipient } = await recoveryStatus(recoveryFile);
    if (recipient === null) return null;
    const written = await writeEscrow(at(tenantId), escrowFile(tenantId), recipient, tenantId, coming);
    return {
      recipient,
      file_sha256: written.sha256,
      keys_hash: prefixedSha256(written.public_keys.toSorted().join('\n')),
    };
  };
  const renew = (folder: KeyFolder, tenantId: string) =>
    changeSecrets(folder, ({ values, storage }) => ({
      values: { ...values, ...newCredentials(tenantId) },
      storage,
    }));
  const isWhole = (tenantId: string, values: Credentials): boolean =>
    Object.keys(newCredentials(tenantId)).every((name) => values[name as SecretName] !== undefined);

  return {
    keys: {
      make: (tenantId) =>
        inTurn(tenantId, async ({ folder }) => {
          await createTenantKeys(root, folder, clock);
          await escrow(tenantId);
        }),
      check: async (tenantId) => void (await openTenantKeys(root, at(tenantId).folder)),
      destroy: (tenantId) =>
        inTurn(tenantId, async ({ folder }) => {
          await destroyTenantKeys(folder);
          await destroySecret(escrowFile(tenantId));
          await sweepBeside(dirname(escrowFile(tenantId)), basename(escrowFile(tenantId)));
        }),
      isGone: async (tenantId) => !existsSync(at(tenantId).folder) && !existsSync(escrowFile(tenantId)),
      current: async (tenantId) => {
        const { recipient, key_version, secrets } = await openTenantKeys(root, at(tenantId).folder);
        return {
          age_public_key: recipient,
          key_version,
          storage: secrets.storage.map(({ number, pair }) => ({
            storage_version: number,
            age_public_key: pair.recipient,
          })),
        };
      },
      addIdentity: (tenantId, version) =>
        inTurn(tenantId, async (folder) => {
          await addIdentity(folder, version);
          await escrow(tenantId);
        }),
      rewrap: (tenantId, version) => inTurn(tenantId, async (folder) => void (await rewrapSecrets(folder, version))),
      addStorage: (tenantId, version) =>
        inTurn(tenantId, async (folder) => {
          const added = await nextStorage(folder, version);
          await escrow(tenantId, [added]);
          await addStorage(folder, added);
        }),
      purge: (tenantId, kind, version) =>
        inTurn(tenantId, async (folder) => {
          await (kind === 'identity' ? purgeIdentity : purgeStorage)(folder, version);
        }),
      escrow: (tenantId) => inTurn(tenantId, () => escrow(tenantId)),
      copyEscrow: (tenantId, folder) => inTurn(tenantId, () => copyOut(escrowFile(tenantId), folder)),
    },

    credentials: {
      make: (tenantId) =>
        inTurn(tenantId, async (folder) => {
          const { secrets } = await openTenantKeys(root, folder.folder);
          if (!isWhole(tenantId, secrets.values)) await renew(folder, tenantId);
        }),
      check: async (tenantId) => {
        const { secrets } = await openTenantKeys(root, at(tenantId).folder);
        const { tenant_api_key = '' } = secrets.values;
        const isLong = Buffer.from(tenant_api_key, 'base64url').length === API_KEY_BYTES;
        if (isLong && isWhole(tenantId, secrets.values)) return;
        throw new FrostbyteError('KEY_UNAVAILABLE', 'The credentials of the tenant are not whole.');
      },
      destroy: (tenantId) =>
        inTurn(tenantId, async (folder) => {
          if (!existsSync(secretsFile(folder.folder))) return;
          await changeSecrets(folder, ({ storage }) => ({ values: {}, storage })).catch((error: unknown) => {
            // What no key opens holds nothing that could be kept.
            if (!isFrostbyteError(error, 'KEY_UNAVAILABLE', 'OBJECT_CORRUPTED')) throw error;
            return destroySecret(secretsFile(folder.folder));
          });
        }),
      isGone: async (tenantId) => {
        if (!existsSync(secretsFile(at(tenantId).folder))) return true;
        const { secrets } = await openTenantKeys(root, at(tenantId).folder);
        return Object.keys(secrets.values).length === 0;
      },
      renew: (tenantId) => inTurn(tenantId, async (folder) => void (await renew(folder, tenantId))),
    },

    recovery: {
      status: () => recoveryStatus(recoveryFile),
      name: (recipient) => nameRecovery(recoveryFile, recipient, [root.recipient], clock),
      challenge: () => challengeRecovery(recoveryFile, clock),
      prove: (answer) => proveRecovery(recoveryFile, answer, clock),
    },
  };
}

/** A tenant's API key: 256 bits. */
export function randomApiKey(): string {
  return randomBytes(API_KEY_BYTES).toString('base64url');
}

/** A durable copy under the same name; null where there is nothing to copy. */
async function copyOut(file: string, folder: string): Promise<{ path: string; sha256: string } | null> {
  const bytes = await readSecret(file);
  if (bytes === null) return null;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, basename(file));
  const beside = `${path}.part`;
  await copyFile(file, beside);
  const handle = await open(beside, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, path);
  await syncFolder(folder);
  const sha256 = prefixedSha256(bytes);
  // Plain reading: media without modes are no reason to refuse, since only the recovery recipient opens the file.
  if (prefixedSha256(await readFile(path)) === sha256) return { path, sha256 };
  throw new FrostbyteError('KEY_UNAVAILABLE', `The copy ${path} is not what was written. Use another medium.`);
}
