import { X509Certificate } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { ObservedKeys } from '../../observability/doctor/observed.ts';
import { recoveryStatus } from '../../secrets/recovery.ts';
import { isOpenedOf, isSealedRoot } from '../../secrets/sealed-root.ts';
import { readSecret } from '../../secrets/secret-file.ts';
import { unsealedRoot } from '../wire/unseal.ts';
import type { Sight } from './sight.ts';

/** Certificates by their names (docs/decisions/0028). */
const CERTIFICATE = /_(?:certificate|authority)$|\.(?:crt|pem)$/;
const MOST_FILES = 20_000;
const MOST_TOLD = 20;

/** Keys, as files: nothing of them is opened that is not open. */
export async function lookAtKeys(config: Config, overdue: readonly string[], { see }: Sight): Promise<ObservedKeys> {
  const { data_folder, stack } = config;
  const paths = controlPaths(data_folder);
  const folders = [stack.certificates_folder, ...(config.mode === 'stack' ? [stack.secrets_folder] : [])];
  return {
    root_key: await see('the root key', () => rootKey(config), 'missing'),
    has_data: existsSync(paths.registry),
    loose: await see('the permissions of secrets', () => looseBelow(join(data_folder, 'secrets')), []),
    recovery: await see('the recovery recipient', () => recoveryOf(paths.recovery), 'proven'),
    certificates: await see('the certificates', () => folders.flatMap((folder) => certificatesIn(folder)), []),
    rotation_overdue: overdue,
  };
}

async function rootKey(config: Config): Promise<ObservedKeys['root_key']> {
  try {
    const root = await readSecret(controlPaths(config.data_folder).rootKey);
    if (root === null) return 'missing';
    if (!isSealedRoot(root)) return 'open';
    const opened = await readSecret(unsealedRoot(config));
    return opened !== null && isOpenedOf(opened, root) ? 'unsealed' : 'sealed';
  } catch (error) {
    if (isFrostbyteError(error, 'KEY_UNAVAILABLE')) return 'unreadable';
    throw error;
  }
}

async function recoveryOf(file: string): Promise<ObservedKeys['recovery']> {
  try {
    const { recipient, pending, challenge_expires_at: ends } = await recoveryStatus(file);
    if (pending !== null) return ends !== null && Date.parse(ends) <= Date.now() ? 'expired' : 'pending';
    return recipient === null ? 'none' : 'proven';
  } catch (error) {
    if (isFrostbyteError(error, 'OBJECT_CORRUPTED')) return 'damaged';
    // That others may read it is told as such.
    if (isFrostbyteError(error, 'KEY_UNAVAILABLE')) return 'proven';
    throw error;
  }
}

function looseBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const loose: string[] = [];
  const isLoose = (path: string) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found !== undefined && !found.isSymbolicLink() && (found.mode & 0o077) !== 0;
  };
  if (isLoose(folder)) loose.push(folder);
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).slice(0, MOST_FILES);
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (loose.length < MOST_TOLD && isLoose(path)) loose.push(path);
  }
  return loose;
}

function certificatesIn(folder: string | null): { file: string; ends_at: number }[] {
  if (folder === null || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => CERTIFICATE.test(name))
    .flatMap((name) => {
      const file = join(folder, name);
      const ends_at = endOf(file);
      return ends_at === null ? [] : [{ file, ends_at }];
    });
}

function endOf(file: string): number | null {
  try {
    return Date.parse(new X509Certificate(readFileSync(file)).validTo);
  } catch {
    return null;
  }
}
