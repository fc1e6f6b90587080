import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { NewReprocess, ReprocessRecords, ReprocessStep } from '../port.ts';
import type { DocumentRow, ReprocessProgress, ReprocessRow } from '../rows.ts';
import { type Cell, DOCUMENTS, REPROCESSES } from '../rules/codec.ts';
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
import type { RecordContext } from './context.ts';
import { beginRun, readDocument } from './documents.ts';
import { appendEntries } from './events.ts';
import { keepConfig, readBatch } from './intake.ts';
import { readPage, tally } from './page.ts';

const LIST: ListShape = {
  from: 'reprocesses r',
  select: REPROCESSES.select('r'),
  // UUID v7: the id alone is in order of time.
  order: ['r.reprocess_id'],
  cursor: 'SELECT reprocess_id FROM reprocesses WHERE reprocess_id = ?',
};
const SELECT = `SELECT ${REPROCESSES.select('r')} FROM reprocesses r WHERE r.reprocess_id = ?`;
const OLDEST_OPEN = `SELECT ${REPROCESSES.select('r')} FROM reprocesses r INDEXED BY reprocesses_open
  WHERE r.status = 'restarting' ORDER BY r.reprocess_id LIMIT 1`;
const STATES = 'SELECT state, entries FROM reprocess_states WHERE reprocess_id = ? AND entries > 0';
const INSERT = REPROCESSES.insert('reprocesses');
/** Who has a batch run again that was cancelled wants it after all; files that never came do not come any more. */
const REOPEN = `UPDATE batches SET status = 'processing', updated_at = @at,
    cancelled_at = iif((SELECT count(*) FROM receipts r WHERE r.batch_id = @batch_id) < file_count, cancelled_at, NULL)
  WHERE batch_id = @batch_id`;
const LINKED = 'SELECT count(*) AS entries FROM document_batches WHERE batch_id = ?';
const CURSOR = 'SELECT cursor_received_at, cursor_doc_id FROM reprocesses WHERE reprocess_id = ?';
const NEXT_OF_BATCH = `SELECT ${DOCUMENTS.select('d')} FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id
  WHERE l.batch_id = @batch_id AND (l.received_at, l.doc_id) > (@received_at, @doc_id)
  ORDER BY l.received_at, l.doc_id LIMIT @limit`;
const NEXT_OF_ALL = `SELECT ${DOCUMENTS.select('d')} FROM documents d
  WHERE (d.received_at, d.doc_id) > (@received_at, @doc_id) AND d.received_at <= @until
  ORDER BY d.received_at, d.doc_id LIMIT @limit`;
const MOVE = `UPDATE reprocesses SET cursor_received_at = coalesce(@received_at, cursor_received_at),
    cursor_doc_id = coalesce(@doc_id, cursor_doc_id), examined = examined + @examined,
    restarted = restarted + @restarted, skipped = skipped + @skipped
  WHERE reprocess_id = @reprocess_id`;
const FINISH = "UPDATE reprocesses SET status = 'restarted', restarted_at = ? WHERE reprocess_id = ?";
const CANCEL = `UPDATE reprocesses SET status = 'restarted', restarted_at = @at, cancelled_at = @at
  WHERE reprocess_id = @id`;

/** Requests to run documents again, and their way through the documents. */
export function reprocessRecords(context: RecordContext): ReprocessRecords {
  const { db } = context;
  return {
    startReprocess: async (request) =>
      db.write(() => {
        keepConfig(context, request.config_version, request.config);
        const begun = { document: beginDocument, batch: beginBatch, below: beginBelow }[request.scope](
          context,
          request,
        );
        return begun ? readRequest(context, request.reprocess_id) : null;
      }),
    reprocess: async (id) => db.read(() => readRequest(context, id)),
    reprocesses: async (page) =>
      db.read(() => ({
        rows: readPage(context, LIST, page, {}).map((cells) => withStates(context, REPROCESSES.decode(cells))),
        total: tally(context, 'reprocesses').entries,
      })),
    openReprocess: async () => {
      const cells = db.get<Record<string, Cell>>(OLDEST_OPEN);
      return cells ? REPROCESSES.decode(cells) : null;
    },
    reprocessPage: async (id, limit) =>
      db.read(() => {
        const request = readRow(context, id);
        if (request?.status !== 'restarting') return { after: null, rows: [] };
        const cursor = db.get<Cursor>(CURSOR, [id]);
        const place = { received_at: cursor?.cursor_received_at ?? '', doc_id: cursor?.cursor_doc_id ?? '', limit };
        const rows =
          request.scope === 'batch'
            ? db.all<Record<string, Cell>>(NEXT_OF_BATCH, { ...place, batch_id: request.batch_id })
            : db.all<Record<string, Cell>>(NEXT_OF_ALL, { ...place, until: request.requested_at });
        return { after: cursor?.cursor_doc_id ?? null, rows: rows.map(DOCUMENTS.decode) };
      }),
    advanceReprocess: async (step) => db.write(() => advance(context, step)),
    cancelReprocess: async (id, entry, at) =>
      db.write(() => {
        const request = readRow(context, id);
        if (request === null) return 'unknown';
        if (request.status !== 'restarting') return request.cancelled_at === null ? 'over' : 'cancelled';
        db.run(CANCEL, { id, at });
        appendEntries(context, [entry(endedByCancelling(request, at))]);
        return 'cancelled';
      }),
  };
}

interface Cursor {
  cursor_received_at: string | null;
  cursor_doc_id: string | null;
}

function readRow({ db }: RecordContext, id: string): ReprocessRow | null {
  const cells = db.get<Record<string, Cell>>(SELECT, [id]);
  return cells ? REPROCESSES.decode(cells) : null;
}

function readRequest(context: RecordContext, id: string): ReprocessProgress | null {
  const row = readRow(context, id);
  return row && withStates(context, row);
}

function withStates({ db }: RecordContext, row: ReprocessRow): ReprocessProgress {
  const states = db.all<{ state: DocumentRow['state']; entries: number }>(STATES, [row.reprocess_id]);
  return { ...row, states: Object.fromEntries(states.map(({ state, entries }) => [state, entries])) };
}

/** One document runs at once: the request is born finished. */
function beginDocument(context: RecordContext, request: NewReprocess): boolean {
  const row = readDocument(context, request.doc_id ?? '');
  if (row === null) return false;
  insertRequest(context, request, { status: 'restarted', candidates: 1, examined: 1, restarted: 1 });
  appendEntries(context, [restart(context, row, request, withCount(request.entry, 1), request.requested_at)]);
  return true;
}

/** The batch is open from now on, also where no document of it can be restarted: it gets a new report either way. */
function beginBatch(context: RecordContext, request: NewReprocess): boolean {
  const batch = readBatch(context, request.batch_id ?? '');
  if (batch === null) return false;
  refuseReceiving(batch);
  const candidates = context.db.get<{ entries: number }>(LINKED, [batch.batch_id])?.entries ?? 0;
  insertRequest(context, request, { candidates });
  context.db.run(REOPEN, { at: request.requested_at, batch_id: batch.batch_id });
  appendEntries(context, [withCount(request.entry, candidates)]);
  return true;
}

function beginBelow(context: RecordContext, request: NewReprocess): boolean {
  const candidates = tally(context, 'documents').entries;
  insertRequest(context, request, { candidates });
  appendEntries(context, [withCount(request.entry, candidates)]);
  return true;
}

function insertRequest(context: RecordContext, request: NewReprocess, begun: Partial<ReprocessRow>): void {
  context.db.run(INSERT, REPROCESSES.encode(newRequest(request, begun)));
}

/** One step of a request, fenced by its cursor: two workers that take the same step make it once. */
function advance(context: RecordContext, { reprocess_id, after, page, last, entries, at }: ReprocessStep): boolean {
  const { db } = context;
  const request = readRow(context, reprocess_id);
  if (request?.status !== 'restarting') return false;
  if ((db.get<Cursor>(CURSOR, [reprocess_id])?.cursor_doc_id ?? null) !== after) return false;
  let [restarted, skipped] = [0, 0];
  for (const { doc_id, entry } of page) {
    if (entry === null) continue;
    const row = readDocument(context, doc_id);
    if (row === null || !mayRun(row, request)) {
      skipped += 1;
      continue;
    }
    appendEntries(context, [restart(context, row, request, entry, at)]);
    restarted += 1;
  }
  const end = page.at(-1);
  const adds = stepCounts(request, { page, last }, { restarted, skipped });
  const to = { received_at: end?.received_at ?? null, doc_id: end?.doc_id ?? null };
  db.run(MOVE, { reprocess_id, ...to, ...adds });
  if (last) {
    db.run(FINISH, [at, reprocess_id]);
    const counts = countsWith(request, adds);
    appendEntries(
      context,
      entries.map((entry) => withDetails(entry, counts)),
    );
  }
  return true;
}

/** Begins the document's run; the entry says which run it is and where it really starts. */
function restart(
  context: RecordContext,
  row: DocumentRow,
  request: Pick<ReprocessRow, 'reprocess_id' | 'from_stage' | 'config_version'>,
  entry: AuditEntry,
  at: string,
): AuditEntry {
  const plan = planRun(row, request, entry);
  const { run } = beginRun(context, plan.row, plan.from, at, plan.version, plan.actor);
  return withDetails(entry, { from: plan.from, run, config_version: plan.version });
}
