import { ADMIN, WRITERS } from '../../../api/route.ts';
import { boundaryPage, makeBoundaryPage } from '../boundary.tsx';
import { ofTenant, type Page } from '../row.ts';
import { alertsPage } from './alerts.tsx';
import { boxPage } from './box.tsx';
import { breakGlassPage, closeBreakGlassPage, openBreakGlassPage } from './break-glass.tsx';
import { changeConfigurationPage, configurationPage } from './configuration.tsx';
import { deadLettersPage, decideDeadLettersPage } from './dead-letters.tsx';
import { doctorPage } from './doctor.tsx';
import { measuresPage, tenantMeasuresPage } from './measures.tsx';
import { createTenantPage, newTenantPage } from './new-tenant.tsx';
import { quarantinePage } from './quarantine.tsx';
import { quarantinedDocumentPage, rejectPage, releasePage } from './quarantined-document.tsx';
import { supportFile, supportPage } from './support.tsx';

const POST = { method: 'post', roles: WRITERS } as const;
const OF_ADMIN = { roles: ADMIN } as const;

/** Pages of whoever runs the box; what concerns its own documents, a tenant's administrator sees too. */
export const PLATFORM_PAGES: readonly Page[] = [
  { method: 'get', path: '/new-tenant', roles: ADMIN, show: newTenantPage },
  { method: 'post', path: '/new-tenant', roles: ADMIN, show: createTenantPage },
  { method: 'get', path: '/measures', roles: ADMIN, show: measuresPage },
  { method: 'get', path: '/appliance', roles: ADMIN, show: boxPage },
  { method: 'get', path: '/doctor', roles: ADMIN, show: doctorPage },
  { method: 'get', path: '/support', roles: ADMIN, show: supportPage },
  { method: 'post', path: '/support', roles: ADMIN, show: supportFile },
  { method: 'get', path: '/boundary', roles: ['admin', 'auditor'], show: boundaryPage },
  { method: 'post', path: '/boundary', roles: ADMIN, show: makeBoundaryPage },
  { method: 'get', path: '/alerts', roles: ADMIN, show: alertsPage },
  ofTenant('measures', tenantMeasuresPage, OF_ADMIN),
  ofTenant('configuration', configurationPage, OF_ADMIN),
  ofTenant('configuration', changeConfigurationPage, { ...OF_ADMIN, method: 'post' }),
  ofTenant('break-glass', breakGlassPage, OF_ADMIN),
  ofTenant('break-glass', openBreakGlassPage, { ...OF_ADMIN, method: 'post' }),
  ofTenant('break-glass/{grant_id}/close', closeBreakGlassPage, { ...OF_ADMIN, method: 'post' }),
  ofTenant('dead-letters', deadLettersPage, { roles: WRITERS }),
  ofTenant('dead-letters', decideDeadLettersPage, POST),
  ofTenant('quarantine', quarantinePage, { roles: WRITERS }),
  ofTenant('quarantine/{doc_id}', quarantinedDocumentPage, { roles: WRITERS }),
  ofTenant('quarantine/{doc_id}/release', releasePage, { ...OF_ADMIN, method: 'post' }),
  ofTenant('quarantine/{doc_id}/reject', rejectPage, POST),
];
