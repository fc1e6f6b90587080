import type { WorkStage } from '../../../kernel/pipeline.ts';
import { type Job, jobId } from '../../queue/port.ts';
import type { OutboxRecords } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import type { RecordContext } from './context.ts';

const INSERT = 'INSERT INTO outbox (job_id, stage, doc_id, run) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING';
const OLDEST = 'SELECT job_id, stage, doc_id, run FROM outbox ORDER BY seq LIMIT ?';
const CLEAR = 'DELETE FROM outbox WHERE job_id IN (SELECT value FROM json_each(?))';
const UNFINISHED = `SELECT doc_id, run, current_stage AS stage FROM documents INDEXED BY documents_unfinished
  WHERE state = 'processing' AND doc_id > ? AND erasure_id IS NULL ORDER BY doc_id LIMIT ?`;

/** Puts the job of the document's current stage into the outbox, inside the running transaction. */
export function enqueue({ db }: RecordContext, row: DocumentRow): void {
  const job = jobOf({ doc_id: row.doc_id, run: row.run, stage: row.current_stage as WorkStage });
  db.run(INSERT, [job.job_id, job.stage, job.doc_id, job.run]);
}

/** Jobs between the records and the queue. */
export function outboxRecords({ db }: RecordContext): OutboxRecords {
  return {
    outbox: async (limit) => db.all<Job>(OLDEST, [limit]),
    clearOutbox: async (jobIds) => {
      if (jobIds.length > 0) db.jot(() => db.run(CLEAR, [JSON.stringify(jobIds)]));
    },
    unfinished: async (after, limit) =>
      db.all<Pick<Job, 'doc_id' | 'run' | 'stage'>>(UNFINISHED, [after ?? '', limit]).map(jobOf),
  };
}

function jobOf({ doc_id, run, stage }: Pick<Job, 'doc_id' | 'run' | 'stage'>): Job {
  return { job_id: jobId(doc_id, run, stage), stage, doc_id, run };
}
