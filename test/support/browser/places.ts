import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { BatchStatus } from '../../../appliance/api/schemas/ingest.ts';
import type { DocumentListItem } from '../../../appliance/api/schemas/query.ts';
import type { z } from '../../../appliance/api/zod.ts';
import { submitFolder } from '../../../appliance/cli/commands/ingest.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import { controlPaths, tenantPaths } from '../../../appliance/kernel/names.ts';
import { openMeasures } from '../../../appliance/stores/measures/sqlite.ts';
import { submit, text, whenSettled } from '../batch.ts';
import { buildPdf, type Drawing } from '../pdf-builder.ts';
import type { BrowserWorld, Visitor } from './world.ts';

const SAMPLES = join(import.meta.dirname, '../../../docs/samples');

/** Names and words that a page must show and never obey. */
export const HOSTILE_NAME = '<img src=x onerror=alert(1)>"\'.txt';
export const HOSTILE_TEXT =
  'The notice period is three months. <script>alert(2)</script> <a href="javascript:alert(3)">here</a> {{7*7}}';

/** Every page, with something on it; who sees it, and what makes it so. */
export interface Place {
  name: string;
  path: string;
  /** Null: before anybody signed in. */
  username: string | null;
  /** What is done on the page before it is looked at. */
  act?(visitor: Visitor): Promise<void>;
}

/** A tenant with batches in it, and one that is new; answers all pages. */
export async function furnish({ appliance, tenant, addUser }: BrowserWorld): Promise<Place[]> {
  await tenant('nordlaw', 'dana');
  await tenant('newcomer', 'nils');
  await addUser({ username: 'frode', role: 'admin' });
  await addUser({ username: 'astrid', role: 'auditor' });
  const dana = await appliance.client('nordlaw');
  const { batch_id: delivery } = await submitFolder(dana, SAMPLES, 'nordlaw', 'spring-delivery');
  const { batch_id: hostile } = await submit(dana, 'nordlaw', [
    text(HOSTILE_NAME, HOSTILE_TEXT),
    text('invoice\u202efdp.txt', 'Invoice 17. The total is NOK 100.'),
    text('empty.txt', ''),
  ]);
  const status: BatchStatus = await whenSettled(dana, 'nordlaw', delivery);
  await whenSettled(dana, 'nordlaw', hostile);
  const documents = await dana.all<z.infer<typeof DocumentListItem>>('/query/nordlaw/documents');
  const documentOf = (name: string) => documents.find(({ original_filename }) => original_filename === name)!.doc_id;
  const again = await readAgain({ appliance, tenant });
  rememberMeasures(appliance.dataFolder);
  giveUp(appliance.dataFolder, 'nordlaw', documentOf('policy-retention.txt'));
  const receiptOf = (name: string) =>
    status.files.find(({ original_filename }) => original_filename === name)!.receipt_id!;
  const of = (name: string, path: string, act?: Place['act']): Place => ({
    name,
    path: `/tenants/nordlaw/${path}`,
    username: 'dana',
    ...(act ? { act } : {}),
  });
  return [
    { name: 'sign-in', path: '/sign-in', username: null },
    {
      name: 'sign-in-refused',
      path: '/sign-in',
      username: null,
      async act({ page }) {
        await page.fill('#username', 'nobody');
        await page.fill('#password', 'not the password');
        await page.press('#password', 'Enter');
        await page.waitForSelector('#wrong');
      },
    },
    { name: 'nowhere', path: '/nowhere', username: 'dana' },
    { name: 'auditor', path: '/', username: 'astrid' },
    { name: 'tenants', path: '/tenants', username: 'frode' },
    { name: 'tenant', path: '/tenants/nordlaw', username: 'frode' },
    { name: 'measures', path: '/measures', username: 'frode' },
    { name: 'measures-tenant', path: '/tenants/nordlaw/measures?hours=24', username: 'frode' },
    { name: 'measures-none', path: '/tenants/newcomer/measures?hours=1', username: 'frode' },
    { name: 'appliance', path: '/appliance', username: 'frode' },
    { name: 'doctor', path: '/doctor', username: 'frode' },
    { name: 'boundary', path: '/boundary', username: 'frode' },
    { name: 'support', path: '/support', username: 'frode' },
    { name: 'alerts', path: '/alerts', username: 'frode' },
    { name: 'new-tenant', path: '/new-tenant', username: 'frode' },
    {
      name: 'new-tenant-wrong',
      path: '/new-tenant',
      username: 'frode',
      async act({ page }) {
        await page.fill('#tenant_name', 'Nord Law');
        await page.fill('#tenant_id', 'nordlaw');
        await page.fill('#contact_email', 'it@nord.example');
        await page.click('text=Create it');
        await page.waitForSelector('#wrong');
      },
    },
    { name: 'configuration', path: '/tenants/nordlaw/configuration', username: 'frode' },
    {
      name: 'configuration-change',
      path: '/tenants/nordlaw/configuration',
      username: 'frode',
      async act({ page }) {
        await page.selectOption('#pii_policy', 'block');
        await page.check('text=PASSPORT');
        await page.fill('#retention_days', '3650');
        await page.click('text=Look at the change');
        await page.waitForSelector('.diff');
      },
    },
    { name: 'break-glass', path: '/tenants/nordlaw/break-glass', username: 'frode' },
    { name: 'content-shut', path: '/tenants/nordlaw/documents', username: 'frode' },
    { name: 'dead-letters', path: '/tenants/nordlaw/dead-letters', username: 'frode' },
    { name: 'no-dead-letters', path: '/tenants/newcomer/dead-letters', username: 'nils' },
    { name: 'quarantine', path: '/tenants/nordlaw/quarantine', username: 'frode' },
    {
      name: 'quarantined-document',
      path: `/tenants/nordlaw/quarantine/${documentOf('supplier-note.txt')}`,
      username: 'frode',
    },
    { name: 'no-quarantine', path: '/tenants/newcomer/quarantine', username: 'nils' },
    { name: 'audit-logs', path: '/audit', username: 'astrid' },
    { name: 'audit-events', path: '/audit/nordlaw', username: 'astrid' },
    { name: 'audit-no-events', path: '/audit/nordlaw?actor=nobody', username: 'astrid' },
    {
      name: 'audit-event',
      path: '/audit/nordlaw?event_type=DOCUMENT_INGESTED',
      username: 'astrid',
      async act({ page }) {
        await page.click('.events th a >> nth=0');
        await page.waitForSelector('#details');
      },
    },
    {
      name: 'audit-chain',
      path: `/audit/nordlaw/chain/${documentOf('contract-warehouse-lease.pdf')}`,
      username: 'astrid',
    },
    { name: 'audit-exports', path: '/audit/nordlaw/exports', username: 'astrid' },
    {
      name: 'audit-export',
      path: '/audit/nordlaw/exports',
      username: 'astrid',
      async act({ page }) {
        await page.click('text=Make the export');
        await page.waitForSelector('text=Save the file');
      },
    },
    { name: 'no-batches', path: '/tenants/newcomer/batches', username: 'nils' },
    { name: 'no-documents', path: '/tenants/newcomer/documents', username: 'nils' },
    of('batches', 'batches'),
    of('batch', `batches/${delivery}`),
    of('batch-hostile', `batches/${hostile}`),
    of('receipt', `receipts/${receiptOf('contract-warehouse-lease.pdf')}`),
    of('receipt-rejected', `receipts/${receiptOf('price-list.txt')}`),
    of('documents', 'documents'),
    of('document', `documents/${documentOf('contract-warehouse-lease.pdf')}`),
    of('document-quarantined', `documents/${documentOf('supplier-note.txt')}`),
    of('sheet', `documents/${documentOf('contract-warehouse-lease.pdf')}/pages/1`),
    of('sheet-scanned', `documents/${documentOf('scanned-delivery-note.png')}/pages/1`),
    of('diff-none', `documents/${documentOf('scanned-delivery-note.png')}/diff`),
    { name: 'diff', path: again.diff, username: 'arne' },
    { name: 'diff-pages', path: again.pages, username: 'arne' },
    { name: 'diff-revision', path: again.revision, username: 'arne' },
    of('search', 'search'),
    of('search-hits', 'search', async ({ page }) => {
      await page.fill('#question', 'How long is the notice period of the warehouse lease?');
      await page.press('#question', 'Enter');
      await page.waitForSelector('.hits');
    }),
    of('review', 'review'),
    of('review-document', `review/${documentOf('shipments-2025.csv')}`),
    { name: 'no-reviews', path: '/tenants/newcomer/review', username: 'nils' },
    of('upload', 'upload'),
    of('upload-chosen', 'upload', async ({ page }) => {
      await page.setInputFiles('input[webkitdirectory]', SAMPLES);
      await page.waitForSelector('[data-part="send"]:enabled');
    }),
    of('refused', 'receipts/00000000-0000-7000-8000-000000000000'),
  ];
}

/** Minutes of two pages, whose paragraphs are long enough to be cut elsewhere by other limits. */
function minutes(): Uint8Array {
  const paragraphs = [
    'The meeting was opened at nine by the chair, who noted that all members had been called in time and that a quorum was there.',
    'The lease of the warehouse was read out. The members took note that its notice period is nine months, and that the rent is paid before the third day of each month.',
    'The books were laid before the meeting. Nobody asked for the floor, and the accounts of the year were approved as they stood, with all votes.',
    'Questions about these minutes go to kari.nordmann@fjellkai.example, who keeps them with the papers of the company for ten years at least.',
  ];
  const draw = paragraphs.flatMap((paragraph, at): Drawing[] => {
    const lines = paragraph.match(/.{1,80}(?: |$)/g)!;
    return lines.map((line, n) => ({ text: line.trim(), x: 72, y: 150 + at * 90 + n * 14, size: 11 }));
  });
  const page = (title: string) => ({
    draw: [{ text: title, x: 72, y: 100, size: 18, font: 'Helvetica-Bold' as const }, ...draw],
  });
  return buildPdf({ pages: [page('Minutes of the general meeting'), page('Minutes of the board')] });
}

/** A tenant whose terms changed since its documents were read, with two revisions of a letter; where that is shown. */
export async function readAgain({
  appliance,
  tenant,
}: Pick<BrowserWorld, 'appliance' | 'tenant'>): Promise<Record<'diff' | 'pages' | 'revision', string>> {
  const before = { chunk_soft_limit: 200, chunk_hard_limit: 200, pii_policy: 'flag' };
  await tenant('archive', 'arne', { ...before, classification_review_enabled: false });
  const arne = await appliance.client('archive');
  const letter = (months: string, last: string) =>
    [
      'To Fjellkai Eiendom AS',
      'We write about the lease of the warehouse in Bergen, which began on 1 March 2024.',
      `The notice period of the lease is ${months} months, and notice is given in writing.`,
      last,
    ].join('\n\n');
  const files = [
    {
      filename: 'contract-warehouse-lease.pdf',
      mime_type: 'application/pdf',
      content: readFileSync(join(SAMPLES, 'contract-warehouse-lease.pdf')),
    },
    { filename: 'minutes.pdf', mime_type: 'application/pdf', content: minutes() },
    text('letter-of-march.txt', letter('six', 'The rent stays as it is until the end of the year.')),
    text('letter-of-april.txt', letter('nine', 'Please confirm by the end of April that you agree.')),
  ];
  const { batch_id, receipts } = await submit(arne, 'archive', files);
  await whenSettled(arne, 'archive', batch_id);
  const [lease, minutesOf, older, newer] = receipts.map(({ doc_id }) => doc_id!);
  const admin = await appliance.admin();
  const pii_types = ['NAME', 'ADDRESS', 'PHONE', 'EMAIL'];
  const config = { chunk_soft_limit: 1200, chunk_hard_limit: 2400, pii_policy: 'redact', pii_types };
  await admin.send('PATCH', '/admin/tenants/archive', { config, reason: 'new terms' });
  for (const doc_id of [lease, minutesOf])
    await arne.send('POST', '/ingest/archive/reprocess', { from: 'parse', doc_id, reason: 'new terms' });
  await whenSettled(arne, 'archive', batch_id);
  const of = (id: string | undefined) => `/tenants/archive/documents/${id}/diff`;
  return { diff: of(lease), pages: of(minutesOf), revision: `${of(newer)}?against=${older}` };
}

/** A document that a stage gave up on: waiting until retries are used up would take six minutes. */
export function giveUp(dataFolder: string, tenantId: string, docId: string): void {
  const records = new Database(tenantPaths(dataFolder, tenantId).records);
  try {
    const now = new Date();
    const before = new Date(now.getTime() - 370_000);
    const error = {
      code: 'EMBEDDING_FAILED',
      message: 'The embedding model did not answer in time.',
      stack_trace_hash: '0'.repeat(64),
    };
    records
      .prepare(
        `INSERT INTO dead_letters VALUES (?, ?, ?, 'embed', 'document', ?, ?, ?, NULL, 3, ?, 'pending_review', NULL)`,
      )
      .run(
        newId(),
        tenantId,
        `${docId}.1.embed`,
        docId,
        before.toISOString(),
        now.toISOString(),
        JSON.stringify(error),
      );
    records.prepare("UPDATE documents SET state = 'embed_failed', current_stage = 'embed' WHERE doc_id = ?").run(docId);
  } finally {
    records.close();
  }
}

/** A day that the box measured: work that comes and goes, and storage that grows. */
function rememberMeasures(dataFolder: string): void {
  const store = openMeasures(controlPaths(dataFolder).measures, new Date().toISOString());
  try {
    const now = Math.floor(Date.now() / 1000);
    const sums: Record<string, number> = {};
    const rise = (series: string, by: number) => (sums[series] = (sums[series] ?? 0) + Math.max(0, Math.round(by)));
    for (let at = now - 86_400; at < now - 60; at += 300) {
      const tide = Math.max(0, Math.sin((at / 86_400) * 4 * Math.PI)) * 40;
      rise('files.accepted', tide);
      rise('files.rejected', tide / 12);
      rise('parse', tide);
      rise('parse_failures', tide / 20);
      rise('gates.pass', tide * 3);
      rise('gates.fail', tide / 9);
      rise('search', tide * 2);
      for (const [le, share] of Object.entries({ '0.05': 0.6, '0.1': 0.9, '0.5': 1, '+Inf': 1 })) {
        rise(`search.le.${le}`, tide * 2 * share);
        rise(`parse.le.${le}`, tide * share);
        rise(`api.le.${le}`, tide * 9 * share);
      }
      rise('api.2xx', tide * 9);
      rise('api.4xx', tide / 2);
      const held = { 'queue.parse': tide / 4, 'queue.embed': tide / 2, dlq: tide > 30 ? 2 : 0 };
      const stored = (at - now + 172_800) * 1000;
      const sample = {
        ...sums,
        ...Object.fromEntries(Object.entries(held).map(([series, value]) => [series, Math.round(value)])),
        ...{ 'storage.object': stored, 'storage.relational': stored / 4, 'storage.vector': stored / 3, quota: 3e8 },
      };
      store.add(at, new Map(['', 'nordlaw'].map((id) => [id, sample])));
    }
  } finally {
    store.close();
  }
}
