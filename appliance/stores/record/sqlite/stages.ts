import type { TextLanguage } from '../../../kernel/text-language.ts';
import type { Job } from '../../queue/port.ts';
import type { Publication, StageRecords } from '../port.ts';
import type { ChunkRow, DocumentRow } from '../rows.ts';
import { type Cell, CHUNKS, DEAD_LETTERS, INDEX_RECORDS, VERSIONS } from '../rules/codec.ts';
import { advanced, failed, isCurrent, patched, retried, started, stopped } from '../rules/document-steps.ts';
import { termsOf } from '../rules/language-terms.ts';
import { ownRow } from '../rules/own-row.ts';
import { checkPublication, fitsIndex, published, titleOf, versionRow } from '../rules/publication.ts';
import type { RecordContext } from './context.ts';
import { beginRun, readDocument, removeChunks, saveDocument } from './documents.ts';
import { appendEntries } from './events.ts';
import { keepConfig } from './intake.ts';
import { enqueue } from './outbox.ts';
import { listToReindex, readVectorIndex } from './reindex.ts';

const SELECT_RUN = 'SELECT run FROM documents WHERE doc_id = ? AND erasure_id IS NULL';
const SELECT_CONFIG = 'SELECT config FROM configs WHERE version = ?';
const INSERT_CHUNK = CHUNKS.insert('chunks', 'section_title', 'language', 'terms', 'title_terms');
const INSERT_INDEX_RECORD = INDEX_RECORDS.insert('index_records');
const INSERT_VERSION = VERSIONS.insert('document_versions');
const INSERT_DEAD_LETTER = DEAD_LETTERS.insert('dead_letters');

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
    currentRun: async (docId) => db.get<{ run: number }>(SELECT_RUN, [docId])?.run ?? null,
    config: async (version) => {
      const row = db.get<{ config: string }>(SELECT_CONFIG, [version]);
      return row ? JSON.parse(row.config) : null;
    },
    startStage: async (job, at) => {
      let begun: DocumentRow | null = null;
      // A start that a power cut forgets is a start that is made again: it needs no sync.
      const mark = (row: DocumentRow): void => {
        begun = started(row, job, at);
        saveDocument(context, begun, at);
      };
      fenced(job, mark, db.jot);
      return begun;
    },
    finishStage: async (end) => {
      let removed = 0;
      const { job, entries, at, outcome } = end;
      const done = fenced(job, (row) => {
        if (outcome === 'again') beginRun(context, patched(row, end.patch), 'embed', at);
        else if (outcome === 'advance') {
          const next = advanced(row, end);
          saveDocument(context, next, at);
          enqueue(context, next);
        } else {
          saveDocument(context, stopped(row, end, outcome), at);
          removed = removeChunks(context, row.doc_id);
        }
        appendEntries(context, entries);
      });
      if (removed > 0) db.forget();
      return done;
    },
    publish: async (publication) => {
      let replaced = 0;
      let fits = true;
      // Most of the work, and in nobody's way before the write has its turn.
      const chunks = publication.chunks.map((chunk) => chunkCells(chunk, publication.language ?? null));
      const done = fenced(publication.job, (row) => {
        fits = fitsIndex(publication, readVectorIndex(context));
        if (fits) replaced = publishChunks(context, row, publication, chunks);
      });
      if (replaced > 0) db.forget();
      return done && fits;
    },
    noteRetry: async (job, error, at) => fenced(job, (row) => saveDocument(context, retried(row, job, error, at), at)),
    failStage: async (failure) => {
      let removed = 0;
      const { job, dead_letter, entries, at } = failure;
      const done = fenced(job, (row) => {
        const { row: next, serves } = failed(row, failure);
        saveDocument(context, next, at);
        if (!serves) removed = removeChunks(context, row.doc_id);
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

/** Replaces what is served of the document, inside the running transaction. Returns how many old chunks went. */
function publishChunks(
  context: RecordContext,
  row: DocumentRow,
  publication: Publication,
  chunks: readonly Record<string, Cell>[],
): number {
  const { db } = context;
  checkPublication(context, publication);
  const replaced = removeChunks(context, row.doc_id);
  for (const chunk of chunks) db.run(INSERT_CHUNK, chunk);
  for (const record of publication.index_records) {
    db.run(INSERT_INDEX_RECORD, INDEX_RECORDS.encode(record) as Record<string, Cell>);
  }
  const made = published(row, publication);
  saveDocument(context, made, publication.at);
  db.run(INSERT_VERSION, VERSIONS.encode(versionRow(made, publication.at)));
  listToReindex(context, row.doc_id);
  appendEntries(context, publication.entries);
  return replaced;
}

/** A chunk's row, with the terms by which full text finds it where its language is known. */
function chunkCells(chunk: ChunkRow, language: TextLanguage | null): Record<string, Cell> {
  const section_title = titleOf(chunk.metadata);
  const terms = (text: string) => (language === null ? null : termsOf(text, language).join(' '));
  return {
    ...CHUNKS.encode(chunk),
    section_title,
    language,
    terms: terms(chunk.text),
    title_terms: terms(section_title),
  };
}
