import type { Command } from 'commander';
import type { AlertReport } from '../../control/verbs.ts';
import { client, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';

/** `frostbyte alerts`: what the box itself finds in what it measures. */
export function alertCommand(program: Command): void {
  program
    .command('alerts')
    .description('Alerts that hold now, found by the box itself; fails while one is critical')
    .addHelpText('after', '\nExample:\n  frostbyte alerts')
    .action(async (_options: unknown, command: Command) => {
      const { data } = await client(command).get<AlertReport>('/admin/alerts');
      output(command).answer(data, describe);
      const critical = data.alerts.filter(({ severity }) => severity === 'critical').length;
      if (critical > 0) throw new CheckFailed(`${critical} critical alert(s).`);
    });
}

function describe({ alerts, rules, evaluated_at }: AlertReport): string {
  const looked = `${rules.length} rules, looked at ${evaluated_at ?? 'not yet: within a minute'}`;
  if (alerts.length === 0) return `no alert (${looked})`;
  return [
    table([
      ['SEVERITY', 'ALERT', 'TENANT', 'SINCE', 'VALUE', 'ABOVE'],
      ...alerts.map((one) => [one.severity, one.rule, one.tenant_id, one.since, one.value.toPrecision(3), one.above]),
    ]),
    '',
    ...alerts.map(({ rule, summary, mend }) => `${rule}: ${summary} ${mend}`),
    looked,
  ].join('\n');
}
