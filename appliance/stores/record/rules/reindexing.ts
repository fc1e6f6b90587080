import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { NewReindex, ReindexDocument, ReindexedDocument } from '../reindex-records.ts';
import type { DocumentRow, IndexNumber, ReindexRow } from '../rows.ts';
import { type Cell, DOCUMENTS, REINDEXES } from './codec.ts';
import type { ListShape } from './cursor.ts';
import { ownRow, refused } from './own-row.ts';

/** What both record stores say and do alike about a reindex. Nothing here reads or writes. */

export const REINDEX_LIST: ListShape = {
  from: 'reindexes r',
  select: REINDEXES.select('r'),
  // UUID v7: the id alone is in order of time.
  order: ['r.reindex_id'],
  cursor: 'SELECT reindex_id FROM reindexes WHERE reindex_id = ?',
};

/** The number of the index that is served, as a value in a statement. */
export const SERVED_NUMBER = '(SELECT coalesce(max(served), 0) FROM vector_index)';

const SELECT = `SELECT ${REINDEXES.select('r')} FROM reindexes r`;

/** Statements that mean the same to both. */
export const REINDEX_SQL = Object.freeze({
  one: `${SELECT} WHERE r.reindex_id = ?`,
  open: `${SELECT} WHERE r.dropped_at IS NULL`,
  served: `SELECT ${SERVED_NUMBER} AS served`,
  insert: REINDEXES.insert('reindexes'),
  listAll: 'INSERT INTO reindex_documents (doc_id) SELECT doc_id FROM documents WHERE served IS NOT NULL',
  list: 'INSERT INTO reindex_documents (doc_id) VALUES (?)',
  unlist: 'DELETE FROM reindex_documents WHERE doc_id = ?',
  unlistAll: 'DELETE FROM reindex_documents',
  isOpen: 'SELECT 1 AS found FROM reindex_documents WHERE staged_at IS NULL LIMIT 1',
  /** What may be taken now. */
  free: `SELECT ${DOCUMENTS.select('d')} FROM reindex_documents r JOIN documents d ON d.doc_id = r.doc_id
    WHERE r.staged_at IS NULL AND (r.held_until IS NULL OR r.held_until <= @now) AND d.erasure_id IS NULL
    ORDER BY r.doc_id LIMIT @limit`,
  take: `UPDATE reindex_documents SET worker = @worker, held_until = @until WHERE doc_id = @doc_id`,
  held: `SELECT 1 AS found FROM reindex_documents
    WHERE doc_id = @doc_id AND worker = @worker AND staged_at IS NULL`,
  leave: 'UPDATE reindex_documents SET worker = NULL, held_until = NULL WHERE worker = ?',
  leaveOne: `UPDATE reindex_documents SET worker = NULL, held_until = NULL
    WHERE worker = @worker AND doc_id = @doc_id`,
  leaveDrop: 'UPDATE reindexes SET worker = NULL, held_until = NULL WHERE dropped_at IS NULL AND worker = ?',
  workers: `SELECT DISTINCT worker FROM reindex_documents WHERE worker IS NOT NULL
    UNION SELECT worker FROM reindexes WHERE dropped_at IS NULL AND worker IS NOT NULL`,
  isReindexing: `SELECT 1 AS found FROM reindex_documents
    WHERE doc_id = @doc_id AND worker IS NOT NULL AND held_until > @now`,
  forgetChunks: 'DELETE FROM reindexed_chunks WHERE doc_id = ?',
  stage: `UPDATE reindex_documents SET worker = NULL, held_until = NULL, staged_at = @at,
      vectors_sha256 = @vectors_sha256, output_hash = @output_hash, index_event_id = @index_event_id
    WHERE doc_id = @doc_id`,
  again: `UPDATE reindex_documents SET worker = NULL, held_until = NULL, staged_at = NULL WHERE doc_id = ?`,
  isListed: 'SELECT 1 AS found FROM reindex_documents WHERE doc_id = ?',
  documents: 'SELECT count(*) AS documents, count(staged_at) AS documents_done FROM reindex_documents',
  chunks: 'SELECT count(*) AS chunks_done FROM reindexed_chunks WHERE number = ?',
  note: 'UPDATE reindexes SET error_code = @error_code WHERE reindex_id = @id',
  serve: `INSERT INTO vector_index (one, served) VALUES (1, ?)
    ON CONFLICT (one) DO UPDATE SET served = excluded.served`,
  end: `UPDATE reindexes SET status = @status, ended_at = @at, ended_by = @by, error_code = @error_code,
      documents = @documents, documents_done = @documents_done, chunks_done = @chunks_done, worker = NULL, held_until = NULL
    WHERE reindex_id = @id`,
  takeToDrop: `UPDATE reindexes SET worker = @worker, held_until = @until
    WHERE reindex_id = @id AND status <> 'building' AND dropped_at IS NULL
      AND (worker IS NULL OR worker = @worker OR held_until <= @now)`,
  dropped: 'UPDATE reindexes SET dropped_at = @at WHERE reindex_id = @id AND dropped_at IS NULL',
  forgetOthers: `DELETE FROM reindexed_chunks WHERE number <> ${SERVED_NUMBER}`,
});

/** Documents looked at when some are taken: no more chunks than one step embeds can be in them. */
export const MOST_TAKEN = 256;

export const REINDEXED_COLUMNS = [
  'chunk_id',
  'number',
  'doc_id',
  'embed_model',
  'embed_version',
  'vector_sha256',
  'indexed_at',
] as const;

/** The row of a reindex as it begins. */
export function newReindex({ entry: _entry, ...asked }: NewReindex, served: IndexNumber): ReindexRow {
  return {
    ...asked,
    number: served === 0 ? 1 : 0,
    status: 'building',
    ended_at: null,
    ended_by: null,
    dropped_at: null,
    documents: 0,
    documents_done: 0,
    chunks_done: 0,
    error_code: null,
  };
}

/** The documents that a step takes of those on the list, and those that have nothing to index any more. */
export function chooseToReindex(
  rows: readonly DocumentRow[],
  chunks: number,
): { taken: ReindexDocument[]; gone: string[] } {
  const taken: ReindexDocument[] = [];
  const gone: string[] = [];
  let room = chunks;
  for (const { doc_id, served, chunks_indexed, received_at } of rows) {
    if (served === null) {
      gone.push(doc_id);
      continue;
    }
    room -= Math.max(1, chunks_indexed ?? 1);
    if (room < 0 && taken.length > 0) break;
    const { run, canonical_sha256, enriched_sha256 } = served;
    taken.push({ doc_id, run, canonical_sha256, enriched_sha256, received_at });
  }
  return { taken, gone };
}

/**
 * Whether the document rests in the version that is served: then the events of its new vectors continue its chain. A run at
 * work, or one that failed, has brought the chain to another place.
 */
export function isAtRest({ state, run, served }: DocumentRow): boolean {
  return state === 'indexed' && served?.run === run;
}

/** The chunks of a document as the second index has them. Throws for a record that is not of it. */
export function reindexedRows(
  store: { readonly tenantId: string },
  { doc_id, index_records }: ReindexedDocument,
  number: IndexNumber,
): Record<string, Cell>[] {
  return index_records.map((record) => {
    ownRow(store, record.tenant_id);
    if (record.doc_id !== doc_id) throw refused('A reindex notes a chunk of another document.');
    const { chunk_id, embed_model, embed_version, vector_sha256, indexed_at } = record;
    return { chunk_id, number, doc_id, embed_model, embed_version, vector_sha256, indexed_at };
  });
}

/** What is told of a document that the second index has: the events, and which of them its lineage names. */
export function toldOf(
  row: DocumentRow,
  { entries }: ReindexedDocument,
): { entries: readonly AuditEntry[]; index_event_id: string | null } {
  if (!isAtRest(row)) return { entries: [], index_event_id: null };
  return { entries, index_event_id: entries.at(-1)?.event.event_id ?? null };
}
