import type { ErasureRecords } from '../port.ts';
import type { DocumentRow, ErasureRow, RemovedRows } from '../rows.ts';
import { type Cell, ERASURES } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { type ErasedBefore, newErasure, withRemoved } from '../rules/erasing.ts';
import { blankReferences } from './blank-references.ts';
import type { RecordContext } from './context.ts';
import { readDocument } from './documents.ts';
import { appendEntries } from './events.ts';
import { enqueue } from './outbox.ts';
import { readPage, tally } from './page.ts';
import { removeRows } from './remove-rows.ts';

const COLUMNS = ERASURES.select('e');
const LIST: ListShape = {
  from: 'erasures e',
  select: COLUMNS,
  // UUID v7: the id alone is in order of time.
  order: ['e.deletion_receipt_id'],
  cursor: 'SELECT deletion_receipt_id FROM erasures WHERE deletion_receipt_id = ?',
};
const SELECT = `SELECT ${COLUMNS} FROM erasures e WHERE e.deletion_receipt_id = ?`;
const PENDING_OF = `SELECT ${COLUMNS} FROM erasures e WHERE e.doc_id = ? AND e.status = 'pending'`;
const PENDING = `SELECT ${COLUMNS} FROM erasures e INDEXED BY erasures_pending
  WHERE e.status = 'pending' AND e.deletion_receipt_id > ? ORDER BY e.deletion_receipt_id LIMIT ?`;
const UNSETTLED = `SELECT ${COLUMNS} FROM erasures e INDEXED BY erasures_unsettled
  WHERE e.status = 'completed' AND e.settled_at IS NULL AND e.erased_at < ? ORDER BY e.erased_at LIMIT ?`;
const ERASING = `SELECT doc_id FROM erasures
  WHERE status = 'pending' AND doc_id IN (SELECT value FROM json_each(?)) ORDER BY doc_id`;
const EXPIRED = `SELECT retention_until, doc_id FROM documents INDEXED BY documents_by_retention
  WHERE retention_until <= @now AND (retention_until, doc_id) > (@retention_until, @doc_id) AND erasure_id IS NULL
  ORDER BY retention_until, doc_id LIMIT @limit`;
const INSERT = ERASURES.insert('erasures');
const HIDE = 'UPDATE documents SET erasure_id = ? WHERE doc_id = ?';
const SHOW = 'UPDATE documents SET erasure_id = NULL WHERE erasure_id = ?';
const DROP = `DELETE FROM erasures WHERE deletion_receipt_id = ? AND status = 'pending' AND decided_at IS NULL`;
const DECIDE = `UPDATE erasures SET decided_at = ? WHERE deletion_receipt_id = ? AND status = 'pending' AND decided_at IS NULL`;
const NOTE = `UPDATE erasures SET inventory = ?
  WHERE deletion_receipt_id = ? AND status = 'pending' AND decided_at IS NOT NULL AND inventory IS NULL`;
const COUNT = 'UPDATE erasures SET removed = ? WHERE deletion_receipt_id = ?';
const COMPLETE = `UPDATE erasures SET status = 'completed', verified = @verified, erased_at = @at, removed = @removed
  WHERE deletion_receipt_id = @id`;
const SETTLE = 'UPDATE erasures SET settled_at = ? WHERE deletion_receipt_id = ? AND settled_at IS NULL';
const DELETE_DOCUMENT = 'DELETE FROM documents WHERE doc_id = ? AND erasure_id = ?';
const BATCHES_OF = 'SELECT batch_id FROM document_batches WHERE doc_id = ? ORDER BY batch_id';
const COUNT_OF = 'SELECT count(*) AS entries FROM erasures WHERE doc_id = ?';

/** Erasures under way and deletion receipts. */
export function erasureRecords(context: RecordContext): ErasureRecords {
  const { db } = context;

  const one = (sql: string, parameter: string): ErasureRow | null => {
    const cells = db.get<Record<string, Cell>>(sql, [parameter]);
    return cells ? ERASURES.decode(cells) : null;
  };
  const all = (sql: string, parameters: readonly Cell[]): ErasureRow[] =>
    db.all<Record<string, Cell>>(sql, parameters).map(ERASURES.decode);
  /** A pending erasure that was decided, or null. */
  const decided = (id: string): ErasureRow | null => {
    const row = one(SELECT, id);
    return row?.status === 'pending' && row.decided_at !== null ? row : null;
  };

  return {
    beginErasure: async (intent) =>
      db.write(() => {
        const pending = one(PENDING_OF, intent.doc_id);
        if (pending !== null) return pending;
        const document = readDocument(context, intent.doc_id);
        if (document === null) return null;
        const row = newErasure(intent, document);
        db.run(INSERT, ERASURES.encode(row));
        db.run(HIDE, [intent.deletion_receipt_id, intent.doc_id]);
        return row;
      }),
    takeBackErasure: async (id) =>
      db.write(() => {
        const row = one(SELECT, id);
        if (row === null || db.run(DROP, [id]) === 0) return false;
        db.run(SHOW, [id]);
        const document = readDocument(context, row.doc_id) as DocumentRow;
        if (document.state === 'processing') enqueue(context, document);
        return true;
      }),
    decideErasure: async (id, at) => db.write(() => db.run(DECIDE, [at, id]) === 1 || decided(id) !== null),
    noteInventory: async (id, inventory) =>
      db.write(() => {
        db.run(NOTE, [JSON.stringify(inventory), id]);
        return one(SELECT, id);
      }),
    clearRows: async (id) => {
      const cleared = db.write(() => {
        const row = decided(id);
        if (row === null) return null;
        const removed = withRemoved(row.removed, removeRows(context, row.doc_id));
        db.run(COUNT, [JSON.stringify(removed), id]);
        return { ...row, removed };
      });
      if (cleared !== null) db.forget();
      return cleared;
    },
    completeErasure: async (id, { verified, entries, at }) => {
      const completed = db.write(() => {
        const row = decided(id);
        if (row === null) return null;
        const batches = db.all<{ batch_id: string }>(BATCHES_OF, [row.doc_id]).map(({ batch_id }) => batch_id);
        db.run(DELETE_DOCUMENT, [row.doc_id, id]);
        const { removed: blanked, beside } = blankReferences(context, row, at);
        const removed: RemovedRows = { ...row.removed, ...blanked };
        db.run(COMPLETE, { id, at, verified: JSON.stringify(verified), removed: JSON.stringify(removed) });
        appendEntries(context, entries(beside));
        return { erasure: one(SELECT, id) as ErasureRow, batches };
      });
      if (completed !== null) db.forget();
      return completed;
    },
    erasure: async (id) => one(SELECT, id),
    erasures: async (page) =>
      db.read(() => ({
        rows: readPage(context, LIST, page, { 'e.doc_id': page.doc_id }).map(ERASURES.decode),
        total:
          page.doc_id === undefined
            ? tally(context, 'erasures').entries
            : (db.get<{ entries: number }>(COUNT_OF, [page.doc_id])?.entries ?? 0),
      })),
    pendingErasures: async (after, limit) => all(PENDING, [after ?? '', limit]),
    erasing: async (docIds) =>
      db.all<{ doc_id: string }>(ERASING, [JSON.stringify(docIds)]).map(({ doc_id }) => doc_id),
    expired: async (now, after, limit) =>
      db.all(EXPIRED, {
        now,
        limit,
        retention_until: after?.retention_until ?? '',
        doc_id: after?.doc_id ?? '',
      }),
    unsettledErasures: async (before, limit) => all(UNSETTLED, [before, limit]),
    settleErasure: async (id, at) => {
      db.write(() => db.run(SETTLE, [at, id]));
    },
    scrub: () => db.wipe(),
  };
}

/** Whether the document is being erased. Inside a transaction. */
export function isBeingErased({ db }: RecordContext, docId: string): boolean {
  return db.get("SELECT 1 FROM erasures WHERE doc_id = ? AND status = 'pending'", [docId]) !== undefined;
}

/** What a document of this id continues: the latest erasure of it, or null. Inside a transaction. */
export function lastErasure({ db }: RecordContext, docId: string): ErasedBefore | null {
  return (
    db.get<ErasedBefore>(
      'SELECT receipt_id, run, raw_sha256 FROM erasures WHERE doc_id = ? ORDER BY deletion_receipt_id DESC LIMIT 1',
      [docId],
    ) ?? null
  );
}
