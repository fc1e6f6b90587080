import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { readSecret, writeSecret } from '../../secrets/secret-file.ts';
import { openSops, sealSops } from '../../secrets/sops/sops-file.ts';
import { writeSecretFile } from '../engine/secret-files.ts';
import { CORE_SERVICES, type Secret } from '../stack/core-services.ts';
import { IMAGE_USERS } from '../stack/images.ts';
import { qdrantConfig } from '../stack/qdrant-config.ts';

const password = (): string => randomBytes(32).toString('base64url');

/** How each is made: 256 bits, an access key's 20 characters. */
const MAKERS: Readonly<Partial<Record<Secret, () => string>>> = Object.freeze({
  postgres_password: password,
  objects_root_user: () => randomBytes(10).toString('hex').toUpperCase(),
  objects_root_password: password,
  redis_password: password,
});
const NAMES = Object.keys(MAKERS) as Secret[];
/** Qdrant's administrator's; Qdrant itself finds it among its settings. */
const VECTORS_KEY = 'qdrant_api_key';

export interface CoreSecretOptions {
  /** Whether Qdrant is one of the core stack. */
  hasQdrant: boolean;
}

/** The user that each one's container runs as. */
const OWNERS = new Map(
  CORE_SERVICES.flatMap(({ image, secrets = [] }) => secrets.map((name) => [name, IMAGE_USERS[image]] as const)),
);

/**
 * The core stores' secrets, from a SOPS file for the root key; what it lacks is made and written first. The stores' volumes
 * know them, so what is there is never made anew, nor forgotten. Throws `KEY_UNAVAILABLE` where the root key does not open the file, or it
 * cannot be written, and `OBJECT_CORRUPTED` where it was changed.
 */
export async function settleCoreSecrets(
  file: string,
  root: KeyPair,
  clock: Clock,
  { hasQdrant }: CoreSecretOptions,
): Promise<Map<string, string>> {
  const held = await readCoreSecrets(file, root);
  const missing = [...NAMES, ...(hasQdrant ? [VECTORS_KEY] : [])].filter((name) => !held.has(name));
  if (missing.length === 0) return held;
  for (const name of missing) held.set(name, (MAKERS[name as Secret] ?? password)());
  const text = await sealSops(held, [root.recipient], { at: clock.iso() });
  // Volumes that were made with a password that nobody has are lost.
  if (!sameSecrets(await openSops(text, [root.identity]), held)) throw unproven();
  await writeSecret(file, Buffer.from(text), { replace: true });
  if (!sameSecrets(await readCoreSecrets(file, root), held)) throw unproven();
  return held;
}

/**
 * Writes each to where its container finds it: on memory, for that container's user alone. `isSecure`: Qdrant is to speak TLS.
 * Throws as `writeSecretFile` does.
 */
export async function placeCoreSecrets(
  secrets: ReadonlyMap<string, string>,
  folder: string,
  { hasQdrant, isSecure }: CoreSecretOptions & { isSecure: boolean },
): Promise<void> {
  for (const [name, uid] of OWNERS) await writeSecretFile(join(folder, name), secrets.get(name)!, uid);
  if (!hasQdrant) return;
  const key = secrets.get(VECTORS_KEY)!;
  await writeSecretFile(join(folder, VECTORS_KEY), key, 0);
  await writeSecretFile(join(folder, 'qdrant_config.yaml'), qdrantConfig(key, { isSecure }), IMAGE_USERS.qdrant);
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
