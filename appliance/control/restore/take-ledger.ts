import { FrostbyteError } from '../../kernel/errors.ts';
import { GENESIS, type LedgerEntry, verifyLedger } from '../ledger/entries.ts';
import { readLedger } from '../ledger/ledger.ts';
import type { Registry } from '../registry/open.ts';

/** Ledgers are read in one go: a line is some 400 bytes. */
const ALL = Number.MAX_SAFE_INTEGER;
const INSERT = `INSERT INTO ledger (seq, kind, tenant_id, resource_id, at, details, event_id, previous_hash, hash)
  VALUES (:seq, :kind, :tenant_id, :resource_id, :at, :details, :event_id, :previous_hash, :hash)`;

/** The ledger of a restored registry, and what a newer one that was carried out of the box adds to it. */
export interface JoinedLedger {
  entries: LedgerEntry[];
  /** Lines that the restored registry does not have yet. */
  added: LedgerEntry[];
  head: string;
  /** The time of the last line; null where there is none. */
  until: string | null;
}

/**
 * Holds a ledger that was exported before against the one of the restored registry: one must go on where the other ends.
 * Throws `AUDIT_CHAIN_BROKEN` where either does not hold in itself, or both tell different stories: then it is another
 * appliance's, or was changed. O(lines).
 */
export function joinLedgers(registry: Registry, exported: readonly LedgerEntry[] | null): JoinedLedger {
  const own = readLedger(registry, { after: 0, limit: ALL });
  if (!verifyLedger(own).valid) throw broken('The ledger in the backup is broken.');
  if (exported !== null && !verifyLedger(exported).valid)
    throw broken('The ledger that is given is broken: a line of it is missing or was changed. Take another copy.');
  const given = exported ?? [];
  const shared = Math.min(own.length, given.length);
  if (shared > 0 && own[shared - 1]!.hash !== given[shared - 1]!.hash) {
    throw broken(
      'The ledger that is given is not of this appliance: it tells something else than the one in the backup.',
    );
  }
  const added = given.slice(own.length);
  const entries = [...own, ...added];
  const last = entries.at(-1);
  return { entries, added, head: last?.hash ?? GENESIS, until: last?.at ?? null };
}

/** Writes lines behind those that are there, as they were: the chain goes on. Inside `registry.write`. */
export function takeLines(registry: Registry, lines: readonly LedgerEntry[]): void {
  for (const line of lines) registry.run(INSERT, { ...line, details: JSON.stringify(line.details) });
}

/** Reads a ledger as `frostbyte audit ledger` prints it: JSON Lines. Throws `VALIDATION_ERROR`. */
export function parseLedger(text: string): LedgerEntry[] {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as LedgerEntry);
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The ledger is no JSON Lines, as frostbyte audit ledger prints it.', {
      cause,
    });
  }
}

function broken(message: string): FrostbyteError {
  return new FrostbyteError('AUDIT_CHAIN_BROKEN', message);
}
