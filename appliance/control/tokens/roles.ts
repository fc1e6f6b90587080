import type { Role, Scope } from '../../kernel/identity.ts';

/** What a role may at most do, and whether its tokens belong to a tenant (spec 4, table of roles). */
export const ROLE_RULES: Readonly<Record<Role, { scopes: readonly Scope[]; needsTenant: boolean }>> = Object.freeze({
  tenant_user: { scopes: ['ingest', 'query'], needsTenant: true },
  tenant_admin: { scopes: ['ingest', 'query', 'audit'], needsTenant: true },
  admin: { scopes: ['ingest', 'query', 'admin', 'audit'], needsTenant: false },
  auditor: { scopes: ['audit'], needsTenant: false },
});
