import type { Statements } from '../../postgres/connection.ts';
import type { Value } from '../../postgres/parameters.ts';
import type { DecisionRecords, DocumentDecision, Keyset } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { type Cell, DOCUMENTS, RECEIPTS } from '../rules/codec.ts';
import { placeOf } from '../rules/cursor.ts';
import { decided, fits, isAsSeen, rejected } from '../rules/decisions.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import { type Change, inTurn, type RecordContext } from './context.ts';
import { beginRun, DOCUMENT_PLACE, lockDocument, removeChunks, reopenBatches, saveDocument } from './documents.ts';
import { getRow } from './rows.ts';

/** What is in quarantine, by 'scope reason status': few kinds, each kept with its total. */
const KINDS = "SELECT state AS kind, entries FROM tallies WHERE name = 'quarantine' AND entries > 0";
/** Documents of these kinds that are being erased: no list shows them. */
const COUNT_ERASING = `SELECT count(*)::bigint AS entries FROM documents
  WHERE erasure_id IS NOT NULL AND quarantine = ANY (@kinds::text[])`;
/** The newest of several kinds: the first of each, merged, so that no filter makes the list read what it does not show. */
const newest = (behind: string) => `SELECT ${DOCUMENTS.select('d')} FROM unnest(@kinds::text[]) AS k (kind)
  CROSS JOIN LATERAL (SELECT n.doc_id FROM documents n
    WHERE n.quarantine = k.kind AND n.quarantine IS NOT NULL AND n.erasure_id IS NULL ${behind}
    ORDER BY n.received_at DESC, n.doc_id DESC LIMIT @most) first
  JOIN documents d ON d.doc_id = first.doc_id
  ORDER BY d.received_at DESC, d.doc_id DESC LIMIT @limit OFFSET @offset`;
const NEWEST = newest('');
const NEWEST_BEHIND = newest('AND (n.received_at, n.doc_id) < (@received_at, @doc_id)');
const QUARANTINE_RECEIPT = `SELECT ${RECEIPTS.select('r')} FROM receipts r
  WHERE r.doc_id = ? AND r.reason = 'MALWARE_DETECTED' ORDER BY r.receipt_id DESC LIMIT 1`;

/** What people decide about documents. */
export function decisionRecords(context: RecordContext): DecisionRecords {
  const { db } = context;
  return {
    quarantined: (page) =>
      db.read(async (tx) => {
        const all = await tx.all<{ kind: string; entries: number }>(KINDS);
        const found = all.filter(({ kind }) => fits(kind, page));
        const kinds = found.map(({ kind }) => kind);
        const erasing = (await tx.get<{ entries: number }>(COUNT_ERASING, { kinds }))?.entries ?? 0;
        return {
          rows: await newestOf(tx, page, kinds),
          total: found.reduce((sum, { entries }) => sum + entries, 0) - erasing,
        };
      }),
    decide: (decisions) =>
      inTurn(context, async (change) => {
        const done: string[] = [];
        for (const decision of decisions) {
          const row = await lockDocument(change, decision.seen.doc_id);
          if (row === null || !isAsSeen(row, decision.seen)) continue;
          await decideOne(change, row, decision);
          done.push(row.doc_id);
        }
        return done;
      }),
    quarantineReceipt: (docId) => getRow(db, RECEIPTS, QUARANTINE_RECEIPT, [docId]),
  };
}

async function newestOf(tx: Statements, page: Keyset, kinds: readonly string[]): Promise<DocumentRow[]> {
  const offset = page.after === undefined ? (page.offset ?? 0) : 0;
  const parameters: Record<string, Value> = { kinds, limit: page.limit, offset, most: page.limit + offset };
  if (page.after !== undefined) {
    [parameters.received_at, parameters.doc_id] = placeOf(await tx.get(DOCUMENT_PLACE, [page.after])) as [Cell, Cell];
  }
  const rows = await tx.all<Record<string, Cell>>(page.after === undefined ? NEWEST : NEWEST_BEHIND, parameters);
  return rows.map(DOCUMENTS.decode);
}

async function decideOne(change: Change, row: DocumentRow, decision: DocumentDecision): Promise<void> {
  const { restart, entries, at } = decision;
  const actor = entries[0]?.event.actor ?? 'system';
  const next = decided(row, decision);
  if (decision.set.rejection?.scope === 'document') {
    await saveDocument(change, rejected(next), at);
    await reopenBatches(change, row.doc_id, at);
    await removeChunks(change, row.doc_id);
    await closeDeadLetters(change, row.doc_id, at, actor, 'skipped');
  } else if (restart === null) await saveDocument(change, next, at);
  else await beginRun(change, next, restart, at, undefined, actor);
  change.tell(entries);
}
