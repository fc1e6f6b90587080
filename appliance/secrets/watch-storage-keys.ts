import { stat } from 'node:fs/promises';
import { FrostbyteError } from '../kernel/errors.ts';
import type { KeyPair } from './identities.ts';
import { openStorageKeys } from './keyring.ts';
import type { StorageKeys } from './port.ts';
import { secretsFile } from './tenant-secrets.ts';

/**
 * A tenant's storage keys, opened again whenever the secrets file is another: a rotation by whichever process takes effect
 * with the next object. Costs one look at the file a call. The function throws `KEY_UNAVAILABLE` once the keys are gone.
 */
export function watchStorageKeys(root: KeyPair, folder: string): () => Promise<StorageKeys> {
  let known: { seen: string; keys: Promise<StorageKeys> } | undefined;
  return async () => {
    const seen = await look(secretsFile(folder));
    if (known?.seen !== seen) {
      const keys = openStorageKeys(root, folder);
      const entry = { seen, keys };
      known = entry;
      keys.catch(() => {
        if (known === entry) known = undefined;
      });
    }
    return known.keys;
  };
}

/** What tells one file under a name from the next: they are renamed into place, so each is an inode of its own. */
async function look(file: string): Promise<string> {
  try {
    const { ino, ctimeNs, size } = await stat(file, { bigint: true });
    return `${ino}.${ctimeNs}.${size}`;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no keys on this box.');
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The secrets file cannot be read by this user.', { cause: error });
  }
}
