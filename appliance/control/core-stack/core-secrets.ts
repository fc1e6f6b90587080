import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { readSecret, writeSecret } from '../../secrets/secret-file.ts';
import { openSops, sealSops } from '../../secrets/sops/sops-file.ts';
import { writeSecretFile } from '../engine/secret-files.ts';

/** A store's administrative secret: 256 bits, an access key's 20 characters; and the user that its container runs as. */
interface CoreSecret {
  uid: number;
  make(): string;
}

const password = (): string => randomBytes(32).toString('base64url');

/** By the names that Compose and control know them by (`compose/core.yaml`). */
const CORE_SECRETS: Readonly<Record<string, CoreSecret>> = Object.freeze({
  postgres_password: { uid: 5432, make: password },
  objects_root_user: { uid: 9000, make: () => randomBytes(10).toString('hex').toUpperCase() },
  objects_root_password: { uid: 9000, make: () => randomBytes(30).toString('base64url') },
  redis_password: { uid: 6379, make: password },
});

/**
 * The core stores' secrets, from a SOPS file for the root key; what it lacks is made and written first. The stores' volumes
 * know them, so what is there is never made anew. Throws `KEY_UNAVAILABLE` where the root key does not open the file, or it
 * cannot be written, and `OBJECT_CORRUPTED` where it was changed.
 */
export async function settleCoreSecrets(file: string, root: KeyPair, clock: Clock): Promise<Map<string, string>> {
  const held = await readCoreSecrets(file, root);
  const missing = Object.keys(CORE_SECRETS).filter((name) => !held.has(name));
  if (missing.length === 0) return held;
  for (const name of missing) held.set(name, CORE_SECRETS[name]!.make());
  const text = await sealSops(held, [root.recipient], { at: clock.iso() });
  // Volumes that were made with a password that nobody has are lost.
  if (!sameSecrets(await openSops(text, [root.identity]), held)) throw unproven();
  await writeSecret(file, Buffer.from(text), { replace: true });
  if (!sameSecrets(await readCoreSecrets(file, root), held)) throw unproven();
  return held;
}

/** Writes each to where its container finds it: on memory, for that container's user alone. Throws as `writeSecretFile` does. */
export async function placeCoreSecrets(secrets: ReadonlyMap<string, string>, folder: string): Promise<void> {
  for (const [name, { uid }] of Object.entries(CORE_SECRETS))
    await writeSecretFile(join(folder, name), secrets.get(name)!, uid);
}

async function readCoreSecrets(file: string, root: KeyPair): Promise<Map<string, string>> {
  const bytes = await readSecret(file);
  if (bytes === null) return new Map();
  const held = new Map<string, string>();
  for (const [name, value] of await openSops(bytes.toString('utf8'), [root.identity])) {
    if (typeof value !== 'string')
      throw new FrostbyteError('OBJECT_CORRUPTED', `The stores’ secrets file has a ${name} that is no text.`);
    held.set(name, value);
  }
  return held;
}

function sameSecrets(found: ReadonlyMap<string, unknown>, wanted: ReadonlyMap<string, string>): boolean {
  return found.size === wanted.size && [...wanted].every(([name, value]) => found.get(name) === value);
}

function unproven(): FrostbyteError {
  return new FrostbyteError('KEY_UNAVAILABLE', 'The stores’ secrets file does not open as what was put into it.');
}
