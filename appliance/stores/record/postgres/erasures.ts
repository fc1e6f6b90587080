import type { Statements } from '../../postgres/connection.ts';
import { scrub } from '../../postgres/scrub.ts';
import type { ErasureRecords } from '../port.ts';
import type { DocumentRow, ErasureRow, RemovedRows } from '../rows.ts';
import { ERASURES } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { type ErasedBefore, newErasure, withRemoved } from '../rules/erasing.ts';
import { blankReferences } from './blank-references.ts';
import { inTurn, type RecordContext } from './context.ts';
import { lockDocument } from './documents.ts';
import { enqueue } from './outbox.ts';
import { readPage, tally } from './page.ts';
import { removeRows } from './remove-rows.ts';
import { allRows, getRow } from './rows.ts';

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
const PENDING = `SELECT ${COLUMNS} FROM erasures e
  WHERE e.status = 'pending' AND e.deletion_receipt_id > ? ORDER BY e.deletion_receipt_id LIMIT ?`;
const UNSETTLED = `SELECT ${COLUMNS} FROM erasures e
  WHERE e.status = 'completed' AND e.settled_at IS NULL AND e.erased_at < ? ORDER BY e.erased_at LIMIT ?`;
const ERASING = `SELECT doc_id FROM erasures
  WHERE status = 'pending' AND doc_id = ANY (@ids::text[]) ORDER BY doc_id`;
const EXPIRED = `SELECT retention_until, doc_id FROM documents
  WHERE retention_until <= @now AND (retention_until, doc_id) > (@retention_until, @doc_id) AND erasure_id IS NULL
  ORDER BY retention_until, doc_id LIMIT @limit`;
const LAST_OF = `SELECT DISTINCT ON (doc_id) doc_id, receipt_id, run, raw_sha256 FROM erasures
  WHERE doc_id = ANY (@ids::text[]) ORDER BY doc_id, deletion_receipt_id DESC`;
const INSERT = ERASURES.insert('erasures');
const HIDE = 'UPDATE documents SET erasure_id = ? WHERE doc_id = ?';
const SHOW = 'UPDATE documents SET erasure_id = NULL WHERE doc_id = ? AND erasure_id = ?';
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
const COUNT_OF = 'SELECT count(*)::bigint AS entries FROM erasures WHERE doc_id = ?';

/** Erasures under way and deletion receipts. */
export function erasureRecords(context: RecordContext): ErasureRecords {
  const { db } = context;
  const one = (tx: Statements, sql: string, id: string): Promise<ErasureRow | null> => getRow(tx, ERASURES, sql, [id]);
  /** A pending erasure that was decided, or null. */
  const decided = async (tx: Statements, id: string): Promise<ErasureRow | null> => {
    const row = await one(tx, SELECT, id);
    return row?.status === 'pending' && row.decided_at !== null ? row : null;
  };

  return {
    beginErasure: (intent) =>
      inTurn(context, async (change) => {
        const pending = await one(change, PENDING_OF, intent.doc_id);
        if (pending !== null) return pending;
        const document = await lockDocument(change, intent.doc_id);
        if (document === null) return null;
        const row = newErasure(intent, document);
        await change.run(INSERT, ERASURES.encode(row));
        await change.run(HIDE, [intent.deletion_receipt_id, intent.doc_id]);
        return row;
      }),
    takeBackErasure: (id) =>
      inTurn(context, async (change) => {
        const row = await one(change, SELECT, id);
        if (row === null || (await change.run(DROP, [id])) === 0) return false;
        await change.run(SHOW, [row.doc_id, id]);
        const document = (await lockDocument(change, row.doc_id)) as DocumentRow;
        if (document.state === 'processing') await enqueue(change, document);
        return true;
      }),
    decideErasure: (id, at) =>
      inTurn(context, async (change) => {
        return (await change.run(DECIDE, [at, id])) === 1 || (await decided(change, id)) !== null;
      }),
    noteInventory: (id, inventory) =>
      inTurn(context, async (change) => {
        await change.run(NOTE, [JSON.stringify(inventory), id]);
        return one(change, SELECT, id);
      }),
    clearRows: (id) =>
      inTurn(context, async (change) => {
        const row = await decided(change, id);
        if (row === null) return null;
        const removed = withRemoved(row.removed, await removeRows(change, row.doc_id));
        await change.run(COUNT, [JSON.stringify(removed), id]);
        return { ...row, removed };
      }),
    completeErasure: (id, { verified, entries, at }) =>
      inTurn(context, async (change) => {
        const row = await decided(change, id);
        if (row === null) return null;
        const batches = await change.all<{ batch_id: string }>(BATCHES_OF, [row.doc_id]);
        await change.run(DELETE_DOCUMENT, [row.doc_id, id]);
        change.owe('documents');
        const { removed: blanked, beside } = await blankReferences(change, row, at);
        const removed: RemovedRows = { ...row.removed, ...blanked };
        await change.run(COMPLETE, {
          id,
          at,
          verified: JSON.stringify(verified),
          removed: JSON.stringify(removed),
        });
        change.tell(entries(beside));
        return {
          erasure: (await one(change, SELECT, id)) as ErasureRow,
          batches: batches.map(({ batch_id }) => batch_id),
        };
      }),
    erasure: (id) => one(db, SELECT, id),
    erasures: (page) =>
      db.read(async (tx) => ({
        rows: (await readPage(tx, LIST, page, { 'e.doc_id': page.doc_id })).map(ERASURES.decode),
        total:
          page.doc_id === undefined
            ? (await tally(tx, 'erasures')).entries
            : ((await tx.get<{ entries: number }>(COUNT_OF, [page.doc_id]))?.entries ?? 0),
      })),
    pendingErasures: (after, limit) => allRows(db, ERASURES, PENDING, [after ?? '', limit]),
    erasing: async (docIds) => [...(await beingErased(db, docIds))],
    expired: (now, after, limit) =>
      db.all(EXPIRED, {
        now,
        limit,
        retention_until: after?.retention_until ?? '',
        doc_id: after?.doc_id ?? '',
      }),
    unsettledErasures: (before, limit) => allRows(db, ERASURES, UNSETTLED, [before, limit]),
    settleErasure: async (id, at) => {
      await inTurn(context, (change) => change.run(SETTLE, [at, id]));
    },
    scrub: () => scrub(db),
  };
}

/** Those of the documents that are being erased. */
export async function beingErased(tx: Statements, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.all<{ doc_id: string }>(ERASING, { ids });
  return new Set(rows.map(({ doc_id }) => doc_id));
}

/** What documents of these ids continue: the latest erasure of each that had one. */
export async function lastErasures(tx: Statements, ids: readonly string[]): Promise<Map<string, ErasedBefore>> {
  const rows = await tx.all<{ doc_id: string } & ErasedBefore>(LAST_OF, { ids });
  return new Map(rows.map(({ doc_id, ...last }) => [doc_id, last]));
}
