import { z } from 'zod';
import { DEFAULT_TENANT_CONFIG } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { TENANT_ID } from '../../kernel/ids.ts';
import { checked } from '../checked.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { findTenant, insertConfig } from '../registry/tenants.ts';
import type { CreateTenant } from '../verbs.ts';
import { mergedConfig } from './configure.ts';
import { allowedMove } from './lifecycle.ts';
import { freeTenantId, PROBE_TENANT } from './tenant-id.ts';

const noControls = /^[^\p{Cc}\p{Cs}]*$/u;

/** What a tenant is made from; the configuration is checked with its defaults. */
const Request = z.strictObject({
  tenant_id: z.string().regex(TENANT_ID).optional(),
  tenant_name: z.string().trim().min(1).max(200).regex(noControls),
  contact_email: z.email().max(254),
  tier: z.enum(['standard', 'premium', 'enterprise']),
  config: z.unknown().optional(),
});

/**
 * Registers a tenant in PENDING with version 1 of its configuration; provisioning follows. Returns the tenant's id: the
 * one given, else the name's with a number where it is taken. Throws `VALIDATION_ERROR` or `TENANT_ALREADY_EXISTS`.
 * An id is never used twice, also not after deprovisioning, since its audit log stays.
 */
export function createTenantRow(registry: Registry, clock: Clock, request: CreateTenant, actor: string): string {
  const asked = checked(Request, request);
  const config = mergedConfig(DEFAULT_TENANT_CONFIG, request.config ?? {});
  return registry.write(() => {
    const taken = (id: string) => id === PROBE_TENANT || findTenant(registry, id) !== null;
    const tenantId = asked.tenant_id ?? freeTenantId(asked.tenant_name, taken);
    if (taken(tenantId)) {
      throw new FrostbyteError('TENANT_ALREADY_EXISTS', 'There is a tenant with this id already.', {
        details: [
          { field: 'tenant_id', value: tenantId, constraint: 'must not be in use, also not by a deprovisioned tenant' },
        ],
      });
    }
    const { to, event } = allowedMove('create', null, null);
    const at = clock.iso();
    registry.run(
      `INSERT INTO tenants (tenant_id, tenant_name, contact_email, tier, state, created_at, config_version)
       VALUES (?, ?, ?, ?, ?, ?, 1)`,
      [tenantId, asked.tenant_name, asked.contact_email, asked.tier, to, at],
    );
    insertConfig(registry, {
      tenant_id: tenantId,
      config_version: 1,
      config,
      changed_by: actor,
      reason: 'created',
      changed_at: at,
    });
    appendEntries(registry, [
      auditEntry(clock, event, { tenant_id: tenantId, actor, resource_id: tenantId, adds: { tier: asked.tier } }),
    ]);
    return tenantId;
  });
}
