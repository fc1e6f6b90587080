import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { type KeyPair, makeKeyPair, unwrapIdentity, wrapIdentity } from './identities.ts';
import { readSecret, writeSecret } from './secret-file.ts';

/** The numbered identity files of a tenant's secrets folder, each wrapped for the root recipient. */
const NUMBERED = /^identity-([0-9]{4})\.age$/;

/** Where an identity lies. */
export function identityPath(folder: string, number: number): string {
  return join(folder, `identity-${String(number).padStart(4, '0')}.age`);
}

/** Numbers of the identities in a folder, newest first; none where there is no folder. */
export async function identityNumbers(folder: string): Promise<number[]> {
  return ((await entries(folder)) ?? [])
    .flatMap((name) => NUMBERED.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/** Makes an identity with this number, unless there is one; the one that is there is the one. Durable on return. */
export async function makeIdentity(root: KeyPair, folder: string, number: number, clock: Clock): Promise<KeyPair> {
  const wrapped = await wrapIdentity(await makeKeyPair(), clock.iso(), [root.recipient]);
  await writeSecret(identityPath(folder, number), wrapped, { replace: false });
  const pair = await openIdentity(root, folder, number);
  if (pair !== null) return pair;
  throw new FrostbyteError('KEY_UNAVAILABLE', 'An identity that was just written is not there.');
}

/** Opens an identity, or null where there is none. Throws `KEY_UNAVAILABLE`, `OBJECT_CORRUPTED`. */
export async function openIdentity(root: KeyPair, folder: string, number: number): Promise<KeyPair | null> {
  const wrapped = await readSecret(identityPath(folder, number));
  return wrapped === null ? null : unwrapIdentity(wrapped, [root.identity]);
}

/** Names in a folder, or null where there is none. Throws `KEY_UNAVAILABLE`. */
export async function entries(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The secrets folder cannot be read by this user.', { cause: error });
  }
}
