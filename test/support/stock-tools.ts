import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The stock tools that interoperability is proven with: how to call each, or null where a machine does not have it. */

export const stockAge: string | null = spawnSync('age', ['--version']).error === undefined ? 'age' : null;

/** `ssh-keygen` has no option that does nothing; the usage that it prints is a sign of life. */
export const stockSshKeygen: string | null = spawnSync('ssh-keygen', ['-?']).error === undefined ? 'ssh-keygen' : null;

const kept = join(import.meta.dirname, '..', '..', '.cache', 'go', 'bin', 'sops');
export const stockSops: string | null =
  spawnSync('sops', ['--version', '--disable-version-check']).error === undefined
    ? 'sops'
    : existsSync(kept)
      ? kept
      : null;

/** For a test's `skip`: false where the tool is there, else why it is left out. */
export const without = (tool: string | null, name: string): string | false =>
  tool === null ? `the ${name} tool is not installed` : false;

/** A storage identity as stock sops takes it out of a tenant's secrets file, with the tenant's identity in a file. */
export function openStorageByHand(identityFile: string, secretsFolder: string, version = 1): Buffer {
  const name = `storage-${String(version).padStart(4, '0')}`;
  return execFileSync(
    stockSops!,
    ['--decrypt', '--extract', `["storage_identities"]["${name}"]`, join(secretsFolder, 'secrets.sops.yaml')],
    { env: { PATH: process.env.PATH ?? '', SOPS_AGE_KEY_FILE: identityFile }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
}
