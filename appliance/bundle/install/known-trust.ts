import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FrostbyteError } from '../../kernel/errors.ts';
import { UPDATES, type UpdateKind } from '../format/manifest.ts';
import type { HostLayout } from '../host-layout.ts';
import type { KnownLists } from '../verify/trust.ts';

/** What a host remembers of the bundles that it took: nothing that comes later may go behind it. */
export interface KnownTrust {
  lists: KnownLists | undefined;
  /** The counter of the newest release; 0 on a fresh host. */
  counter: number;
  /** The counters of the newest updates, each kind by itself. */
  updates: Partial<Record<UpdateKind, number>>;
}

export const NEWEST = 'newest_bundle.json';
export const NEWEST_UPDATES = 'newest_updates.json';
const Newest = z.strictObject({ counter: z.number().int().min(1), version: z.string() });
/** Also what an update put into its place, so that an uninstallation takes it away. */
const NewestUpdate = Newest.extend({ files: z.array(z.string()).optional() });
const NewestUpdates = z.partialRecord(z.enum(UPDATES), NewestUpdate);
export type NewestUpdates = z.infer<typeof NewestUpdates>;

/** Reads it. Throws `STORE_CORRUPTED` for a record that cannot be read: it must not be taken for a fresh host's. */
export function knownTrust({ settings }: Pick<HostLayout, 'settings'>): KnownTrust {
  const read = (name: string) => {
    const file = join(settings, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  };
  const [allowed_signers, revoked_keys, newest, updates] = [
    read('known_allowed_signers'),
    read('known_revoked_keys'),
    read(NEWEST),
    read(NEWEST_UPDATES),
  ];
  return {
    // Of one that is gone nothing is known, and of the other still all.
    lists:
      allowed_signers === null && revoked_keys === null
        ? undefined
        : { allowed_signers: allowed_signers ?? '', revoked_keys: revoked_keys ?? '' },
    counter: newest === null ? 0 : newestOf(newest, join(settings, NEWEST)).counter,
    updates: updates === null ? {} : countersOf(newestUpdates(updates, join(settings, NEWEST_UPDATES))),
  };
}

/** The record of the newest release. Throws `STORE_CORRUPTED`. */
export const newestOf = (text: string, file: string): z.infer<typeof Newest> =>
  readRecord(Newest, text, { file, should: '{"counter": …, "version": …}' });

/** The record of the newest update of each kind. Throws `STORE_CORRUPTED`. */
export const newestUpdates = (text: string, file: string): NewestUpdates =>
  readRecord(NewestUpdates, text, { file, should: '{"malware-signatures": {"counter": …, "version": …}}' });

const countersOf = (newest: NewestUpdates): KnownTrust['updates'] =>
  Object.fromEntries(Object.entries(newest).map(([kind, { counter }]) => [kind, counter]));

function readRecord<T>(schema: z.ZodType<T>, text: string, { file, should }: { file: string; should: string }): T {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Told below.
  }
  throw new FrostbyteError(
    'STORE_CORRUPTED',
    `${file} cannot be read, so it is not known which bundle was the newest here. frostbyte evidence show tells; write it anew.`,
    { details: [{ field: 'path', value: file, constraint: should }] },
  );
}
