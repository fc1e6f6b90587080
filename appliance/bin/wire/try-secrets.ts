import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { tenantPaths } from '../../kernel/names.ts';
import { open as openSealed } from '../../secrets/age-file.ts';
import { readSecret } from '../../secrets/secret-file.ts';
import { openSops } from '../../secrets/sops/sops-file.ts';

/**
 * Refusals that mean a closed door. Anything else (a full disk, a broken file) proves nothing and ends the check; nor does
 * that nothing was found, since every try aims at something that is there.
 */
const CLOSED = ['VALIDATION_ERROR', 'ISOLATION_VIOLATED', 'KEY_UNAVAILABLE'] as const;

/** True when the work went through. Throws what is no refusal. */
export async function succeeds(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isFrostbyteError(error, ...CLOSED)) return false;
    throw error;
  }
}

/** Tries to open another tenant's secrets, which lie with control alone, with the identities that a tenant has. */
export async function* trySecrets(
  dataFolder: string,
  identities: readonly string[],
  target: string,
): AsyncGenerator<{ test: string; allowed: boolean }> {
  const { secrets } = tenantPaths(dataFolder, target);
  for (const name of await secretsOf(secrets)) {
    const sealed = await readSecret(join(secrets, name));
    if (sealed === null) continue;
    const allowed = await succeeds(() =>
      name.endsWith('.age') ? openSealed(identities, sealed) : openSops(sealed.toString('utf8'), identities),
    );
    yield { test: `decrypt ${name} with own identities`, allowed };
  }
}

async function secretsOf(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => /\.(?:age|sops\.yaml)$/.test(name)).sort();
}
