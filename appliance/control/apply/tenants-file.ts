import { parseDocument } from 'yaml';
import { z } from 'zod';
import { TenantConfigPatch } from '../../api/tenant-config.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { TENANT_ID } from '../../kernel/ids.ts';
import { checked } from '../checked.ts';
import { tenantIdFromName } from '../tenants/tenant-id.ts';

/** Tenants of one box; a file for more is a mistake. */
const MOST_TENANTS = 1000;
const LARGEST_FILE = 1 << 20;

const DeclaredTenant = z.strictObject({
  tenant_id: z.string().regex(TENANT_ID).optional(),
  tenant_name: z.string().trim().min(1).max(200),
  contact_email: z.email().max(254),
  tier: z.enum(['standard', 'premium', 'enterprise']).default('standard'),
  config: TenantConfigPatch.default({}),
});

/**
 * `tenants.yaml`: the tenants a box shall have. Fields of `config` that are not named stay as they are.
 *
 *     version: 1
 *     tenants:
 *       - tenant_name: Acme Health
 *         contact_email: dana@acme.example
 *         tier: standard
 *         config: { pii_policy: block }
 */
export const TenantsFile = z
  .strictObject({ version: z.literal(1), tenants: z.array(DeclaredTenant).max(MOST_TENANTS) })
  .transform((file, context) => {
    const seen = new Set<string>();
    const tenants = file.tenants.map((tenant, at) => {
      const tenant_id = tenant.tenant_id ?? tenantIdFromName(tenant.tenant_name);
      const complain = (message: string) =>
        context.addIssue({ code: 'custom', path: ['tenants', at, 'tenant_id'], message });
      if (tenant_id === null) complain('the name gives no id; name one');
      else if (seen.has(tenant_id)) complain('is declared twice');
      else seen.add(tenant_id);
      return { ...tenant, tenant_id: tenant_id ?? '' };
    });
    return { version: file.version, tenants };
  });
export type TenantsFile = z.output<typeof TenantsFile>;

/**
 * Reads the text of a tenants file. Throws `VALIDATION_ERROR` with every problem and its place; keys given twice,
 * aliases and unknown fields are problems too.
 */
export function parseTenantsFile(text: string): TenantsFile {
  if (text.length > LARGEST_FILE) throw malformed([{ field: 'file', constraint: 'must not be larger than 1 MiB' }]);
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
  if (document.errors.length > 0) {
    throw malformed(
      document.errors
        .slice(0, 20)
        .map((error) => ({ field: `line ${error.linePos?.[0].line ?? '?'}`, constraint: error.code })),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw malformed([{ field: 'file', constraint: 'must not use aliases' }], cause);
  }
  return checked(TenantsFile, value);
}

function malformed(details: { field: string; constraint: string }[], cause?: unknown): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'The tenants file cannot be read.', { details, cause });
}
