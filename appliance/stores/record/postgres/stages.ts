import type { Statements } from '../../postgres/connection.ts';
import type { Job } from '../../queue/port.ts';
import type { StageRecords } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { DEAD_LETTERS } from '../rules/codec.ts';
import { advanced, failed, isCurrent, patched, retried, started, stopped } from '../rules/document-steps.ts';
import { ownRow } from '../rules/own-row.ts';
import { type Change, inTurn, type RecordContext } from './context.ts';
import { beginRun, lockDocument, readDocument, removeChunks, saveDocument } from './documents.ts';
import { keepConfig } from './intake.ts';
import { enqueue } from './outbox.ts';
import { publish } from './publish.ts';

const SELECT_RUN = 'SELECT run FROM documents WHERE doc_id = ? AND erasure_id IS NULL';
const SELECT_CONFIG = 'SELECT config FROM configs WHERE version = ?';
const INSERT_DEAD_LETTER = DEAD_LETTERS.insert('dead_letters', 'error_code');

/** A document's way through the stages. */
export function stageRecords(context: RecordContext): StageRecords {
  const { db } = context;

  /** A fenced write: `change` gets the document the job is current for; a stale job changes nothing. */
  const fenced = (job: Job, work: (change: Change, row: DocumentRow) => Promise<void>): Promise<boolean> =>
    inTurn(context, async (change) => {
      const row = await lockCurrent(change, job);
      if (row !== null) await work(change, row);
      return row !== null;
    });

  /** What neither tells anything nor moves a total needs the document alone, and is made again where a crash forgets it. */
  const jotted = (job: Job, next: (row: DocumentRow) => DocumentRow, at: string): Promise<DocumentRow | null> =>
    db.jot(async (tx) => {
      const row = await lockCurrent(tx, job);
      if (row === null) return null;
      const changed = next(row);
      await saveDocument(tx, changed, at);
      return changed;
    });

  return {
    document: (docId) => readDocument(db, docId),
    currentRun: async (docId) => (await db.get<{ run: number }>(SELECT_RUN, [docId]))?.run ?? null,
    config: async (version) => {
      const row = await db.get<{ config: string }>(SELECT_CONFIG, [version]);
      return row ? JSON.parse(row.config) : null;
    },
    startStage: (job, at) => jotted(job, (row) => started(row, job, at), at),
    finishStage: (end) =>
      fenced(end.job, async (change, row) => {
        const { entries, at, outcome } = end;
        if (outcome === 'again') await beginRun(change, patched(row, end.patch), 'embed', at);
        else if (outcome === 'advance') {
          const next = advanced(row, end);
          await saveDocument(change, next, at);
          await enqueue(change, next);
        } else {
          await saveDocument(change, stopped(row, end, outcome), at);
          await removeChunks(change, row.doc_id);
        }
        change.tell(entries);
      }),
    publish: (publication) => publish(context, publication),
    noteRetry: async (job, error, at) => (await jotted(job, (row) => retried(row, job, error, at), at)) !== null,
    failStage: (failure) =>
      fenced(failure.job, async (change, row) => {
        const { dead_letter, entries, at } = failure;
        const { row: next, serves } = failed(row, failure);
        await saveDocument(change, next, at);
        if (!serves) await removeChunks(change, row.doc_id);
        if (dead_letter) {
          ownRow(change, dead_letter.tenant_id);
          const cells = { ...DEAD_LETTERS.encode(dead_letter), error_code: dead_letter.error.code };
          await change.run(INSERT_DEAD_LETTER, cells);
        }
        change.tell(entries);
      }),
    restart: (docId, from, entries, at, under) =>
      inTurn(context, async (change) => {
        const row = await lockDocument(change, docId);
        if (row === null) return null;
        if (under) await keepConfig(change, under.config_version, under.config);
        const { run } = await beginRun(change, row, from, at, under?.config_version, entries[0]?.event.actor);
        change.tell(entries);
        return run;
      }),
  };
}

/** The document that a job is current for, locked; null for a stale job. */
export async function lockCurrent(tx: Statements, job: Job): Promise<DocumentRow | null> {
  const row = await lockDocument(tx, job.doc_id);
  return row !== null && isCurrent(row, job) ? row : null;
}
