import { z } from '@hono/zod-openapi';
import { administration, type Route, tenant } from './route.ts';
import { ReasonBody } from './schemas/admin.ts';
import * as keys from './schemas/keys.ts';

/** Keys of a tenant: rows of the table of routes. */
export const KEY_ROUTES = Object.freeze({
  tenantKeys: administration({
    method: 'get',
    path: '/admin/tenants/{tenant_id}/keys',
    params: z.object(tenant),
    status: 200,
    answer: keys.TenantKeysAnswer,
    summary: 'A tenant’s keys: history, what is being done, copies outside the box',
  }),
  rotateKeys: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/rotate-keys',
    params: z.object(tenant),
    body: keys.RotateKeysBody,
    status: 200,
    answer: keys.KeyRotationAnswer,
    summary: 'Rotate a tenant’s key; in an emergency also its storage key and store credentials',
  }),
  reencryptTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/reencrypt',
    params: z.object(tenant),
    body: ReasonBody,
    status: 202,
    answer: keys.ReencryptionAnswer,
    summary: 'Move a tenant’s objects to its newest storage key',
  }),
  purgeKey: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/keys/purge',
    params: z.object(tenant),
    body: keys.PurgeKeyBody,
    status: 200,
    answer: keys.TenantKeysAnswer,
    summary: 'Destroy an archived key; refused while an object or a kept backup needs it',
  }),
} satisfies Record<string, Route>);
