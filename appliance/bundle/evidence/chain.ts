import { FrostbyteError } from '../../kernel/errors.ts';
import { BEGINNING, type Chained, hashOf, readRecord } from './record.ts';

/** How far a log goes: kept beside it, so that records that are cut off at its end are missed. */
export interface Head {
  count: number;
  hash: string;
}

export const EMPTY: Head = { count: 0, hash: BEGINNING };

/** What a log holds, and whether a kill broke off its last line. */
export interface ReadChain {
  records: Chained[];
  head: Head;
  /** Bytes up to the end of the last whole line. */
  bytes: number;
  torn: boolean;
}

/**
 * Reads a log and holds every record against its hash and the one before. A last line without an end was broken off by a kill
 * and counts as not written. Throws `AUDIT_CHAIN_BROKEN`, naming the first record that does not hold. O(bytes).
 */
export function readChain(content: string): ReadChain {
  const records: Chained[] = [];
  let head = EMPTY;
  let at = 0;
  for (let end = content.indexOf('\n', at); end >= 0; end = content.indexOf('\n', at)) {
    const record = readRecord(content.slice(at, end));
    const n = records.length;
    if (record === null) throw broken(n, 'a record as it was written');
    const { hash, ...rest } = record;
    if (record.n !== n) throw broken(n, `record ${n}, not ${record.n}: records were taken away or put in`);
    if (record.previous !== head.hash) throw broken(n, 'behind the record before it');
    if (hashOf(rest) !== hash) throw broken(n, 'what its hash says');
    records.push(record);
    head = { count: n + 1, hash };
    at = end + 1;
  }
  return { records, head, bytes: Buffer.byteLength(content.slice(0, at)), torn: at < content.length };
}

/**
 * Holds a log against the head beside it. The log may be one record ahead, where a kill came between the two; otherwise they
 * say the same. Throws `AUDIT_CHAIN_BROKEN`.
 */
export function holdAgainst({ records, head }: ReadChain, known: Head): void {
  if (known.count === head.count && known.hash === head.hash) return;
  const before = records.at(-1)?.previous ?? BEGINNING;
  if (known.count === head.count - 1 && known.hash === before) return;
  if (known.count > head.count) {
    throw broken(head.count, `${known.count} records: ${known.count - head.count} are missing at its end`);
  }
  throw broken(known.count, 'what its head says: it was written anew');
}

/** That a log goes on from an earlier state of itself. Throws `AUDIT_CHAIN_BROKEN`. */
export function holdBehind({ records, head }: ReadChain, earlier: Head): void {
  const then = earlier.count === 0 ? BEGINNING : records[earlier.count - 1]?.hash;
  if (then === earlier.hash) return;
  const what =
    head.count < earlier.count
      ? `${earlier.count} records, as it had when it was exported`
      : 'what it was when it was exported: it was written anew';
  throw broken(Math.min(head.count, earlier.count), what);
}

export function broken(n: number, constraint: string): FrostbyteError {
  return new FrostbyteError(
    'AUDIT_CHAIN_BROKEN',
    `The evidence is not what was written: something is wrong from record ${n} on. Keep the files as they are, and compare with the last export.`,
    { details: [{ field: `record ${n}`, constraint }] },
  );
}
