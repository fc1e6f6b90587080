import { serveDataPlane } from './roles/data-plane.ts';

/** A tenant's data plane as control starts it: the tenant's id, and where its handover is. */
const [tenantId = '', handover = ''] = process.argv.slice(2);
await serveDataPlane(tenantId, handover);
