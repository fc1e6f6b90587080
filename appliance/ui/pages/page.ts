import { ADMIN, READERS_OF_AUDIT, TENANT_ADMIN, WRITERS } from '../../api/route.ts';
import type { Role } from '../../kernel/identity.ts';
import type { PageParts, Way } from '../parts/layout.tsx';
import type { Visit } from '../visit.ts';
import { AUDIT_PAGES } from './audit/rows.ts';
import { batchPage } from './batch.tsx';
import { batchesPage } from './batches.tsx';
import { diffPage } from './diff.tsx';
import { documentPage } from './document.tsx';
import { documentsPage } from './documents.tsx';
import { auditPath, tenantPath } from './paths.ts';
import { PLATFORM_PAGES } from './platform/rows.ts';
import { receiptPage } from './receipt.tsx';
import { decideReviewPage, reviewDocumentPage, reviewsPage } from './review.tsx';
import { ofTenant, type Page } from './row.ts';
import { searchPage, searchResultPage } from './search.tsx';
import { sheetPage } from './sheet.tsx';
import { checkIsolationPage, resumePage, suspendPage, tenantPage } from './tenant.tsx';
import { tenantsPage } from './tenants.tsx';
import { uploadPage } from './upload.tsx';
import { welcomePage } from './welcome.tsx';

export type { Page };

const EVERYBODY: readonly Role[] = ['tenant_user', 'tenant_admin', 'admin', 'auditor'];

/** The one table of pages. */
export const PAGES: readonly Page[] = Object.freeze([
  { method: 'get', path: '/', roles: EVERYBODY, show: home },
  { method: 'get', path: '/tenants', roles: ADMIN, show: tenantsPage },
  { method: 'get', path: '/tenants/{tenant_id}', roles: ADMIN, show: tenantPage },
  ofTenant('suspend', suspendPage, { method: 'post', roles: ADMIN }),
  ofTenant('resume', resumePage, { method: 'post', roles: ADMIN }),
  ofTenant('isolation', checkIsolationPage, { method: 'post', roles: ADMIN }),
  ofTenant('batches', batchesPage),
  ofTenant('batches/{batch_id}', batchPage),
  ofTenant('upload', uploadPage, { roles: TENANT_ADMIN }),
  ofTenant('review', reviewsPage, { roles: WRITERS }),
  ofTenant('review/{doc_id}', reviewDocumentPage, { roles: WRITERS, content: true }),
  ofTenant('review/{doc_id}', decideReviewPage, { method: 'post', roles: WRITERS }),
  ofTenant('receipts/{receipt_id}', receiptPage),
  ofTenant('documents', documentsPage, { content: true }),
  ofTenant('documents/{doc_id}', documentPage, { content: true }),
  ofTenant('documents/{doc_id}/diff', diffPage, { content: true }),
  ofTenant('documents/{doc_id}/pages/{page}', sheetPage, { content: true }),
  ofTenant('search', searchPage),
  ofTenant('search', searchResultPage, { method: 'post', content: true }),
  ...PLATFORM_PAGES,
  ...AUDIT_PAGES,
]);

/** Where a person of each role begins. */
async function home(visit: Visit): Promise<PageParts | { goTo: string }> {
  const { role, tenant_id } = visit.caller;
  if (tenant_id !== null) return { goTo: tenantPath(tenant_id, 'batches') };
  if (role === 'admin') return { goTo: '/tenants' };
  return { title: visit.t.home, main: welcomePage(visit), current: '/' };
}

/** The ways that the bar offers to a person: of their own tenant, or of the one that an administrator looks at. */
export function waysFor({ t, caller, params }: Visit): Way[] {
  const tenant = caller.tenant_id ?? (caller.role === 'admin' ? params.tenant_id : undefined);
  return [
    ...(caller.role === 'admin'
      ? [
          { path: '/tenants', says: t.ways.tenants },
          { path: '/measures', says: t.measures.title },
          { path: '/alerts', says: t.measures.alerts },
          { path: '/appliance', says: t.box.title },
        ]
      : []),
    ...(tenant === undefined
      ? []
      : [
          { path: tenantPath(tenant, 'batches'), says: t.ways.batches },
          { path: tenantPath(tenant, 'documents'), says: t.ways.documents },
          { path: tenantPath(tenant, 'search'), says: t.ways.search },
          ...(WRITERS.includes(caller.role) ? [{ path: tenantPath(tenant, 'review'), says: t.ways.review }] : []),
          ...(caller.role === 'tenant_admin'
            ? [
                { path: tenantPath(tenant, 'quarantine'), says: t.ways.quarantine },
                { path: tenantPath(tenant, 'dead-letters'), says: t.ways.deadLetters },
                { path: tenantPath(tenant, 'upload'), says: t.ways.upload },
              ]
            : []),
        ]),
    ...(caller.role === 'auditor' ? [{ path: '/boundary', says: t.box.boundary }] : []),
    ...(READERS_OF_AUDIT.includes(caller.role)
      ? [{ path: caller.tenant_id === null ? '/audit' : auditPath(caller.tenant_id), says: t.ways.audit }]
      : []),
  ];
}
