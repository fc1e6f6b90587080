import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { HostLayout } from '../host-layout.ts';
import type { KnownLists } from '../verify/trust.ts';

/** What a host remembers of the bundles that it took: nothing that comes later may go behind it. */
export interface KnownTrust {
  lists: KnownLists | undefined;
  /** The counter of the newest bundle; 0 on a fresh host. */
  counter: number;
}

export const NEWEST = 'newest_bundle.json';
const Newest = z.strictObject({ counter: z.number().int().min(1), version: z.string() });

/** Reads it. Throws `STORE_CORRUPTED` for a record that cannot be read: it must not be taken for a fresh host's. */
export function knownTrust({ settings }: Pick<HostLayout, 'settings'>): KnownTrust {
  const read = (name: string) => {
    const file = join(settings, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  };
  const [allowed_signers, revoked_keys, newest] = [
    read('known_allowed_signers'),
    read('known_revoked_keys'),
    read(NEWEST),
  ];
  return {
    // Of one that is gone nothing is known, and of the other still all.
    lists:
      allowed_signers === null && revoked_keys === null
        ? undefined
        : { allowed_signers: allowed_signers ?? '', revoked_keys: revoked_keys ?? '' },
    counter: newest === null ? 0 : newestOf(newest, join(settings, NEWEST)).counter,
  };
}

/** The record of the newest bundle. */
export function newestOf(text: string, file: string): z.infer<typeof Newest> {
  try {
    const parsed = Newest.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Told below.
  }
  throw new FrostbyteError(
    'STORE_CORRUPTED',
    `${file} cannot be read, so it is not known which bundle was the newest here. frostbyte evidence show tells; write it anew.`,
    { details: [{ field: 'path', value: file, constraint: '{"counter": …, "version": …}' }] },
  );
}
