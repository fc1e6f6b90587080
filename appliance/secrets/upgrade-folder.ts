import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { open } from './age-file.ts';
import { type KeyPair, unwrapIdentity } from './identities.ts';
import { entries, identityNumbers, openIdentity } from './key-folder.ts';
import { openTenantKeys } from './keyring.ts';
import { destroySecret, readSecret, sweepBeside, syncFolder } from './secret-file.ts';
import { type NumberedPair, readSecretsFile, type TenantSecrets, writeTenantSecrets } from './tenant-secrets.ts';

/** What an earlier version kept as files of their own, each for the tenant's identity. */
const CREDENTIALS = 'credentials.age';
const STORAGE = /^storage-([0-9]{4})\.age$/;
const Credentials = z.strictObject({ tenant_api_key: z.string().optional() });

/**
 * Brings a tenant's secrets folder to today's form: storage identities and credentials of an earlier version go into the
 * secrets file; their own files are destroyed once it is proven to hold them. Removes what a crash left. Safe to repeat;
 * for the one process that has the data folder, before others open it.
 */
export async function upgradeSecretsFolder(root: KeyPair, folder: string, clock: Clock): Promise<void> {
  const names = (await entries(folder)) ?? [];
  const old = names.filter((name) => name === CREDENTIALS || STORAGE.test(name));
  await sweepBeside(folder);
  if (old.length === 0) return;
  if ((await readSecretsFile(folder)) === null) await gather(root, folder, old, clock);
  // No keys yet: what was being made is made anew.
  if ((await readSecretsFile(folder)) === null) return;
  await proveHeld(root, folder, old);
  for (const name of old) await destroySecret(join(folder, name));
  await syncFolder(folder);
}

async function gather(root: KeyPair, folder: string, old: string[], clock: Clock): Promise<void> {
  const { secrets, identity } = await readOld(root, folder, old);
  if (identity === null || secrets.storage.length === 0) return;
  await writeTenantSecrets(folder, secrets, identity, clock, { replace: false });
}

/** Throws unless the secrets file holds all that the old files hold which can still be read. */
async function proveHeld(root: KeyPair, folder: string, old: string[]): Promise<void> {
  const { secrets: now } = await openTenantKeys(root, folder);
  const { secrets: then } = await readOld(root, folder, old);
  const held = then.storage.every(({ number, pair }) =>
    now.storage.some((kept) => kept.number === number && kept.pair.identity === pair.identity),
  );
  if (held) return;
  throw new FrostbyteError(
    'KEY_UNAVAILABLE',
    `The secrets file in ${folder} does not hold the storage identities that lie beside it. Nothing was destroyed.`,
  );
}

/** What the old files hold; those that were destroyed meanwhile (a crash, another process) hold nothing. */
async function readOld(
  root: KeyPair,
  folder: string,
  old: string[],
): Promise<{ secrets: TenantSecrets; identity: KeyPair | null }> {
  const [newest] = await identityNumbers(folder);
  const identity = newest === undefined ? null : await openIdentity(root, folder, newest);
  const secrets: TenantSecrets = { values: {}, storage: [] };
  if (identity === null) return { secrets, identity };
  const written = (await readSecretsFile(folder)) !== null;
  for (const name of old) {
    const sealed = await readSecret(join(folder, name));
    if (sealed === null) continue;
    const [, number] = STORAGE.exec(name) ?? [];
    try {
      if (number === undefined) {
        secrets.values = Credentials.parse(JSON.parse((await open([identity.identity], sealed)).toString('utf8')));
      } else {
        const pair = await unwrapIdentity(sealed, [identity.identity]);
        secrets.storage.push({ number: Number(number), pair } satisfies NumberedPair);
      }
    } catch (error) {
      // Half overwritten: its content was proven to be in the secrets file before.
      if (!written) throw error;
    }
  }
  secrets.storage.sort((a, b) => b.number - a.number);
  return { secrets, identity };
}
