import type { RemovedRows } from '../rows.ts';
import { refuseLeft } from '../rules/erasing.ts';
import type { Change } from './context.ts';
import { removeChunks } from './documents.ts';

const DELETE_DEAD_LETTERS = "DELETE FROM dead_letters WHERE resource_type = 'document' AND resource_id = ?";
const DELETE_JOBS = 'DELETE FROM outbox WHERE doc_id = ?';
const LEFT = `SELECT (SELECT count(*) FROM chunks WHERE doc_id = @doc_id)
  + (SELECT count(*) FROM reindexed_chunks WHERE doc_id = @doc_id)
  + (SELECT count(*) FROM dead_letters WHERE resource_type = 'document' AND resource_id = @doc_id)
  + (SELECT count(*) FROM outbox WHERE doc_id = @doc_id) AS rows`;

/**
 * Deletes what is kept of a document besides its own row: chunks, whose row is full text and index record too, dead
 * letters, jobs in the outbox. Looks again, and throws `STORE_CORRUPTED` where something is left. Counts what went.
 */
export async function removeRows(
  change: Change,
  docId: string,
): Promise<Pick<RemovedRows, 'chunks' | 'dead_letters' | 'jobs'>> {
  const gone = {
    chunks: await removeChunks(change, docId),
    dead_letters: await change.run(DELETE_DEAD_LETTERS, [docId]),
    jobs: await change.run(DELETE_JOBS, [docId]),
  };
  refuseLeft((await change.get<{ rows: number }>(LEFT, { doc_id: docId }))?.rows);
  if (gone.dead_letters > 0) change.owe('dead_letters');
  return gone;
}
