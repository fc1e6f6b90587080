import type { WorkStage } from '../../../kernel/pipeline.ts';
import type { Statements } from '../../postgres/connection.ts';
import { type Job, jobId } from '../../queue/port.ts';
import type { OutboxRecords } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import type { RecordContext } from './context.ts';
import { insertRows } from './rows.ts';

const OLDEST = 'SELECT job_id, stage, doc_id, run FROM outbox ORDER BY seq LIMIT ?';
// What another relay is taking away meanwhile is left to it.
const CLEAR = `DELETE FROM outbox WHERE seq IN
  (SELECT seq FROM outbox WHERE job_id = ANY (@jobs::text[]) FOR UPDATE SKIP LOCKED)`;
const UNFINISHED = `SELECT doc_id, run, current_stage AS stage FROM documents
  WHERE state = 'processing' AND doc_id > ? AND erasure_id IS NULL ORDER BY doc_id LIMIT ?`;

/** Puts the jobs of the documents' current stages into the outbox, inside the running transaction. */
export async function enqueue(tx: Statements, ...rows: DocumentRow[]): Promise<void> {
  const jobs = rows.map(({ doc_id, run, current_stage }) => jobOf({ doc_id, run, stage: current_stage as WorkStage }));
  await insertRows(tx, 'outbox', ['job_id', 'stage', 'doc_id', 'run'], jobs as never, 'ON CONFLICT DO NOTHING');
}

/** Jobs between the records and the queue. */
export function outboxRecords({ db }: RecordContext): OutboxRecords {
  return {
    outbox: (limit) => db.all<Job>(OLDEST, [limit]),
    clearOutbox: async (jobIds) => {
      if (jobIds.length > 0) await db.jot((tx) => tx.run(CLEAR, { jobs: jobIds }));
    },
    unfinished: async (after, limit) =>
      (await db.all<Pick<Job, 'doc_id' | 'run' | 'stage'>>(UNFINISHED, [after ?? '', limit])).map(jobOf),
  };
}

function jobOf({ doc_id, run, stage }: Pick<Job, 'doc_id' | 'run' | 'stage'>): Job {
  return { job_id: jobId(doc_id, run, stage), stage, doc_id, run };
}
