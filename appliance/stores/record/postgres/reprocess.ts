import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { Statements } from '../../postgres/connection.ts';
import type { NewReprocess, ReprocessRecords, ReprocessStep } from '../port.ts';
import type { DocumentRow, ReprocessProgress, ReprocessRow } from '../rows.ts';
import { DOCUMENTS, REPROCESSES } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import {
  countsWith,
  endedByCancelling,
  mayRun,
  newRequest,
  planRun,
  refuseReceiving,
  stepCounts,
  withCount,
  withDetails,
} from '../rules/reprocessing.ts';
import { type Change, inTurn, type RecordContext } from './context.ts';
import { beginRun, lockDocument } from './documents.ts';
import { keepConfig, readBatch } from './intake.ts';
import { readPage, tally } from './page.ts';
import { allRows, getRow } from './rows.ts';

const LIST: ListShape = {
  from: 'reprocesses r',
  select: REPROCESSES.select('r'),
  // UUID v7: the id alone is in order of time.
  order: ['r.reprocess_id'],
  cursor: 'SELECT reprocess_id FROM reprocesses WHERE reprocess_id = ?',
};
const SELECT = `SELECT ${REPROCESSES.select('r')} FROM reprocesses r WHERE r.reprocess_id = ?`;
const OLDEST_OPEN = `SELECT ${REPROCESSES.select('r')} FROM reprocesses r
  WHERE r.status = 'restarting' ORDER BY r.reprocess_id LIMIT 1`;
const STATES = `SELECT name, state, entries FROM tallies WHERE name = ANY (@names::text[]) AND entries > 0`;
const INSERT = REPROCESSES.insert('reprocesses');
/** Who has a batch run again that was cancelled wants it after all; files that never came do not come any more. */
const REOPEN = `UPDATE batches SET status = 'processing', updated_at = @at, cancelled_at = CASE
    WHEN (SELECT count(*) FROM receipts r WHERE r.batch_id = @batch_id) < file_count THEN cancelled_at END
  WHERE batch_id = @batch_id`;
const LINKED = 'SELECT count(*)::bigint AS entries FROM document_batches WHERE batch_id = ?';
const CURSOR = 'SELECT cursor_received_at, cursor_doc_id FROM reprocesses WHERE reprocess_id = ?';
const NEXT_OF_BATCH = `SELECT ${DOCUMENTS.select('d')} FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id
  WHERE l.batch_id = @batch_id AND (l.received_at, l.doc_id) > (@received_at, @doc_id)
  ORDER BY l.received_at, l.doc_id LIMIT @limit`;
const NEXT_OF_ALL = `SELECT ${DOCUMENTS.select('d')} FROM documents d
  WHERE (d.received_at, d.doc_id) > (@received_at, @doc_id) AND d.received_at <= @until
  ORDER BY d.received_at, d.doc_id LIMIT @limit`;
const MOVE = `UPDATE reprocesses SET cursor_received_at = coalesce(@received_at, cursor_received_at),
    cursor_doc_id = coalesce(@doc_id, cursor_doc_id), examined = examined + @examined::bigint,
    restarted = restarted + @restarted::bigint, skipped = skipped + @skipped::bigint
  WHERE reprocess_id = @reprocess_id`;
const FINISH = "UPDATE reprocesses SET status = 'restarted', restarted_at = ? WHERE reprocess_id = ?";
const CANCEL = `UPDATE reprocesses SET status = 'restarted', restarted_at = @at, cancelled_at = @at
  WHERE reprocess_id = @id`;

/** Requests to run documents again, and their way through the documents. */
export function reprocessRecords(context: RecordContext): ReprocessRecords {
  const { db } = context;
  return {
    startReprocess: (request) =>
      inTurn(context, async (change) => {
        await keepConfig(change, request.config_version, request.config);
        const begin = { document: beginDocument, batch: beginBatch, below: beginBelow }[request.scope];
        return (await begin(change, request)) ? readRequest(change, request.reprocess_id) : null;
      }),
    reprocess: (id) => db.read((tx) => readRequest(tx, id)),
    reprocesses: (page) =>
      db.read(async (tx) => ({
        rows: await withStates(tx, (await readPage(tx, LIST, page, {})).map(REPROCESSES.decode)),
        total: (await tally(tx, 'reprocesses')).entries,
      })),
    openReprocess: () => getRow(db, REPROCESSES, OLDEST_OPEN, []),
    reprocessPage: (id, limit) =>
      db.read(async (tx) => {
        const request = await readRow(tx, id);
        if (request?.status !== 'restarting') return { after: null, rows: [] };
        const cursor = await tx.get<Cursor>(CURSOR, [id]);
        const place = { received_at: cursor?.cursor_received_at ?? '', doc_id: cursor?.cursor_doc_id ?? '', limit };
        const rows =
          request.scope === 'batch'
            ? await allRows(tx, DOCUMENTS, NEXT_OF_BATCH, { ...place, batch_id: request.batch_id })
            : await allRows(tx, DOCUMENTS, NEXT_OF_ALL, { ...place, until: request.requested_at });
        return { after: cursor?.cursor_doc_id ?? null, rows };
      }),
    advanceReprocess: (step) => inTurn(context, (change) => advance(change, step)),
    cancelReprocess: (id, entry, at) =>
      inTurn(context, async (change) => {
        const request = await readRow(change, id);
        if (request === null) return 'unknown';
        if (request.status !== 'restarting') return request.cancelled_at === null ? 'over' : 'cancelled';
        await change.run(CANCEL, { id, at });
        change.tell([entry(endedByCancelling(request, at))]);
        return 'cancelled';
      }),
  };
}

interface Cursor {
  cursor_received_at: string | null;
  cursor_doc_id: string | null;
}

function readRow(tx: Statements, id: string): Promise<ReprocessRow | null> {
  return getRow(tx, REPROCESSES, SELECT, [id]);
}

async function readRequest(tx: Statements, id: string): Promise<ReprocessProgress | null> {
  const row = await readRow(tx, id);
  return row && ((await withStates(tx, [row]))[0] ?? null);
}

/** Requests with where their documents stand, by the totals that are kept for each. */
async function withStates(tx: Statements, rows: readonly ReprocessRow[]): Promise<ReprocessProgress[]> {
  const states = await tx.all<{ name: string; state: DocumentRow['state']; entries: number }>(STATES, {
    names: rows.map(({ reprocess_id }) => `reprocess ${reprocess_id}`),
  });
  return rows.map((row) => {
    const own = states.filter(({ name }) => name === `reprocess ${row.reprocess_id}`);
    return { ...row, states: Object.fromEntries(own.map(({ state, entries }) => [state, entries])) };
  });
}

/** One document runs at once: the request is born finished. */
async function beginDocument(change: Change, request: NewReprocess): Promise<boolean> {
  const row = await lockDocument(change, request.doc_id ?? '');
  if (row === null) return false;
  await insertRequest(change, request, { status: 'restarted', candidates: 1, examined: 1, restarted: 1 });
  await restart(change, row, request, withCount(request.entry, 1), request.requested_at);
  return true;
}

/** The batch is open from now on, also where no document of it can be restarted: it gets a new report either way. */
async function beginBatch(change: Change, request: NewReprocess): Promise<boolean> {
  const batch = await readBatch(change, request.batch_id ?? '');
  if (batch === null) return false;
  refuseReceiving(batch);
  const candidates = (await change.get<{ entries: number }>(LINKED, [batch.batch_id]))?.entries ?? 0;
  await insertRequest(change, request, { candidates });
  await change.run(REOPEN, { at: request.requested_at, batch_id: batch.batch_id });
  change.tell([withCount(request.entry, candidates)]);
  return true;
}

async function beginBelow(change: Change, request: NewReprocess): Promise<boolean> {
  const candidates = (await tally(change, 'documents')).entries;
  await insertRequest(change, request, { candidates });
  change.tell([withCount(request.entry, candidates)]);
  return true;
}

async function insertRequest(change: Change, request: NewReprocess, begun: Partial<ReprocessRow>): Promise<void> {
  await change.run(INSERT, REPROCESSES.encode(newRequest(request, begun)));
}

/** One step of a request, fenced by its cursor: two workers that take the same step make it once. */
async function advance(
  change: Change,
  { reprocess_id, after, page, last, entries, at }: ReprocessStep,
): Promise<boolean> {
  const request = await readRow(change, reprocess_id);
  if (request?.status !== 'restarting') return false;
  if (((await change.get<Cursor>(CURSOR, [reprocess_id]))?.cursor_doc_id ?? null) !== after) return false;
  let [restarted, skipped] = [0, 0];
  for (const { doc_id, entry } of page) {
    if (entry === null) continue;
    const row = await lockDocument(change, doc_id);
    if (row === null || !mayRun(row, request)) {
      skipped += 1;
      continue;
    }
    await restart(change, row, request, entry, at);
    restarted += 1;
  }
  const end = page.at(-1);
  const adds = stepCounts(request, { page, last }, { restarted, skipped });
  const to = { received_at: end?.received_at ?? null, doc_id: end?.doc_id ?? null };
  await change.run(MOVE, { reprocess_id, ...to, ...adds });
  if (!last) return true;
  await change.run(FINISH, [at, reprocess_id]);
  const counts = countsWith(request, adds);
  change.tell(entries.map((entry) => withDetails(entry, counts)));
  return true;
}

/** Begins the document's run and tells which it is and where it really starts. */
async function restart(
  change: Change,
  row: DocumentRow,
  request: Pick<ReprocessRow, 'reprocess_id' | 'from_stage' | 'config_version'>,
  entry: AuditEntry,
  at: string,
): Promise<void> {
  const plan = planRun(row, request, entry);
  const { run } = await beginRun(change, plan.row, plan.from, at, plan.version, plan.actor);
  change.tell([withDetails(entry, { from: plan.from, run, config_version: plan.version })]);
}
