import type { RemovedRows } from '../rows.ts';
import { refuseLeft } from '../rules/erasing.ts';
import type { RecordContext } from './context.ts';
import { removeChunks } from './documents.ts';

const CHUNKS = 'SELECT id, chunk_id FROM chunks WHERE doc_id = ?';
const DELETE_DEAD_LETTERS = "DELETE FROM dead_letters WHERE resource_type = 'document' AND resource_id = ?";
const DELETE_JOBS = 'DELETE FROM outbox WHERE doc_id = ?';
const LEFT = `SELECT
  (SELECT count(*) FROM chunks WHERE doc_id = @doc_id)
  + (SELECT count(*) FROM chunks_fts_docsize WHERE id IN (SELECT value FROM json_each(@places)))
  + (SELECT count(*) FROM index_records WHERE chunk_id IN (SELECT value FROM json_each(@chunk_ids)))
  + (SELECT count(*) FROM reindexed_chunks WHERE chunk_id IN (SELECT value FROM json_each(@chunk_ids)))
  + (SELECT count(*) FROM dead_letters WHERE resource_type = 'document' AND resource_id = @doc_id)
  + (SELECT count(*) FROM outbox WHERE doc_id = @doc_id) AS rows`;

/**
 * Deletes what is kept of a document besides its own row: chunks with full text and index records, dead letters, jobs in
 * the outbox. Looks again, and throws `STORE_CORRUPTED` where something is left. Inside a transaction. Counts what went.
 */
export function removeRows(
  context: RecordContext,
  docId: string,
): Pick<RemovedRows, 'chunks' | 'dead_letters' | 'jobs'> {
  const { db } = context;
  const chunks = db.all<{ id: number; chunk_id: string }>(CHUNKS, [docId]);
  const gone = {
    chunks: removeChunks(context, docId),
    dead_letters: db.run(DELETE_DEAD_LETTERS, [docId]),
    jobs: db.run(DELETE_JOBS, [docId]),
  };
  const left = db.get<{ rows: number }>(LEFT, {
    doc_id: docId,
    places: JSON.stringify(chunks.map(({ id }) => id)),
    chunk_ids: JSON.stringify(chunks.map(({ chunk_id }) => chunk_id)),
  });
  refuseLeft(left?.rows);
  return gone;
}
