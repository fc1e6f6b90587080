import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost } from './bounds.ts';
import { type Filled, fill } from './lists/fill.ts';
import { percentile } from './support.ts';

const ENTRIES = 100_000;
/** The largest batch that a tenant may allow. */
const FILES = 10_000;
/** Rows of a page, as people ask for them by default and at most. */
const LIMITS = [50, 500];
const PAGES = 60;
const BOUND_MS = 50;
const IN_FORCE = { status: 'in_force', offset: 0 } as const;

/** What a page answers: rows, of which the last one's id leads on. */
type Page = (page: { limit: number; after?: string }) => Promise<{ rows: readonly object[]; total?: number }>;

/** A list, the field by which its pages go on, and how it is asked. A new list is one line more. */
type List = readonly [name: string, id: string, page: Page];

const lists = ({ records, log, control, ids }: Filled): readonly List[] => [
  ['batches', 'batch_id', (page) => records.batches(page)],
  ['batches, processing', 'batch_id', (page) => records.batches({ ...page, status: 'processing' })],
  ['documents', 'doc_id', (page) => records.documents(page)],
  ['documents, parse_failed', 'doc_id', (page) => records.documents({ ...page, state: 'parse_failed' })],
  [
    'the same, oldest first (reviews)',
    'doc_id',
    (page) => records.documents({ ...page, state: 'parse_failed', sort: 'asc' }),
  ],
  ['quarantine', 'doc_id', (page) => records.quarantined(page)],
  ['quarantine, open', 'doc_id', (page) => records.quarantined({ ...page, status: 'open' })],
  [`documents of a batch of ${FILES}`, 'doc_id', (page) => records.documents({ ...page, batch_id: ids.largest })],
  [
    `the same, processing`,
    'doc_id',
    (page) => records.documents({ ...page, batch_id: ids.largest, state: 'processing' }),
  ],
  ['dead letters', 'dlq_entry_id', (page) => records.deadLetters(page)],
  ['dead letters, pending', 'dlq_entry_id', (page) => records.deadLetters({ ...page, status: 'pending_review' })],
  ['dead letters of parse', 'dlq_entry_id', (page) => records.deadLetters({ ...page, stage: 'parse' })],
  [
    'dead letters of parse, pending',
    'dlq_entry_id',
    (page) => records.deadLetters({ ...page, stage: 'parse', status: 'pending_review' }),
  ],
  ['chunks of a document', 'position', ({ after, limit }) => chunks(records, ids.long, limit, after)],
  ['resumable uploads', 'upload_id', (page) => records.uploads(page)],
  ['resumable uploads, open', 'upload_id', (page) => records.uploads({ ...page, state: 'open' })],
  ['deletion receipts', 'deletion_receipt_id', (page) => records.erasures(page)],
  ['requests to reprocess', 'reprocess_id', (page) => records.reprocesses(page)],
  ['audit events', 'log_index', events(log, {})],
  ['audit events of a type', 'log_index', events(log, { event_type: 'DOCUMENT_PARSE_FAILED' })],
  ['audit events of an actor', 'log_index', events(log, { actor: 'system' })],
  ['audit events that failed', 'log_index', events(log, { status: 'failure' })],
  ['audit events since a day', 'log_index', events(log, { start_date: '2026-01-01' })],
  ['holds', 'hold_id', async (page) => named(await control.holds(ids.tenant, { ...page, ...IN_FORCE }), 'holds')],
  [
    'ledger',
    'seq',
    async ({ limit, after }) => named(await control.ledger({ limit, after: Number(after ?? 0) }), 'entries'),
  ],
  [
    'ledger of a tenant',
    'seq',
    async ({ limit, after }) =>
      named(await control.ledger({ tenant_id: ids.tenant, limit, after: Number(after ?? 0) }), 'entries'),
  ],
  ['break-glass grants', 'grant_id', async (page) => named(await control.breakGlassGrants(ids.tenant, page), 'grants')],
  ['notices', 'notice_id', async (page) => named(await control.noticesOf(ids.tenant, page), 'notices')],
  [
    'notices, unread',
    'notice_id',
    async (page) => named(await control.noticesOf(ids.tenant, { ...page, unread: true }), 'notices'),
  ],
];

/** Pages of every list at 100,000 entries, from the first to the last, with their totals; each as its route asks. */
export async function measure(): Promise<string[]> {
  // Building is what syncs; in memory where there is room, since what is measured reads from memory either way.
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'frostbyte-bench-'));
  try {
    const filled = await fill(folder, { entries: ENTRIES, files: FILES });
    try {
      const lines: string[] = [];
      for (const list of lists(filled)) lines.push(await timed(list));
      return lines;
    } finally {
      await filled.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed([name, id, page]: List): Promise<string> {
  const cells: string[] = [];
  let total: number | undefined;
  for (const limit of LIMITS) {
    const took: number[] = [];
    let after: string | undefined;
    // Far into the list at once, so that deep pages are among those measured.
    for (let n = 0; n < PAGES; n++) {
      const began = performance.now();
      const answer = await page({ limit, ...(after === undefined ? {} : { after }) });
      took.push(performance.now() - began);
      total = answer.total ?? total;
      const last = answer.rows.at(-1) as Record<string, unknown> | undefined;
      after = answer.rows.length < limit ? undefined : String(last?.[id]);
    }
    const p95 = percentile(took, 0.95);
    cells.push(
      `${limit} rows p50 ${percentile(took, 0.5).toFixed(1)} p95 ${p95.toFixed(1)} ms; ${atMost(`p95 of ${limit} rows of ${name}, ms`, p95, BOUND_MS)}`,
    );
  }
  return `${name.padEnd(34)} ${String(total ?? '').padStart(7)}   ${cells.join('   ')}`;
}

function events(log: Filled['log'], filter: Parameters<Filled['log']['count']>[0]): Page {
  return async ({ limit, after }) => {
    const [{ events: rows }, total] = await Promise.all([
      log.events({ ...filter, sort: 'desc', limit, ...(after === undefined ? {} : { after: Number(after) }) }),
      log.count(filter),
    ]);
    return { rows, total };
  };
}

async function chunks(records: Filled['records'], id: string, limit: number, after?: string) {
  const rows = await records.documentChunks(id, { limit, offset: after === undefined ? 0 : Number(after) + 1 });
  return { rows };
}

function named<K extends string>(answer: Record<K, object[]> & { total: number }, name: K) {
  return { rows: answer[name], total: answer.total };
}
