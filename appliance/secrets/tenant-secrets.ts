import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { type KeyPair, keyPair } from './identities.ts';
import { readSecret, writeSecret } from './secret-file.ts';
import { openSops, sealSops } from './sops/sops-file.ts';
import type { SopsTree } from './sops/tree.ts';

/**
 * A tenant's secrets file (spec 3, "Secrets and keys"): a SOPS file for the tenant's identity, with the credentials of its
 * stores and its storage identities. One file, so that a rotation is one rename.
 */
const FILE = 'secrets.sops.yaml';
const STORAGE = 'storage_identities';
const STORAGE_NAME = /^storage-([0-9]{4})$/;

/** Credentials that the file may hold; embedded mode has the last alone. */
export const SECRET_NAMES = [
  'minio_access_key',
  'minio_secret_key',
  'postgres_password',
  'qdrant_token',
  'redis_password',
  'tenant_api_key',
] as const;
export type SecretName = (typeof SECRET_NAMES)[number];

/** An identity and its number. */
export interface NumberedPair {
  number: number;
  pair: KeyPair;
}

export interface TenantSecrets {
  values: Partial<Record<SecretName, string>>;
  /** Newest first. */
  storage: NumberedPair[];
}

/** Where a tenant's folder keeps the file. */
export function secretsFile(folder: string): string {
  return join(folder, FILE);
}

/** The file as it lies there, or null where there is none. Throws `KEY_UNAVAILABLE` where it may not be read. */
export async function readSecretsFile(folder: string): Promise<string | null> {
  return (await readSecret(secretsFile(folder)))?.toString('utf8') ?? null;
}

/** Opens the text of the file. Throws `KEY_UNAVAILABLE` with another identity, `OBJECT_CORRUPTED` on damage. */
export async function openTenantSecrets(text: string, identity: string): Promise<TenantSecrets> {
  const tree = await openSops(text, [identity]);
  const storage: NumberedPair[] = [];
  const held = tree.get(STORAGE);
  for (const [name, value] of held instanceof Map ? held : []) {
    const [, number] = STORAGE_NAME.exec(name) ?? [];
    if (number === undefined || typeof value !== 'string') throw unknownContent();
    storage.push({ number: Number(number), pair: await keyPair(value) });
  }
  tree.delete(STORAGE);
  const values: TenantSecrets['values'] = {};
  for (const [name, value] of tree) {
    if (!(SECRET_NAMES as readonly string[]).includes(name) || typeof value !== 'string') throw unknownContent();
    values[name as SecretName] = value;
  }
  return { values, storage: storage.sort((a, b) => b.number - a.number) };
}

/**
 * Writes the file for one identity. That the identity opens it and gives back the same is proven before the file takes its
 * place, and again as it lies there. With `replace: false` a file that is there stays and the answer is false. A file that
 * was replaced is destroyed. Durable on return.
 */
export async function writeTenantSecrets(
  folder: string,
  secrets: TenantSecrets,
  pair: KeyPair,
  clock: Clock,
  options: { replace: boolean },
): Promise<boolean> {
  const text = await sealSops(treeOf(secrets), [pair.recipient], { at: clock.iso() });
  await prove(text, secrets, pair);
  if (!(await writeSecret(secretsFile(folder), Buffer.from(text), options))) return false;
  const written = await readSecretsFile(folder);
  if (written === text) return true;
  throw new FrostbyteError('KEY_UNAVAILABLE', 'The secrets file on the disk is not what was written.');
}

async function prove(text: string, secrets: TenantSecrets, pair: KeyPair): Promise<void> {
  const opened = await openTenantSecrets(text, pair.identity);
  const same =
    SECRET_NAMES.every((name) => opened.values[name] === secrets.values[name]) &&
    opened.storage.length === secrets.storage.length &&
    opened.storage.every(({ number, pair: { identity } }, at) => {
      const wanted = secrets.storage[at];
      return wanted?.number === number && wanted.pair.identity === identity;
    });
  if (!same) throw new FrostbyteError('KEY_UNAVAILABLE', 'The secrets file does not open as what was put into it.');
}

function treeOf({ values, storage }: TenantSecrets): SopsTree {
  const held: SopsTree = new Map(
    storage.map(({ number, pair }) => [`storage-${String(number).padStart(4, '0')}`, pair.identity]),
  );
  const tree: SopsTree = new Map();
  for (const name of SECRET_NAMES) if (values[name] !== undefined) tree.set(name, values[name]);
  return tree.set(STORAGE, held);
}

function unknownContent(): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', 'The secrets file holds something that this version does not know.');
}
