import { armor } from 'age-encryption';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { open, seal } from '../age-file.ts';
import { changed, notRead } from './refusals.ts';
import { RULE_NAMES, type SopsRules } from './rules.ts';
import type { SopsTree, SopsValue } from './tree.ts';

/** The part of a SOPS file that says how to open it: the entry `sops`. */
export interface SopsMetadata {
  age: { recipient: string; enc: string }[];
  /** RFC 3339; the additional data of the MAC. */
  lastmodified: string;
  mac: string;
  rules: SopsRules;
  /** Only encrypted values are under the MAC. */
  mac_only_encrypted: boolean;
}

export const DATA_KEY_BYTES = 32;
/** The format that is written: that of SOPS 3.8, which later versions read. */
const WRITTEN_VERSION = '3.8.0';

/** Reads the entry `sops`. Throws `OBJECT_CORRUPTED`, and `VALIDATION_ERROR` naming what is not read here. */
export function readMetadata(entry: SopsValue | undefined): SopsMetadata {
  if (!(entry instanceof Map)) throw changed();
  if (has(entry, 'key_groups') || isAbove(entry.get('shamir_threshold'), 1n))
    throw notRead('key_groups', 'Encrypt it to age recipients without groups.');
  for (const name of ['unencrypted_comment_regex', 'encrypted_comment_regex'])
    if (has(entry, name)) throw notRead(name, 'Choose values by suffix or by a pattern over names.');
  if (!has(entry, 'age')) throw notRead('keys other than age', 'Encrypt it to age recipients.');
  const rules: SopsRules = {};
  for (const name of RULE_NAMES) {
    const rule = optionalText(entry, name);
    if (rule !== '') rules[name] = rule;
  }
  const flag = entry.get('mac_only_encrypted') ?? false;
  const list = entry.get('age');
  if (typeof flag !== 'boolean' || !Array.isArray(list)) throw changed();
  return {
    age: list.map((key) => {
      if (!(key instanceof Map)) throw changed();
      return { recipient: neededText(key, 'recipient'), enc: neededText(key, 'enc') };
    }),
    lastmodified: neededText(entry, 'lastmodified'),
    mac: neededText(entry, 'mac'),
    rules,
    mac_only_encrypted: flag,
  };
}

/** The entry `sops` of a file that is written here. */
export function metadataTree(metadata: SopsMetadata): SopsTree {
  return new Map<string, SopsValue>([
    [
      'age',
      metadata.age.map(
        ({ recipient, enc }) =>
          new Map([
            ['recipient', recipient],
            ['enc', enc],
          ]),
      ),
    ],
    ['lastmodified', metadata.lastmodified],
    ['mac', metadata.mac],
    ...(Object.entries(metadata.rules) as [string, string][]),
    ...(metadata.mac_only_encrypted ? ([['mac_only_encrypted', true]] as const) : []),
    ['version', WRITTEN_VERSION],
  ]);
}

/** The data key for each recipient, each by itself, as SOPS keeps it. */
export async function wrapDataKey(key: Buffer, recipients: readonly string[]): Promise<SopsMetadata['age']> {
  return Promise.all(
    recipients.map(async (recipient) => ({ recipient, enc: armor.encode(await seal([recipient], key)) })),
  );
}

/** The data key, by whichever of the identities opens it. Throws `KEY_UNAVAILABLE`, `OBJECT_CORRUPTED`. */
export async function unwrapDataKey(age: SopsMetadata['age'], identities: readonly string[]): Promise<Buffer> {
  for (const { enc } of age) {
    try {
      const key = await open(identities, armored(enc));
      if (key.length !== DATA_KEY_BYTES) throw changed();
      return key;
    } catch (error) {
      if (!isFrostbyteError(error, 'KEY_UNAVAILABLE')) throw error;
    }
  }
  throw new FrostbyteError('KEY_UNAVAILABLE', 'None of the keys at hand opens this SOPS file.');
}

function armored(text: string): Uint8Array {
  try {
    return armor.decode(text);
  } catch (error) {
    throw changed(error);
  }
}

function has(entry: SopsTree, name: string): boolean {
  const value = entry.get(name);
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function isAbove(value: SopsValue | undefined, limit: bigint): boolean {
  return (typeof value === 'bigint' || typeof value === 'number') && value > limit;
}

function neededText(entry: SopsTree, name: string): string {
  const value = optionalText(entry, name);
  if (value === '') throw changed();
  return value;
}

function optionalText(entry: SopsTree, name: string): string {
  const value = entry.get(name) ?? '';
  if (typeof value !== 'string') throw changed();
  return value;
}
