import { READERS_OF_AUDIT } from '../../../api/route.ts';
import type { Page } from '../row.ts';
import { chainPage } from './chain.tsx';
import { eventPage } from './event.tsx';
import { eventsPage } from './events.tsx';
import { exportPage, exportsPage, startExportPage } from './export.tsx';
import { logsPage } from './logs.tsx';

const of = (path: string, show: Page['show'], method: Page['method'] = 'get'): Page => ({
  method,
  path: `/audit${path}`,
  roles: READERS_OF_AUDIT,
  show,
});

/** Pages of whoever audits; a tenant's administrator sees them of its own log. */
export const AUDIT_PAGES: readonly Page[] = [
  of('', logsPage),
  of('/{tenant_id}', eventsPage),
  of('/{tenant_id}/events/{event_id}', eventPage),
  of('/{tenant_id}/chain/{resource_id}', chainPage),
  of('/{tenant_id}/exports', exportsPage),
  of('/{tenant_id}/exports', startExportPage, 'post'),
  of('/{tenant_id}/exports/{export_id}', exportPage),
];
