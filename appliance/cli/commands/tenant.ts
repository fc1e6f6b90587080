import type { Command } from 'commander';
import { DEFAULT_TENANT_CONFIG, type TenantConfigPatch } from '../../api/tenant-config.ts';
import type { ConfigUpdate, StateChange, Tenant } from '../../control/verbs.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { settled } from '../settled.ts';
import { breakGlassCommands } from './break-glass.ts';
import { isolationCommands } from './isolation.ts';
import { tenantApplyCommand } from './tenant-apply.ts';
import { tenantFieldsCommand } from './tenant-fields.ts';
import { tenantHoldCommands } from './tenant-hold.ts';
import { describeCopies, keysOf, tenantKeyCommands } from './tenant-keys.ts';
import { tenantReindexCommands } from './tenant-reindex.ts';

/** `frostbyte tenant …`: the admin routes, by hand. */
export function tenantCommands(program: Command): void {
  const tenant = program.command('tenant').description('Tenants: create, look, suspend, resume, delete');

  tenant
    .command('create <name>')
    .description('Create a tenant and wait until it is ACTIVE')
    .option('--id <tenant_id>', 'id; from the name unless given')
    .requiredOption('--email <address>', 'whom to ask about it')
    .option('--tier <tier>', 'standard, premium or enterprise', 'standard')
    .option('--set <field=value...>', 'configuration, e.g. --set pii_policy=flag')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant create "Nord Law" --email it@nord.example --set retention_days=3650',
    )
    .action(
      async (name: string, options: { id?: string; email: string; tier: string; set?: string[] }, command: Command) => {
        const api = client(command);
        const { data: created } = await api.send<Tenant>('POST', '/admin/tenants', {
          ...(options.id ? { tenant_id: options.id } : {}),
          tenant_name: name,
          contact_email: options.email,
          tier: options.tier,
          ...(options.set ? { config: settings(options.set) } : {}),
        });
        const ready = await settled(api, created.tenant_id, ['ACTIVE', 'FAILED']);
        output(command).answer(ready, ({ tenant_id, state }) => `${tenant_id} is ${state}`);
        if (ready.state === 'FAILED')
          throw new CheckFailed(`Provisioning failed; frostbyte tenant show ${ready.tenant_id} names the step.`);
      },
    );

  tenant
    .command('list')
    .description('List tenants')
    .option('--state <state>', 'only those in this state')
    .addHelpText('after', '\nExample:\n  frostbyte tenant list --state ACTIVE')
    .action(async (options: { state?: string }, command: Command) => {
      const data = await client(command).all<Tenant>('/admin/tenants', { state: options.state });
      output(command).answer(data, (tenants) =>
        table([
          ['TENANT', 'STATE', 'NAME', 'DOCUMENTS', 'CHUNKS', 'GB'],
          ...tenants.map((t) => [
            t.tenant_id,
            t.state,
            t.tenant_name,
            t.usage.documents_count,
            t.usage.chunks_count,
            t.usage.storage_used_gb.toFixed(3),
          ]),
        ]),
      );
    });

  tenant
    .command('show <tenant_id>')
    .description('A tenant: state, steps, configuration, usage')
    .addHelpText('after', '\nExample:\n  frostbyte tenant show nordlaw --json')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).get<Tenant>(`/admin/tenants/${id}`);
      output(command).answer(data, describe);
    });

  tenant
    .command('configure <tenant_id>')
    .description('Change configuration; applies to documents that arrive afterwards')
    .requiredOption('--set <field=value...>', 'what to change')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant configure nordlaw --set pii_policy=block --because "new client terms"',
    )
    .action(async (id: string, options: { set: string[]; because: string }, command: Command) => {
      const body = { config: settings(options.set), reason: options.because };
      const { data } = await client(command).send<ConfigUpdate>('PATCH', `/admin/tenants/${id}`, body);
      output(command).answer(data, ({ changes, config_version }) =>
        changes.length === 0
          ? 'nothing to change'
          : [
              ...changes.map((c) => `${c.field}: ${JSON.stringify(c.old_value)} → ${JSON.stringify(c.new_value)}`),
              `config version ${config_version}`,
            ].join('\n'),
      );
    });

  tenantApplyCommand(tenant);
  tenantFieldsCommand(tenant);
  tenantHoldCommands(tenant);
  tenantKeyCommands(tenant);
  tenantReindexCommands(tenant);
  isolationCommands(tenant);
  breakGlassCommands(tenant);
  change(tenant, 'suspend', 'Kill-switch: refuse everything of this tenant at once; nothing is deleted', (because) => ({
    reason: because,
    notify_tenant: true,
  }));
  change(tenant, 'resume', 'Resume a suspended tenant; its tokens have to be issued anew', (because) => ({
    reason: because,
  }));

  tenant
    .command('deprovision <tenant_id>')
    .description('Delete a tenant and everything it has')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .requiredOption('--confirm <tenant_id>', 'the tenant’s id once more')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant deprovision nordlaw --because "contract ended" --confirm nordlaw',
    )
    .action(async (id: string, options: { because: string; confirm: string }, command: Command) => {
      const api = client(command);
      const body = { reason: options.because, confirm: true, confirm_tenant_id: options.confirm };
      await api.send<StateChange>('POST', `/admin/tenants/${id}/deprovision`, body);
      await report(command, api, id, ['DEPROVISIONED', 'FAILED']);
      const { outside_copies } = await keysOf(api, id);
      if (outside_copies.length > 0) output(command).say(describeCopies(outside_copies));
    });

  for (const [verb, text, ends] of [
    ['retry', 'Provision a failed tenant again', ['ACTIVE', 'FAILED']],
    ['abandon', 'Give a failed tenant up and delete what there is of it', ['DEPROVISIONED', 'FAILED']],
  ] as const) {
    tenant
      .command(`${verb} <tenant_id>`)
      .description(text)
      .addHelpText('after', `\nExample:\n  frostbyte tenant ${verb} nordlaw`)
      .action(async (id: string, _options: unknown, command: Command) => {
        const api = client(command);
        await api.send<StateChange>('POST', `/admin/tenants/${id}/${verb}`);
        await report(command, api, id, ends);
      });
  }
}

function change(tenant: Command, verb: 'suspend' | 'resume', text: string, body: (because: string) => unknown): void {
  tenant
    .command(`${verb} <tenant_id>`)
    .description(text)
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .addHelpText('after', `\nExample:\n  frostbyte tenant ${verb} nordlaw --because "incident 4711"`)
    .action(async (id: string, options: { because: string }, command: Command) => {
      const { data } = await client(command).send<StateChange>(
        'POST',
        `/admin/tenants/${id}/${verb}`,
        body(options.because),
      );
      output(command).answer(data, (c) =>
        [
          `${c.tenant_id}: ${c.previous_state} → ${c.current_state}`,
          ...c.actions_taken.map((line) => `  ${line}`),
        ].join('\n'),
      );
    });
}

async function report(command: Command, api: Client, id: string, ends: readonly string[]): Promise<void> {
  const tenant = await settled(api, id, ends);
  output(command).answer(tenant, ({ tenant_id, state }) => `${tenant_id} is ${state}`);
  if (tenant.state === 'FAILED') throw new CheckFailed(`It failed; frostbyte tenant show ${id} names the step.`);
}

/** `field=value` pairs; values as JSON where they are, else text; commas make a list where the field is one. */
function settings(pairs: string[]): TenantConfigPatch {
  const patch: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new FrostbyteError('VALIDATION_ERROR', 'Settings are written field=value.', {
        details: [{ field: '--set', value: pair.slice(0, 60), constraint: 'field=value' }],
      });
    }
    const [field, text] = [pair.slice(0, at), pair.slice(at + 1)];
    const isList = Array.isArray((DEFAULT_TENANT_CONFIG as Record<string, unknown>)[field]);
    patch[field] = isList ? text.split(',').filter(Boolean) : scalar(text);
  }
  return patch as TenantConfigPatch;
}

function scalar(text: string): unknown {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function isolationOf({ isolation }: Tenant): string {
  if (isolation === null) return 'not checked yet';
  return `${isolation.overall_pass ? 'isolated' : 'NOT ISOLATED'} at ${isolation.checked_at}`;
}

function describe(tenant: Tenant): string {
  const { usage, provisioning } = tenant;
  return [
    table([
      ['tenant', tenant.tenant_id],
      ['name', tenant.tenant_name],
      ['state', tenant.failed_during ? `${tenant.state} (during ${tenant.failed_during})` : tenant.state],
      ['tier', tenant.tier],
      ['created', tenant.created_at],
      ['provisioned', tenant.provisioned_at],
      ['documents', usage.documents_count],
      ['chunks', usage.chunks_count],
      ['batches', usage.batches_count],
      ['storage', `${usage.storage_used_gb.toFixed(3)} GB of ${tenant.config.storage_quota_gb}`],
      ['age key', tenant.age_public_key],
      ['key version', tenant.key_version],
      ['key rotation due', tenant.key_rotation_due_at],
      ['isolation', isolationOf(tenant)],
      ['config version', tenant.config_version],
    ]),
    '',
    table([
      ['STEP', 'STATUS', 'AT'],
      ...provisioning.steps.map((step) => [
        step.step,
        step.error_code ? `${step.status} ${step.error_code}` : step.status,
        step.at,
      ]),
    ]),
    '',
    table(Object.entries(tenant.config).map(([field, value]) => [field, JSON.stringify(value)])),
  ].join('\n');
}
