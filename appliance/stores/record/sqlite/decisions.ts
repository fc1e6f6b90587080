import type { DecisionRecords, DocumentDecision, Keyset } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { type Cell, DOCUMENTS, RECEIPTS } from '../rules/codec.ts';
import { placeOf } from '../rules/cursor.ts';
import { decided, fits, isAsSeen, rejected } from '../rules/decisions.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import type { RecordContext } from './context.ts';
import { beginRun, DOCUMENT_PLACE, readDocument, removeChunks, reopenBatches, saveDocument } from './documents.ts';
import { appendEntries } from './events.ts';

/** What is in quarantine, by 'scope reason status': few kinds, each kept with its total. */
const KINDS = "SELECT state AS kind, entries FROM tallies WHERE name = 'quarantine' AND entries > 0";
const COUNT_ERASING = `SELECT count(*) AS entries FROM documents INDEXED BY documents_erasing
  WHERE erasure_id IS NOT NULL AND quarantine IN (SELECT value FROM json_each(?))`;
const QUARANTINE_RECEIPT = `SELECT ${RECEIPTS.select('r')} FROM receipts r
  WHERE r.doc_id = ? AND r.reason = 'MALWARE_DETECTED' ORDER BY r.receipt_id DESC LIMIT 1`;

/** What people decide about documents. */
export function decisionRecords(context: RecordContext): DecisionRecords {
  const { db } = context;
  return {
    quarantined: async (page) =>
      db.read(() => {
        const kinds = db.all<{ kind: string; entries: number }>(KINDS).filter(({ kind }) => fits(kind, page));
        return {
          rows: newestOf(context, page, kinds),
          total: kinds.reduce((sum, { entries }) => sum + entries, 0) - countErasing(context, kinds),
        };
      }),
    decide: async (decisions) => {
      let removed = 0;
      const done = db.write(() =>
        decisions.flatMap((decision) => {
          const row = readDocument(context, decision.seen.doc_id);
          if (row === null || !isAsSeen(row, decision.seen)) return [];
          removed += decideOne(context, row, decision);
          return [row.doc_id];
        }),
      );
      if (removed > 0) db.forget();
      return done;
    },
    quarantineReceipt: async (docId) => {
      const cells = db.get<Record<string, Cell>>(QUARANTINE_RECEIPT, [docId]);
      return cells ? RECEIPTS.decode(cells) : null;
    },
  };
}

/** Documents of these kinds that are being erased: no list shows them. */
function countErasing({ db }: RecordContext, kinds: readonly { kind: string }[]): number {
  return db.get<{ entries: number }>(COUNT_ERASING, [JSON.stringify(kinds.map(({ kind }) => kind))])?.entries ?? 0;
}

/** The newest of several kinds: the first of each, merged, so that no filter makes the list read what it does not show. */
function newestOf({ db }: RecordContext, page: Keyset, kinds: readonly { kind: string }[]): DocumentRow[] {
  const offset = page.after === undefined ? (page.offset ?? 0) : 0;
  const parameters: Record<string, Cell> = { limit: page.limit, offset, most: page.limit + offset };
  let behind = '';
  if (page.after !== undefined) {
    [parameters.received_at, parameters.doc_id] = placeOf(db.get(DOCUMENT_PLACE, [page.after])) as [Cell, Cell];
    behind = 'AND (received_at, doc_id) < (@received_at, @doc_id)';
  }
  if (kinds.length === 0) return [];
  const each = kinds.map(({ kind }, at) => {
    parameters[`kind${at}`] = kind;
    return `SELECT * FROM (SELECT received_at, doc_id FROM documents INDEXED BY documents_in_quarantine
      WHERE quarantine = @kind${at} AND quarantine IS NOT NULL AND erasure_id IS NULL ${behind}
      ORDER BY received_at DESC, doc_id DESC LIMIT @most)`;
  });
  return db
    .all<Record<string, Cell>>(
      `SELECT ${DOCUMENTS.select('d')} FROM
        (SELECT * FROM (${each.join(' UNION ALL ')}) ORDER BY received_at DESC, doc_id DESC LIMIT @limit OFFSET @offset) n
        JOIN documents d ON d.doc_id = n.doc_id ORDER BY n.received_at DESC, n.doc_id DESC`,
      parameters,
    )
    .map(DOCUMENTS.decode);
}

/** Stores one decision inside the running transaction. Returns how many served chunks it took away. */
function decideOne(context: RecordContext, row: DocumentRow, decision: DocumentDecision): number {
  const { restart, entries, at } = decision;
  const actor = entries[0]?.event.actor ?? 'system';
  let removed = 0;
  const next = decided(row, decision);
  if (decision.set.rejection?.scope === 'document') {
    saveDocument(context, rejected(next), at);
    reopenBatches(context, row.doc_id, at);
    removed = removeChunks(context, row.doc_id);
    closeDeadLetters(context, row.doc_id, at, actor, 'skipped');
  } else if (restart === null) saveDocument(context, next, at);
  else beginRun(context, next, restart, at, undefined, actor);
  appendEntries(context, entries);
  return removed;
}
