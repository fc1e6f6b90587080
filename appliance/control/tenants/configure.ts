import { isDeepStrictEqual } from 'node:util';
import type { CustomFields } from '../../api/custom-fields/schema.ts';
import { type ConfigChange, TenantConfig, TenantConfigPatch } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import type { Clock } from '../../kernel/clock.ts';
import { checked } from '../checked.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { insertConfig, lastCustomFields, needTenant, tenantConfig } from '../registry/tenants.ts';
import type { ConfigUpdate } from '../verbs.ts';
import { checkSchemaVersion, toldSchema } from './custom-fields.ts';
import { allowedMove } from './lifecycle.ts';

/** A configuration with the fields of a patch in place, checked as a whole. Throws `VALIDATION_ERROR`. */
export function mergedConfig(config: TenantConfig, patch: unknown): TenantConfig {
  const wanted = checked(TenantConfigPatch, patch);
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  return checked(TenantConfig, { ...config, ...given });
}

/**
 * Changes a tenant's configuration: a new version, and one TENANT_CONFIG_UPDATED for each field that differs, in one
 * transaction. A patch that changes nothing makes no version. Only in ACTIVE. Throws `RESOURCE_NOT_FOUND`,
 * `INVALID_STATE_TRANSITION`, `VALIDATION_ERROR`.
 */
export function configureTenant(
  registry: Registry,
  clock: Clock,
  tenantId: string,
  patch: TenantConfigPatch,
  reason: string,
  actor: string,
): ConfigUpdate {
  return registry.write(() => {
    const tenant = needTenant(registry, tenantId);
    const { event } = allowedMove('configure', tenant.state, tenant.failed_during);
    const previous = tenantConfig(registry, tenantId, tenant.config_version);
    const config = mergedConfig(previous, patch);
    checkSchemaVersion(lastCustomFields(registry, tenantId), config.custom_fields);
    const changes = changedFields(previous, config, actor, reason);
    const version = tenant.config_version + (changes.length === 0 ? 0 : 1);
    if (changes.length > 0) {
      insertConfig(registry, {
        tenant_id: tenantId,
        config_version: version,
        config,
        changed_by: actor,
        reason,
        changed_at: clock.iso(),
      });
      registry.run('UPDATE tenants SET config_version = ? WHERE tenant_id = ?', [version, tenantId]);
      appendEntries(
        registry,
        changes.map(told).map(({ field, old_value, new_value }) =>
          auditEntry(clock, event, {
            tenant_id: tenantId,
            actor,
            resource_id: tenantId,
            adds: {
              field,
              old_value,
              new_value,
              reason,
              config_version: version,
              previous_config_version: tenant.config_version,
            },
          }),
        ),
      );
    }
    return {
      tenant_id: tenantId,
      config,
      config_version: version,
      previous_config_version: tenant.config_version,
      changes,
    };
  });
}

function changedFields(before: TenantConfig, after: TenantConfig, actor: string, reason: string): ConfigChange[] {
  const fields = Object.keys(after) as (keyof TenantConfig)[];
  return fields
    .filter((field) => !isDeepStrictEqual(before[field], after[field]))
    .map((field) => ({ field, old_value: before[field], new_value: after[field], changed_by: actor, reason }));
}

/** A change as its event tells it. */
function told(change: ConfigChange): ConfigChange {
  if (change.field !== 'custom_fields') return change;
  const { old_value, new_value } = change as { old_value: CustomFields | null; new_value: CustomFields | null };
  return { ...change, old_value: toldSchema(old_value), new_value: toldSchema(new_value) };
}
