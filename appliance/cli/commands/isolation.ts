import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { IsolationReport, IsolationSummary } from '../../control/verbs.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { addPageOptions, nextPage, type Page } from '../paging.ts';

/** `frostbyte tenant verify` and `frostbyte tenant isolation …`: the isolation check, and what it found before. */
export function isolationCommands(tenant: Command): void {
  tenant
    .command('verify <tenant_id>')
    .description('Isolation check: its own things open, everybody else’s do not')
    .addHelpText('after', '\nExample:\n  frostbyte tenant verify nordlaw')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { data } = await client(command).send<IsolationReport>('POST', `/admin/tenants/${id}/verify`);
      output(command).answer(data, describe);
      if (!data.overall_pass) throw new CheckFailed('The isolation check failed.');
    });

  const isolation = tenant
    .command('isolation')
    .description('Reports of isolation checks: each asked for, at provisioning, and by itself');

  addPageOptions(
    isolation.command('list <tenant_id>').description('Reports that are kept, newest first'),
    'the list',
    30,
  )
    .addHelpText('after', '\nExample:\n  frostbyte tenant isolation list nordlaw')
    .action(async (id: string, { page, limit }: Page, command: Command) => {
      const path = `/admin/tenants/${id}/isolation`;
      const { data, meta } = await client(command).get<IsolationSummary[]>(path, { page, limit });
      output(command).answer(
        data,
        (reports) =>
          table([
            ['REPORT', 'CHECKED', 'RESULT', 'TRIES', 'ALLOWED', 'SHA-256'],
            ...reports.map((report) => [
              report.report_id,
              report.checked_at,
              verdict(report),
              report.checks,
              report.allowed,
              report.report_sha256,
            ]),
          ]),
        nextPage({ page, limit }, data.length, meta?.total ?? 0),
      );
    });

  isolation
    .command('show <tenant_id> <report_id>')
    .description('One report, try by try')
    .option('--out <file>', 'write it as canonical JSON: sha256sum gives the hash that the audit log has')
    .addHelpText('after', '\nExample:\n  frostbyte tenant isolation show nordlaw 0197… --out isolation.json')
    .action(async (id: string, report: string, options: { out?: string }, command: Command) => {
      const { data } = await client(command).get<IsolationReport>(`/admin/tenants/${id}/isolation/${report}`);
      if (options.out !== undefined) writeFileSync(options.out, canonicalJson(data), { flag: 'wx', mode: 0o600 });
      output(command).answer(data, describe);
    });
}

function describe(report: IsolationReport): string {
  const rows = report.checks.map(({ store, test, target, result, reason }) => [
    ...[store, test, target],
    reason === undefined ? result : `${result}: ${reason}`,
  ]);
  return [table([['STORE', 'TEST', 'TARGET', 'RESULT'], ...rows]), verdict(report)].join('\n');
}

function verdict({ overall_pass }: { overall_pass: boolean }): string {
  return overall_pass ? 'isolated' : 'NOT ISOLATED';
}
