import type { Command } from 'commander';
import type { BreakGlassGrant, Notice } from '../../control/verbs.ts';
import { client, output } from '../context.ts';
import { table } from '../output.ts';
import { addPlaceOptions, goOn, type Place } from '../paging.ts';

/** `frostbyte tenant break-glass …`: an administrator's looks at a tenant's content. */
export function breakGlassCommands(tenant: Command): void {
  const glass = tenant
    .command('break-glass')
    .description('Look at a tenant’s content for some minutes, with a reason that it is told');

  glass
    .command('open <tenant_id>')
    .description('Open break-glass for yourself')
    .requiredOption('--because <reason>', 'why; the tenant is told, and it goes into its audit log')
    .option('--minutes <number>', 'how long; 15 unless given')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant break-glass open nordlaw --because "ticket 4711: search finds nothing" --minutes 30',
    )
    .action(async (id: string, options: { because: string; minutes?: string }, command: Command) => {
      const body = {
        reason: options.because,
        ...(options.minutes === undefined ? {} : { minutes: Number(options.minutes) }),
      };
      const { data } = await client(command).send<BreakGlassGrant>('POST', `/admin/tenants/${id}/break-glass`, body);
      output(command).answer(data, ({ grant_id, expires_at }) => `${grant_id}: open until ${expires_at}`);
    });

  addPlaceOptions(
    glass.command('list <tenant_id>').description('Who opened break-glass, when, why and until when; newest first'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte tenant break-glass list nordlaw')
    .action(async (id: string, { limit, cursor }: Place, command: Command) => {
      const path = `/admin/tenants/${id}/break-glass`;
      const listed = await client(command).get<BreakGlassGrant[]>(path, { limit, cursor });
      output(command).answer(
        listed.data,
        (grants) =>
          table([
            ['GRANT', 'STATE', 'WHO', 'OPENED', 'UNTIL', 'REASON'],
            ...grants.map((grant) => [
              grant.grant_id,
              grant.state,
              grant.subject,
              grant.opened_at,
              grant.closed_at ?? grant.expires_at,
              grant.reason,
            ]),
          ]),
        goOn({ limit, cursor }, listed),
      );
    });

  glass
    .command('close <tenant_id> <grant_id>')
    .description('End a grant before its time, anybody’s')
    .addHelpText('after', '\nExample:\n  frostbyte tenant break-glass close nordlaw 0197…')
    .action(async (id: string, grant: string, _options: unknown, command: Command) => {
      const path = `/admin/tenants/${id}/break-glass/${grant}/close`;
      const { data } = await client(command).send<BreakGlassGrant>('POST', path);
      output(command).answer(data, ({ grant_id, closed_at }) => `${grant_id}: closed at ${closed_at}`);
    });
}

/** `frostbyte notices …`: what a tenant is told. */
export function noticeCommands(program: Command): void {
  const notices = program
    .command('notices')
    .description('What a tenant is told: suspensions, administrators’ looks at its content');

  addPlaceOptions(
    notices
      .command('list <tenant_id>')
      .description('List notices, newest first')
      .option('--unread', 'only those that hold and that nobody has acknowledged'),
  )
    .addHelpText('after', '\nExample:\n  frostbyte notices list nordlaw --unread')
    .action(async (tenant: string, options: Place & { unread?: boolean }, command: Command) => {
      const { limit, cursor } = options;
      const query = { limit, cursor, unread: options.unread ? 'true' : undefined };
      const listed = await client(command).get<Notice[]>(`/ingest/${tenant}/notices`, query);
      output(command).answer(
        listed.data,
        (rows) =>
          table([
            ['NOTICE', 'WHEN', 'WHAT', 'WHO', 'UNTIL', 'READ BY', 'REASON'],
            ...rows.map((row) => [
              row.notice_id,
              row.created_at,
              row.withdrawn_at ? `${row.kind} (over)` : row.kind,
              row.actor,
              row.until,
              row.acknowledged_by,
              row.reason,
            ]),
          ]),
        goOn(options, listed),
      );
    });

  notices
    .command('acknowledge <tenant_id> <notice_id>')
    .description('Note that a notice was read; for the tenant’s own admin')
    .addHelpText('after', '\nExample:\n  frostbyte notices acknowledge nordlaw 0197…')
    .action(async (tenant: string, id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).send<Notice>('POST', `/ingest/${tenant}/notices/${id}/acknowledge`);
      output(command).answer(data, ({ notice_id, acknowledged_by }) => `${notice_id}: read by ${acknowledged_by}`);
    });
}
