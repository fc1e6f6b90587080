import { NEXT_STAGE } from '../../../kernel/pipeline.ts';
import type { Job } from '../../queue/port.ts';
import type { Publication, StageRecords } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { type Cell, CHUNKS, DEAD_LETTERS, INDEX_RECORDS } from './codec.ts';
import { ownRow, type RecordContext, refused } from './context.ts';
import {
  beginRun,
  patched,
  readDocument,
  removeChunks,
  saveDocument,
  stagesAt,
  versionOf,
  withdrawn,
} from './documents.ts';
import { appendEntries } from './events.ts';
import { keepConfig } from './intake.ts';
import { enqueue } from './outbox.ts';

const SELECT_CONFIG = 'SELECT config FROM configs WHERE version = ?';
const INSERT_CHUNK = CHUNKS.insert('chunks', 'section_title');
const INSERT_INDEX_RECORD = INDEX_RECORDS.insert('index_records');
const INSERT_DEAD_LETTER = DEAD_LETTERS.insert('dead_letters');

/** Ends after which no version passes for judged. Where another stage failed, the earlier version stays served. */
const UNJUDGED: ReadonlySet<DocumentRow['state']> = new Set(['quarantined', 'policy_failed']);

/** A document's way through the stages. */
export function stageRecords(context: RecordContext): StageRecords {
  const { db } = context;

  /** A fenced write: `change` gets the document the job is current for; a stale job changes nothing. */
  const fenced = (job: Job, change: (row: DocumentRow) => void, write = db.write): boolean =>
    write(() => {
      const row = readDocument(context, job.doc_id);
      if (row === null || !isCurrent(row, job)) return false;
      change(row);
      return true;
    });

  return {
    document: async (docId) => readDocument(context, docId),
    config: async (version) => {
      const row = db.get<{ config: string }>(SELECT_CONFIG, [version]);
      return row ? JSON.parse(row.config) : null;
    },
    startStage: async (job, at) => {
      let started: DocumentRow | null = null;
      // A start that a power cut forgets is a start that is made again: it needs no sync.
      const mark = (row: DocumentRow): void => {
        started = {
          ...row,
          stages: { ...row.stages, [job.stage]: 'processing' },
          first_attempt_at: row.first_attempt_at ?? at,
        };
        saveDocument(context, started, at);
      };
      fenced(job, mark, db.jot);
      return started;
    },
    finishStage: async ({ job, patch, entries, at, outcome }) => {
      let removed = 0;
      const done = fenced(job, (row) => {
        const next = NEXT_STAGE[job.stage];
        const base: DocumentRow = { ...patched(row, patch), error: null };
        if (outcome === 'advance') {
          if (next === null) throw refused('The index stage ends by publishing.');
          const stages = { ...stagesAt(row, job.stage, 'completed'), [next]: 'queued' as const };
          const advanced: DocumentRow = { ...base, current_stage: next, stages, first_attempt_at: null };
          saveDocument(context, advanced, at);
          enqueue(context, advanced);
        } else {
          const stages = stagesAt(row, job.stage, outcome, outcome === 'quarantined' ? 'skipped' : undefined);
          // The gates have judged anew and not let it through: an earlier version must not outlive the verdict.
          saveDocument(context, { ...withdrawn(base), state: outcome, stages }, at);
          removed = removeChunks(context, row.doc_id);
        }
        appendEntries(context, entries);
      });
      if (removed > 0) db.forget();
      return done;
    },
    publish: async (publication) => {
      let replaced = 0;
      const done = fenced(publication.job, (row) => {
        replaced = publishChunks(context, row, publication);
      });
      if (replaced > 0) db.forget();
      return done;
    },
    noteRetry: async (job, error, at) =>
      fenced(job, (row) => {
        const noted = { ...error, last_retry_at: error.last_retry_at ?? at };
        saveDocument(context, { ...row, error: noted, stages: { ...row.stages, [job.stage]: 'queued' } }, at);
      }),
    failStage: async ({ job, error, state, status, patch, dead_letter, entries, at }) => {
      let removed = 0;
      const done = fenced(job, (row) => {
        const stages = stagesAt(row, job.stage, status, 'skipped');
        const failed: DocumentRow = { ...patched(row, patch), state, error, stages };
        const stopped = UNJUDGED.has(state);
        saveDocument(context, stopped ? withdrawn(failed) : failed, at);
        if (stopped) removed = removeChunks(context, row.doc_id);
        if (dead_letter) {
          ownRow(context, dead_letter.tenant_id);
          db.run(INSERT_DEAD_LETTER, DEAD_LETTERS.encode(dead_letter));
        }
        appendEntries(context, entries);
      });
      if (removed > 0) db.forget();
      return done;
    },
    restart: async (docId, from, entries, at, under) =>
      db.write(() => {
        const row = readDocument(context, docId);
        if (row === null) return null;
        if (under) keepConfig(context, under.config_version, under.config);
        const { run } = beginRun(context, row, from, at, under?.config_version, entries[0]?.event.actor);
        appendEntries(context, entries);
        return run;
      }),
  };
}

/** Whether the job may still act: its run, its stage, and the stage not over. */
function isCurrent(row: DocumentRow, job: Job): boolean {
  if (row.state !== 'processing' || row.run !== job.run || row.current_stage !== job.stage) return false;
  const status = row.stages[job.stage];
  return status === 'queued' || status === 'processing';
}

/** Replaces what is served of the document, inside the running transaction. Returns how many old chunks went. */
function publishChunks(context: RecordContext, row: DocumentRow, publication: Publication): number {
  const { db } = context;
  const { job, chunks, index_records, patch, entries, index_event_id, lineage = {}, at } = publication;
  if (job.stage !== 'index') throw refused('Only the index stage publishes.');
  if (!entries.some(({ event }) => event.event_id === index_event_id)) {
    throw refused('A publication names an event that it does not bring.');
  }
  const recorded = new Set(index_records.map(({ chunk_id }) => chunk_id));
  if (recorded.size !== chunks.length || !chunks.every(({ chunk_id }) => recorded.has(chunk_id))) {
    throw refused('A publication needs one index record for each chunk.');
  }
  // Pages of a document's chunks are found by position.
  if (chunks.some(({ position }, at) => position !== at)) throw refused('A publication has its chunks in order.');
  const replaced = removeChunks(context, row.doc_id);
  for (const chunk of chunks) {
    if (chunk.doc_id !== row.doc_id) throw refused('A publication holds a chunk of another document.');
    db.run(INSERT_CHUNK, { ...CHUNKS.encode(chunk), section_title: titleOf(chunk.metadata) });
  }
  for (const record of index_records) {
    ownRow(context, record.tenant_id);
    db.run(INSERT_INDEX_RECORD, INDEX_RECORDS.encode(record) as Record<string, Cell>);
  }
  const made = patched(row, patch);
  saveDocument(
    context,
    {
      ...made,
      served: versionOf(made, lineage),
      state: 'indexed',
      stages: stagesAt(row, 'index', 'completed'),
      error: null,
      indexed_at: at,
      index_event_id,
    },
    at,
  );
  appendEntries(context, entries);
  return replaced;
}

function titleOf(metadata: Record<string, unknown>): string {
  return typeof metadata.section_title === 'string' ? metadata.section_title : '';
}
