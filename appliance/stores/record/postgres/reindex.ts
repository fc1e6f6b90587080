import type { Statements } from '../../postgres/connection.ts';
import type { Job } from '../../queue/port.ts';
import type { ReindexedDocument, ReindexRecords, VectorIndex } from '../reindex-records.ts';
import type { IndexNumber, ReindexRow } from '../rows.ts';
import { DOCUMENTS, REINDEXES } from '../rules/codec.ts';
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
import { type Change, inTurn, type RecordContext } from './context.ts';
import { lockDocument } from './documents.ts';
import { readPage } from './page.ts';
import { allRows, getRow, insertRows } from './rows.ts';

const HOLD = `UPDATE reindex_documents SET held_until = @until
  WHERE worker = @worker AND staged_at IS NULL AND doc_id = ANY (@ids::text[])`;
const STILL_HELD = `SELECT d.doc_id, (d.served::json ->> 'run')::integer AS run FROM reindex_documents r
  JOIN documents d ON d.doc_id = r.doc_id AND d.erasure_id IS NULL
  WHERE r.worker = @worker AND r.staged_at IS NULL AND r.doc_id = ANY (@ids::text[])`;
const INDEX = `SELECT ${SERVED_NUMBER} AS served, o.number AS building, i.embed_model, i.embed_version FROM (SELECT 1) one
  LEFT JOIN reindexes o ON o.dropped_at IS NULL AND o.status = 'building'
  LEFT JOIN LATERAL (SELECT embed_model, embed_version FROM index_records LIMIT 1) i ON true`;
/** What a publication, whose own chunks are written already, finds beside them. */
const INDEX_BESIDE = `SELECT ${SERVED_NUMBER} AS served, i.embed_model FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT coalesce(r.embed_model, c.embed_model) AS embed_model FROM chunks c
    LEFT JOIN reindexed_chunks r ON r.doc_id = c.doc_id AND r.chunk_id = c.chunk_id AND r.number = ${SERVED_NUMBER}
    WHERE NOT (c.doc_id = @doc_id AND c.run = @run) LIMIT 1) i ON true`;
const IS_MIXED = `SELECT 1 AS found FROM index_records WHERE (embed_model, embed_version) <> (?, ?) LIMIT 1`;
const AT_REST = `d.state = 'indexed' AND d.run = (d.served::json ->> 'run')::integer`;
const SWITCH = `UPDATE documents AS d SET
    served = (d.served::jsonb || jsonb_build_object('vectors_sha256', r.vectors_sha256, 'embed_model', @model::text,
      'embed_version', @version::text))::text,
    index_event_id = coalesce(r.index_event_id, d.index_event_id),
    vectors_sha256 = CASE WHEN ${AT_REST} THEN r.vectors_sha256 ELSE d.vectors_sha256 END,
    embed_model = CASE WHEN ${AT_REST} THEN @model::text ELSE d.embed_model END,
    embed_version = CASE WHEN ${AT_REST} THEN @version::text ELSE d.embed_version END,
    last_output_hash = CASE WHEN ${AT_REST} THEN r.output_hash ELSE d.last_output_hash END
  FROM reindex_documents r WHERE r.doc_id = d.doc_id AND d.served IS NOT NULL`;
const FORGET_NUMBER = 'DELETE FROM reindexed_chunks WHERE doc_id = ? AND number = ?';

/** A second index beside the one that is served. */
export function reindexRecords(context: RecordContext): ReindexRecords {
  const { db } = context;
  return {
    vectorIndex: () => readVectorIndex(db),
    isMixed: async (model, version) => (await db.get(IS_MIXED, [model, version])) !== undefined,
    startReindex: (request) =>
      inTurn(context, async (change) => {
        if ((await readOpen(change)) !== null) return null;
        const { served } = (await change.get<{ served: IndexNumber }>(REINDEX_SQL.served))!;
        const row = newReindex(request, served);
        await change.run(REINDEX_SQL.insert, REINDEXES.encode(row));
        await change.run(REINDEX_SQL.listAll);
        change.tell([request.entry]);
        return withCounts(change, row);
      }),
    openReindex: () => readOpen(db),
    reindex: (id) =>
      db.read(async (tx) => {
        const row = await readRow(tx, id);
        return row && withCounts(tx, row);
      }),
    reindexes: (page) =>
      db.read(async (tx) => {
        const rows: ReindexRow[] = [];
        for (const cells of await readPage(tx, REINDEX_LIST, page, {}))
          rows.push(await withCounts(tx, REINDEXES.decode(cells)));
        const total = await tx.get<{ entries: number }>('SELECT count(*)::bigint AS entries FROM reindexes');
        return { rows, total: total!.entries };
      }),
    takeToReindex: (id, { worker, chunks, now, until }) =>
      inTurn(context, async (change) => {
        if ((await readOpen(change, id))?.status !== 'building') return { documents: [], isWhole: false };
        const rows = await allRows(change, DOCUMENTS, REINDEX_SQL.free, { now, limit: MOST_TAKEN });
        const { taken, gone } = chooseToReindex(rows, chunks);
        for (const doc_id of gone) await change.run(REINDEX_SQL.unlist, [doc_id]);
        for (const { doc_id } of taken) await change.run(REINDEX_SQL.take, { doc_id, worker, until });
        return { documents: taken, isWhole: (await change.get(REINDEX_SQL.isOpen)) === undefined };
      }),
    holdToReindex: (documents, worker, until) =>
      db.jot(async (tx) => {
        const held = { worker, ids: documents.map(({ doc_id }) => doc_id) };
        await tx.run(HOLD, { ...held, until });
        const rows = await tx.all<{ doc_id: string; run: number | null }>(STILL_HELD, held);
        const runs = new Map(rows.map(({ doc_id, run }) => [doc_id, run]));
        return documents.filter(({ doc_id, run }) => runs.get(doc_id) === run).map(({ doc_id }) => doc_id);
      }),
    leaveReindex: (worker, { doc_ids, error_code } = {}) =>
      inTurn(context, async (change) => {
        if (doc_ids === undefined) {
          await change.run(REINDEX_SQL.leave, [worker]);
          await change.run(REINDEX_SQL.leaveDrop, [worker]);
        }
        for (const doc_id of doc_ids ?? []) await change.run(REINDEX_SQL.leaveOne, { worker, doc_id });
        const open = error_code === undefined ? null : await readOpen(change);
        if (open !== null) await change.run(REINDEX_SQL.note, { id: open.reindex_id, error_code: error_code! });
      }),
    reindexWorkers: async () => (await db.all<{ worker: string }>(REINDEX_SQL.workers)).map(({ worker }) => worker),
    isReindexing: async (doc_id, now) => (await db.get(REINDEX_SQL.isReindexing, { doc_id, now })) !== undefined,
    noteReindexed: (done) => inTurn(context, (change) => noteDocument(change, done)),
    reindexAgain: (docId) =>
      inTurn(context, async (change) => {
        const row = await lockDocument(change, docId);
        if ((await readOpen(change))?.status !== 'building' || !row?.served) return;
        const isListed = (await change.get(REINDEX_SQL.isListed, [docId])) !== undefined;
        await change.run(isListed ? REINDEX_SQL.again : REINDEX_SQL.list, [docId]);
      }),
    switchReindex: (id, entry, at) =>
      inTurn(context, async (change) => {
        const open = await readOpen(change, id);
        if (open?.status !== 'building' || (await change.get(REINDEX_SQL.isOpen)) !== undefined) return false;
        const row = await withCounts(change, open);
        await change.run(SWITCH, { model: row.embed_model, version: row.embed_version });
        await change.run(REINDEX_SQL.serve, [row.number]);
        await end(change, row, { status: 'switched', at, by: row.requested_by, error_code: null });
        change.tell([entry(row)]);
        return true;
      }),
    cancelReindex: (id, { by, error_code, entry, at }) =>
      inTurn(context, async (change) => {
        const found = await readRow(change, id);
        if (found === null) return 'unknown';
        if (found.status !== 'building') return 'over';
        const row = await withCounts(change, found);
        await end(change, row, { status: 'cancelled', at, by, error_code });
        change.tell([entry(row)]);
        return 'cancelled';
      }),
    takeToDrop: (id, { worker, now, until }) =>
      inTurn(context, async (change) => (await change.run(REINDEX_SQL.takeToDrop, { id, worker, now, until })) === 1),
    noteDropped: (id, at) =>
      inTurn(context, async (change) => {
        if ((await change.run(REINDEX_SQL.dropped, { id, at })) === 1) await change.run(REINDEX_SQL.forgetOthers);
      }),
  };
}

/** Puts a document that was just published on the list of the index that is built. */
export async function listToReindex(change: Change, docId: string): Promise<void> {
  if ((await readOpen(change))?.status === 'building') await change.run(REINDEX_SQL.list, [docId]);
}

export async function readVectorIndex(tx: Statements): Promise<VectorIndex> {
  return (await tx.get<VectorIndex>(INDEX))!;
}

/** The index that is served, as it is without the chunks of a run. */
export async function readIndexBeside(
  tx: Statements,
  { doc_id, run }: Pick<Job, 'doc_id' | 'run'>,
): Promise<Pick<VectorIndex, 'served' | 'embed_model'>> {
  return (await tx.get<Pick<VectorIndex, 'served' | 'embed_model'>>(INDEX_BESIDE, { doc_id, run }))!;
}

function readRow(tx: Statements, id: string): Promise<ReindexRow | null> {
  return getRow(tx, REINDEXES, REINDEX_SQL.one, [id]);
}

/** The one that is not over; null where that is not `id`. */
async function readOpen(tx: Statements, id?: string): Promise<ReindexRow | null> {
  const row = await getRow(tx, REINDEXES, REINDEX_SQL.open, []);
  return row && (id === undefined || row.reindex_id === id) ? row : null;
}

async function withCounts(tx: Statements, row: ReindexRow): Promise<ReindexRow> {
  if (row.status !== 'building') return row;
  return {
    ...row,
    ...(await tx.get<Pick<ReindexRow, 'documents' | 'documents_done'>>(REINDEX_SQL.documents))!,
    ...(await tx.get<Pick<ReindexRow, 'chunks_done'>>(REINDEX_SQL.chunks, [row.number]))!,
  };
}

async function noteDocument(change: Change, done: ReindexedDocument): Promise<boolean> {
  const { doc_id, worker, vectors_sha256, output_hash, at } = done;
  const open = await readOpen(change, done.reindex_id);
  const row = await lockDocument(change, doc_id);
  if (open?.status !== 'building' || row?.served?.run !== done.run) return false;
  if ((await change.get(REINDEX_SQL.held, { doc_id, worker })) === undefined) return false;
  const { entries, index_event_id } = toldOf(row, done);
  await change.run(FORGET_NUMBER, [doc_id, open.number]);
  await insertRows(change, 'reindexed_chunks', REINDEXED_COLUMNS, reindexedRows(change, done, open.number));
  await change.run(REINDEX_SQL.stage, { doc_id, at, vectors_sha256, output_hash, index_event_id });
  if (open.error_code !== null) await change.run(REINDEX_SQL.note, { id: open.reindex_id, error_code: null });
  change.tell(entries);
  return true;
}

async function end(
  change: Change,
  { reindex_id: id, documents, documents_done, chunks_done }: ReindexRow,
  how: { status: 'switched' | 'cancelled'; at: string; by: string; error_code: string | null },
): Promise<void> {
  await change.run(REINDEX_SQL.end, { id, documents, documents_done, chunks_done, ...how });
  await change.run(REINDEX_SQL.unlistAll);
}
