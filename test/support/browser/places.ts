import { join } from 'node:path';
import type { BatchStatus } from '../../../appliance/api/schemas/ingest.ts';
import type { DocumentListItem } from '../../../appliance/api/schemas/query.ts';
import type { z } from '../../../appliance/api/zod.ts';
import { submitFolder } from '../../../appliance/cli/commands/ingest.ts';
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
