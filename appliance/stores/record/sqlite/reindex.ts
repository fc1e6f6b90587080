import type { ReindexedDocument, ReindexRecords, VectorIndex } from '../reindex-records.ts';
import type { DocumentRow, IndexNumber, ReindexRow } from '../rows.ts';
import { type Cell, DOCUMENTS, REINDEXES } from '../rules/codec.ts';
import {
  chooseToReindex,
  MOST_TAKEN,
  newReindex,
  REINDEX_LIST,
  REINDEX_SQL,
  REINDEXED_COLUMNS,
  reindexedRows,
  SERVED_NUMBER,
  toldOf,
} from '../rules/reindexing.ts';
import type { RecordContext } from './context.ts';
import { readDocument } from './documents.ts';
import { appendEntries } from './events.ts';
import { readPage } from './page.ts';

const HOLD = `UPDATE reindex_documents SET held_until = @until
  WHERE worker = @worker AND staged_at IS NULL AND doc_id IN (SELECT value FROM json_each(@ids))`;
const STILL_HELD = `SELECT d.doc_id, d.served ->> 'run' AS run FROM reindex_documents r
  JOIN documents d ON d.doc_id = r.doc_id AND d.erasure_id IS NULL
  WHERE r.worker = @worker AND r.staged_at IS NULL AND r.doc_id IN (SELECT value FROM json_each(@ids))`;
const NOTE_CHUNK = `INSERT INTO reindexed_chunks (${REINDEXED_COLUMNS.join(', ')})
  VALUES (${REINDEXED_COLUMNS.map((name) => `@${name}`).join(', ')})`;
const INDEX = `SELECT ${SERVED_NUMBER} AS served, o.number AS building, i.embed_model, i.embed_version FROM (SELECT 1) one
  LEFT JOIN reindexes o ON o.dropped_at IS NULL AND o.status = 'building'
  LEFT JOIN (SELECT coalesce(r.embed_model, i.embed_model) AS embed_model,
      coalesce(r.embed_version, i.embed_version) AS embed_version
    FROM index_records i
    LEFT JOIN reindexed_chunks r ON r.chunk_id = i.chunk_id AND r.number = ${SERVED_NUMBER} LIMIT 1) i`;
const IS_MIXED = `SELECT 1 AS found FROM index_records i
  LEFT JOIN reindexed_chunks r ON r.chunk_id = i.chunk_id AND r.number = ${SERVED_NUMBER}
  WHERE (coalesce(r.embed_model, i.embed_model), coalesce(r.embed_version, i.embed_version)) <> (?, ?) LIMIT 1`;
const AT_REST = `d.state = 'indexed' AND d.run = d.served ->> 'run'`;
const SWITCH = `UPDATE documents AS d SET
    served = json_set(d.served, '$.vectors_sha256', r.vectors_sha256, '$.embed_model', @model,
      '$.embed_version', @version),
    index_event_id = coalesce(r.index_event_id, d.index_event_id),
    vectors_sha256 = iif(${AT_REST}, r.vectors_sha256, d.vectors_sha256),
    embed_model = iif(${AT_REST}, @model, d.embed_model),
    embed_version = iif(${AT_REST}, @version, d.embed_version),
    last_output_hash = iif(${AT_REST}, r.output_hash, d.last_output_hash)
  FROM reindex_documents r WHERE r.doc_id = d.doc_id AND d.served IS NOT NULL`;

/** A second index beside the one that is served. */
export function reindexRecords(context: RecordContext): ReindexRecords {
  const { db } = context;
  return {
    vectorIndex: async () => readVectorIndex(context),
    isMixed: async (model, version) => db.get(IS_MIXED, [model, version]) !== undefined,
    startReindex: async (request) =>
      db.write(() => {
        if (readOpen(context) !== null) return null;
        const row = newReindex(request, servedNumber(context));
        db.run(REINDEX_SQL.insert, REINDEXES.encode(row));
        db.run(REINDEX_SQL.listAll);
        appendEntries(context, [request.entry]);
        return withCounts(context, row);
      }),
    openReindex: async () => readOpen(context),
    reindex: async (id) =>
      db.read(() => {
        const row = readRow(context, id);
        return row && withCounts(context, row);
      }),
    reindexes: async (page) =>
      db.read(() => ({
        rows: readPage(context, REINDEX_LIST, page, {}).map((cells) => withCounts(context, REINDEXES.decode(cells))),
        total: db.get<{ entries: number }>('SELECT count(*) AS entries FROM reindexes')!.entries,
      })),
    takeToReindex: async (id, { worker, chunks, now, until }) =>
      db.write(() => {
        if (readOpen(context, id)?.status !== 'building') return { documents: [], isWhole: false };
        const rows = db.all<Record<string, Cell>>(REINDEX_SQL.free, { now, limit: MOST_TAKEN }).map(DOCUMENTS.decode);
        const { taken, gone } = chooseToReindex(rows, chunks);
        for (const doc_id of gone) db.run(REINDEX_SQL.unlist, [doc_id]);
        for (const { doc_id } of taken) db.run(REINDEX_SQL.take, { doc_id, worker, until });
        return { documents: taken, isWhole: db.get(REINDEX_SQL.isOpen) === undefined };
      }),
    holdToReindex: async (documents, worker, until) =>
      db.jot(() => {
        const held = { worker, ids: JSON.stringify(documents.map(({ doc_id }) => doc_id)) };
        db.run(HOLD, { ...held, until });
        const rows = db.all<{ doc_id: string; run: number | null }>(STILL_HELD, held);
        const runs = new Map(rows.map(({ doc_id, run }) => [doc_id, run]));
        return documents.filter(({ doc_id, run }) => runs.get(doc_id) === run).map(({ doc_id }) => doc_id);
      }),
    leaveReindex: async (worker, { doc_ids, error_code } = {}) => {
      db.jot(() => {
        if (doc_ids === undefined) {
          db.run(REINDEX_SQL.leave, [worker]);
          db.run(REINDEX_SQL.leaveDrop, [worker]);
        }
        for (const doc_id of doc_ids ?? []) db.run(REINDEX_SQL.leaveOne, { worker, doc_id });
        const open = error_code === undefined ? null : readOpen(context);
        if (open !== null) db.run(REINDEX_SQL.note, { id: open.reindex_id, error_code: error_code! });
      });
    },
    reindexWorkers: async () => db.all<{ worker: string }>(REINDEX_SQL.workers).map(({ worker }) => worker),
    isReindexing: async (doc_id, now) => db.get(REINDEX_SQL.isReindexing, { doc_id, now }) !== undefined,
    noteReindexed: async (done) => db.write(() => noteDocument(context, done)),
    reindexAgain: async (docId) => {
      db.write(() => {
        const row = readDocument(context, docId);
        if (readOpen(context)?.status !== 'building' || !row?.served) return;
        if (db.get(REINDEX_SQL.isListed, [docId]) === undefined) db.run(REINDEX_SQL.list, [docId]);
        else db.run(REINDEX_SQL.again, [docId]);
      });
    },
    switchReindex: async (id, entry, at) =>
      db.write(() => {
        const open = readOpen(context, id);
        if (open?.status !== 'building' || db.get(REINDEX_SQL.isOpen) !== undefined) return false;
        const row = withCounts(context, open);
        db.run(SWITCH, { model: row.embed_model, version: row.embed_version });
        db.run(REINDEX_SQL.serve, [row.number]);
        end(context, row, { status: 'switched', at, by: row.requested_by, error_code: null });
        appendEntries(context, [entry(row)]);
        return true;
      }),
    cancelReindex: async (id, { by, error_code, entry, at }) =>
      db.write(() => {
        const found = readRow(context, id);
        if (found === null) return 'unknown';
        if (found.status !== 'building') return 'over';
        const row = withCounts(context, found);
        end(context, row, { status: 'cancelled', at, by, error_code });
        appendEntries(context, [entry(row)]);
        return 'cancelled';
      }),
    takeToDrop: async (id, { worker, now, until }) =>
      db.write(() => db.run(REINDEX_SQL.takeToDrop, { id, worker, now, until }) === 1),
    noteDropped: async (id, at) => {
      db.write(() => {
        if (db.run(REINDEX_SQL.dropped, { id, at }) === 1) db.run(REINDEX_SQL.forgetOthers);
      });
    },
  };
}

/** Puts a document that was just published on the list of the index that is built. Inside a transaction. */
export function listToReindex(context: RecordContext, docId: string): void {
  if (readOpen(context)?.status === 'building') context.db.run(REINDEX_SQL.list, [docId]);
}

/** Inside a transaction. */
export function readVectorIndex({ db }: RecordContext): VectorIndex {
  return db.get<VectorIndex>(INDEX)!;
}

function servedNumber({ db }: RecordContext): IndexNumber {
  return db.get<{ served: IndexNumber }>(REINDEX_SQL.served)!.served;
}

function readRow({ db }: RecordContext, id: string): ReindexRow | null {
  const cells = db.get<Record<string, Cell>>(REINDEX_SQL.one, [id]);
  return cells ? REINDEXES.decode(cells) : null;
}

/** The one that is not over; null where that is not `id`. */
function readOpen({ db }: RecordContext, id?: string): ReindexRow | null {
  const cells = db.get<Record<string, Cell>>(REINDEX_SQL.open);
  return cells && (id === undefined || cells.reindex_id === id) ? REINDEXES.decode(cells) : null;
}

function withCounts({ db }: RecordContext, row: ReindexRow): ReindexRow {
  if (row.status !== 'building') return row;
  return {
    ...row,
    ...db.get<Pick<ReindexRow, 'documents' | 'documents_done'>>(REINDEX_SQL.documents)!,
    ...db.get<Pick<ReindexRow, 'chunks_done'>>(REINDEX_SQL.chunks, [row.number])!,
  };
}

function noteDocument(context: RecordContext, done: ReindexedDocument): boolean {
  const { db } = context;
  const { doc_id, worker, vectors_sha256, output_hash, at } = done;
  const open = readOpen(context, done.reindex_id);
  const row: DocumentRow | null = readDocument(context, doc_id);
  if (open?.status !== 'building' || row?.served?.run !== done.run) return false;
  if (db.get(REINDEX_SQL.held, { doc_id, worker }) === undefined) return false;
  const told = toldOf(row, done);
  forgetNumber(context, doc_id, open.number);
  for (const chunk of reindexedRows(context, done, open.number)) db.run(NOTE_CHUNK, chunk);
  const { index_event_id } = told;
  db.run(REINDEX_SQL.stage, { doc_id, at, vectors_sha256, output_hash, index_event_id });
  if (open.error_code !== null) db.run(REINDEX_SQL.note, { id: open.reindex_id, error_code: null });
  appendEntries(context, [...told.entries]);
  return true;
}

function forgetNumber({ db }: RecordContext, docId: string, number: IndexNumber): void {
  db.run(
    'DELETE FROM reindexed_chunks WHERE number = ? AND chunk_id IN (SELECT chunk_id FROM chunks WHERE doc_id = ?)',
    [number, docId],
  );
}

function end(
  { db }: RecordContext,
  { reindex_id: id, documents, documents_done, chunks_done }: ReindexRow,
  how: { status: 'switched' | 'cancelled'; at: string; by: string; error_code: string | null },
): void {
  db.run(REINDEX_SQL.end, { id, documents, documents_done, chunks_done, ...how });
  db.run(REINDEX_SQL.unlistAll);
}
