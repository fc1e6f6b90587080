import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Applied, type ApplyVerbs, appliedIn, applyTenants } from '../../control/apply/apply-tenants.ts';
import { parseTenantsFile } from '../../control/apply/tenants-file.ts';
import type { ConfigUpdate, Tenant } from '../../control/verbs.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { settled } from '../settled.ts';

/** `frostbyte tenant apply`: tenants from a file, declarative and idempotent (spec 3). */
export function tenantApplyCommand(tenant: Command): void {
  tenant
    .command('apply')
    .description('Bring the tenants to what a file declares; nothing is ever deleted')
    .requiredOption('-f, --file <file>', 'the declaration, YAML')
    .option('--dry-run', 'say what would be done')
    .addHelpText('after', '\nExample:\n  frostbyte tenant apply -f tenants.yaml --dry-run')
    .action(async (options: { file: string; dryRun?: boolean }, command: Command) => {
      const api = client(command);
      const declared = parseTenantsFile(readFileSync(options.file, 'utf8'));
      const applied = await applyTenants(overHttp(api), declared, '', { dryRun: options.dryRun ?? false });
      if (!options.dryRun) {
        for (const [at, one] of applied.entries()) {
          if (one.outcome !== 'created') continue;
          applied[at] = appliedIn((await settled(api, one.tenant_id, ['ACTIVE', 'FAILED'])).state, one);
        }
      }
      output(command).answer(applied, (rows) =>
        table([
          ['TENANT', options.dryRun ? 'WOULD BE' : 'IS', 'FIELDS'],
          ...rows.map((row) => [row.tenant_id, row.outcome, row.fields.join(', ')]),
        ]),
      );
      const open = applied.filter(isOpen);
      if (open.length > 0)
        throw new CheckFailed(`${open.length} tenant(s) are not as declared; the table says which fields differ.`);
    });
}

function isOpen({ outcome }: Applied): boolean {
  return ['differs', 'not_active', 'not_there'].includes(outcome);
}

/** Control's verbs through the admin routes; who acts is the token's subject. */
function overHttp(api: Client): ApplyVerbs {
  return {
    tenant: async (id) => (await api.get<Tenant>(`/admin/tenants/${id}`)).data,
    createTenant: async (request) => (await api.send<Tenant>('POST', '/admin/tenants', request)).data,
    configure: async (id, config, reason) =>
      (await api.send<ConfigUpdate>('PATCH', `/admin/tenants/${id}`, { config, reason })).data,
  };
}
