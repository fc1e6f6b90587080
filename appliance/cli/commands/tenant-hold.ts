import type { Command } from 'commander';
import type { Hold } from '../../control/verbs.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';

interface Target {
  batch?: string;
  doc?: string;
}

/** `frostbyte tenant hold set|lift|list`. */
export function tenantHoldCommands(tenant: Command): void {
  const hold = tenant.command('hold').description('Legal holds: what is held is neither erased nor deleted');

  for (const [action, text, example] of [
    ['set', 'Put a tenant, a batch or a document under a legal hold', '--batch b-2026-01 --because "matter 4711"'],
    ['lift', 'Lift the hold on exactly this', '--batch b-2026-01 --because "matter 4711 is closed"'],
  ] as const) {
    hold
      .command(`${action} <tenant_id>`)
      .description(`${text}; the whole tenant unless a batch or document is named`)
      .option('--batch <batch_id>', 'everything that came with this batch')
      .option('--doc <doc_id>', 'this document')
      .requiredOption('--because <reason>', 'why; goes into the audit log')
      .addHelpText('after', `\nExample:\n  frostbyte tenant hold ${action} nordlaw ${example}`)
      .action(async (id: string, options: Target & { because: string }, command: Command) => {
        const body = { action, ...targetOf(options), reason: options.because };
        const { data } = await client(command).send<Hold>('POST', `/admin/tenants/${id}/hold`, body);
        output(command).answer(
          data,
          ({ scope, resource_id, hold_id }) =>
            `${scope} ${resource_id}: hold ${hold_id} ${action === 'set' ? 'is in force' : 'is lifted'}`,
        );
      });
  }

  addPlaceOptions(
    hold
      .command('list <tenant_id>')
      .description('List holds, newest first')
      .option('--status <status>', 'in_force, lifted or all', 'in_force'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte tenant hold list nordlaw --status all')
    .action(async (id: string, options: Place & { status: string }, command: Command) => {
      const { status, limit, cursor } = options;
      const listed = await client(command).get<Hold[]>(`/admin/tenants/${id}/hold`, { status, limit, cursor });
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['HOLD', 'SCOPE', 'COVERS', 'SINCE', 'BY', 'LIFTED', 'REASON'],
            ...rows.map((row) => [
              row.hold_id,
              row.scope,
              row.resource_id,
              row.set_at,
              row.set_by,
              row.lifted_at,
              row.reason,
            ]),
          ]),
        goOn(options, listed),
      );
    });
}

function targetOf({ batch, doc }: Target): { scope: Hold['scope']; resource_id?: string } {
  if (batch !== undefined && doc !== undefined) {
    throw new FrostbyteError('VALIDATION_ERROR', 'Name a batch or a document, not both.', {
      details: [{ field: '--doc', constraint: 'not together with --batch' }],
    });
  }
  if (batch !== undefined) return { scope: 'batch', resource_id: batch };
  return doc === undefined ? { scope: 'tenant' } : { scope: 'document', resource_id: doc };
}
