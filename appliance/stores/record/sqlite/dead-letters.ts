import type { DeadLetterRecords } from '../port.ts';
import { goneMeanwhile } from '../rules/closed-dead-letters.ts';
import { type Cell, DEAD_LETTERS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import type { RecordContext } from './context.ts';
import { beginRun, readDocument } from './documents.ts';
import { appendEntries } from './events.ts';
import { readPage, tally } from './page.ts';

const LIST: ListShape = {
  from: 'dead_letters l',
  select: DEAD_LETTERS.select('l'),
  // UUID v7: the id alone is in order of time.
  order: ['l.dlq_entry_id'],
  // So it is a place also when its letter has gone with an erased document.
  cursor: 'SELECT ? AS dlq_entry_id',
};
const SELECT = `SELECT ${DEAD_LETTERS.select('l')} FROM dead_letters l WHERE l.dlq_entry_id = ?`;
const RESOLVE = `UPDATE dead_letters SET status = @status, resolution = @resolution, resolved_at = @at
  WHERE dlq_entry_id = @dlq_entry_id AND status = 'pending_review'
  RETURNING resource_id`;

// As the partial index `dead_letters_halting` has it, word for word.
const HALTED = `SELECT 1 FROM dead_letters INDEXED BY dead_letters_halting
  WHERE status = 'pending_review' AND json_extract(error, '$.code') = 'DIMENSION_MISMATCH' LIMIT 1`;

/** Work that was given up. */
export function deadLetterRecords(context: RecordContext): DeadLetterRecords {
  const { db } = context;
  return {
    deadLetters: async (page) =>
      db.read(() => ({
        rows: readPage(context, LIST, page, { 'l.status': page.status, 'l.stage': page.stage }).map(
          DEAD_LETTERS.decode,
        ),
        total: tally(context, page.stage === undefined ? 'dead_letters' : `dead_letters of ${page.stage}`, page.status)
          .entries,
      })),
    deadLetter: async (id) => {
      const cells = db.get<Record<string, Cell>>(SELECT, [id]);
      return cells ? DEAD_LETTERS.decode(cells) : null;
    },
    resolveDeadLetter: async ({ dlq_entry_id, status, resolution, restart, entries, at }) =>
      db.write(() => {
        const resolved = db.get<{ resource_id: string }>(RESOLVE, { dlq_entry_id, status, resolution, at });
        if (resolved === undefined) return false;
        const document = restart ? readDocument(context, resolved.resource_id) : null;
        if (restart && document === null) throw goneMeanwhile();
        if (restart && document) beginRun(context, document, restart, at);
        appendEntries(context, entries);
        return true;
      }),
    isEmbeddingHalted: async () => db.get(HALTED) !== undefined,
  };
}
