import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { type JournalEvent, readEvent } from './events.ts';

/** The lines of a journal: an event as canonical JSON, with a checksum of itself. */

const NEWLINE = 0x0a;

/** An event as its line. */
export function lineOf(event: JournalEvent): string {
  return `${canonicalJson({ ...event, sum: sumOf(event) })}\n`;
}

/**
 * The events of a journal, and where the last whole line ends: a line that a kill or a power cut broke off was never relied
 * on. Throws `STORE_CORRUPTED` for a line that was whole once and is not what was written.
 */
export function readLines(content: Buffer, where: string): { events: JournalEvent[]; bytes: number } {
  const events: JournalEvent[] = [];
  let bytes = 0;
  while (bytes < content.length) {
    const newline = content.indexOf(NEWLINE, bytes);
    const line = newline < 0 ? null : content.subarray(bytes, newline);
    const event = line === null ? null : readLine(line.toString('utf8'), events.length);
    if (event === null) {
      const isLast = newline < 0 || newline === content.length - 1;
      // A file can have become longer without what belongs there.
      const isTorn = isLast && events.length > 0 && (line === null || line.includes(0));
      if (isTorn) break;
      throw corrupted(where, events.length + 1);
    }
    events.push(event);
    bytes = newline + 1;
  }
  if (events[0]?.event !== 'planned') throw corrupted(where, 1);
  return { events, bytes };
}

function readLine(line: string, n: number): JournalEvent | null {
  try {
    const { sum, ...value } = JSON.parse(line) as Record<string, unknown>;
    const event = readEvent(value);
    return event !== null && event.n === n && sumOf(event) === sum ? event : null;
  } catch {
    return null;
  }
}

function sumOf(event: JournalEvent): string {
  return sha256Hex(canonicalJson(event)).slice(0, 16);
}

function corrupted(where: string, line: number): FrostbyteError {
  return new FrostbyteError(
    'STORE_CORRUPTED',
    `The journal of the operation in ${where} is not what was written: nothing is done by it. Look at the disk, and at log.txt beside it.`,
    { details: [{ field: 'journal.jsonl', value: `line ${line}`, constraint: 'as it was written' }] },
  );
}
