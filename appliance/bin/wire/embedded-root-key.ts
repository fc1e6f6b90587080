import { existsSync } from 'node:fs';
import type { Clock } from '../../kernel/clock.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { createRootKey, openRootKey } from '../../secrets/keyring.ts';

/**
 * The root key of a data folder; a folder that was never used gets one. Throws `KEY_UNAVAILABLE` when the folder has a
 * registry but no root key: a new one would open nothing of what is there. `unsealed`: where a sealed one lies opened.
 */
export async function embeddedRootKey(dataFolder: string, clock: Clock, unsealed?: string): Promise<KeyPair> {
  const paths = controlPaths(dataFolder);
  if (existsSync(paths.rootKey) || existsSync(paths.registry)) return openRootKey(paths.rootKey, unsealed);
  try {
    return await createRootKey(paths.rootKey, clock);
  } catch (error) {
    // Another process was first.
    if (isFrostbyteError(error, 'KEY_UNAVAILABLE') && existsSync(paths.rootKey)) {
      return openRootKey(paths.rootKey, unsealed);
    }
    throw error;
  }
}
