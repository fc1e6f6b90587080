import type { DeadLetterRecords } from '../port.ts';
import { goneMeanwhile } from '../rules/closed-dead-letters.ts';
import { DEAD_LETTERS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { inTurn, type RecordContext } from './context.ts';
import { beginRun, lockDocument } from './documents.ts';
import { readPage, tally } from './page.ts';
import { getRow } from './rows.ts';

const LIST: ListShape = {
  from: 'dead_letters l',
  select: DEAD_LETTERS.select('l'),
  // UUID v7: the id alone is in order of time.
  order: ['l.dlq_entry_id'],
  // So it is a place also when its letter has gone with an erased document.
  cursor: 'SELECT ?::text AS dlq_entry_id',
};
const SELECT = `SELECT ${DEAD_LETTERS.select('l')} FROM dead_letters l WHERE l.dlq_entry_id = ?`;
const RESOLVE = `UPDATE dead_letters SET status = @status, resolution = @resolution, resolved_at = @at
  WHERE dlq_entry_id = @dlq_entry_id AND status = 'pending_review'
  RETURNING resource_id`;

// As the partial index `dead_letters_halting` has it, word for word.
const HALTED = `SELECT 1 FROM dead_letters
  WHERE status = 'pending_review' AND error_code = 'DIMENSION_MISMATCH' LIMIT 1`;

/** Work that was given up. */
export function deadLetterRecords(context: RecordContext): DeadLetterRecords {
  const { db } = context;
  return {
    deadLetters: (page) =>
      db.read(async (tx) => ({
        rows: (await readPage(tx, LIST, page, { 'l.status': page.status, 'l.stage': page.stage })).map(
          DEAD_LETTERS.decode,
        ),
        total: (
          await tally(tx, page.stage === undefined ? 'dead_letters' : `dead_letters of ${page.stage}`, page.status)
        ).entries,
      })),
    deadLetter: (id) => getRow(db, DEAD_LETTERS, SELECT, [id]),
    resolveDeadLetter: ({ dlq_entry_id, status, resolution, restart, entries, at }) =>
      inTurn(context, async (change) => {
        const resolved = await change.get<{ resource_id: string }>(RESOLVE, { dlq_entry_id, status, resolution, at });
        if (resolved === undefined) return false;
        const document = restart ? await lockDocument(change, resolved.resource_id) : null;
        if (restart && document === null) throw goneMeanwhile();
        if (restart && document) await beginRun(change, document, restart, at);
        change.tell(entries);
        return true;
      }),
    isEmbeddingHalted: async () => (await db.get(HALTED)) !== undefined,
  };
}
