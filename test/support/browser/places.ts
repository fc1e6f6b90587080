import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { BatchStatus } from '../../../appliance/api/schemas/ingest.ts';
import type { DocumentListItem } from '../../../appliance/api/schemas/query.ts';
import type { z } from '../../../appliance/api/zod.ts';
import { submitFolder } from '../../../appliance/cli/commands/ingest.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import { tenantPaths } from '../../../appliance/kernel/names.ts';
import { submit, text, whenSettled } from '../batch.ts';
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
