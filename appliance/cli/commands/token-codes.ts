import type { Command } from 'commander';
import type { OneTimeCode } from '../../control/tokens/one-time-codes.ts';
import type { IssuedToken } from '../../control/verbs.ts';
import type { Role } from '../../kernel/identity.ts';
import { openClient, output } from '../context.ts';
import { readPassphrase } from '../read-passphrase.ts';
import { configOf } from './box.ts';

/** `frostbyte token once` and `token redeem`: a code that a person types, for a token that nobody has to carry. */
export function codeCommands(token: Command): void {
  token
    .command('once')
    .description('Make a code on the box itself that is exchanged for a token once, within minutes; it is printed once')
    .option('--role <role>', 'tenant_user, tenant_admin, admin or auditor', 'admin')
    .option('--tenant <tenant_id>', 'for tenant_user and tenant_admin')
    .option('--subject <name>', 'whose the token is', 'operator')
    .option('--ttl <seconds>', 'seconds that the token lives', '43200')
    .option('--valid <seconds>', 'seconds in which the code is exchanged', '900')
    .addHelpText('after', '\nExample:\n  frostbyte token once --role admin --subject frode')
    .action(
      async (
        options: { role: Role; tenant?: string; subject: string; ttl: string; valid: string },
        command: Command,
      ) => {
        const { withControl } = await import('../../bin/wire/embedded.ts');
        const { role, subject, tenant: tenant_id } = options;
        const request = { subject, role, ttl_seconds: Number(options.ttl), ...(tenant_id ? { tenant_id } : {}) };
        const offered = await withControl(configOf(command), (control) =>
          control.offerCode(request, 'operator', Number(options.valid)),
        );
        output(command).answer(offered, codeInWords);
      },
    );

  token
    .command('redeem')
    .description('Exchange a one-time code for its token; the code is typed, or stands on standard input')
    .addHelpText('after', '\nExample:\n  export FROSTBYTE_TOKEN=$(frostbyte token redeem)')
    .action(async (_options: unknown, command: Command) => {
      const code = (await readPassphrase('One-time code')).trim();
      const { data } = await openClient(command).send<IssuedToken>('POST', '/tokens/redeem', { code });
      output(command).answer(data, ({ token: text }) => text);
    });
}

/** What a person is told of a code. */
export function codeInWords({ code, expires_at }: OneTimeCode): string {
  return `${code}\nCounts once, until ${expires_at}: frostbyte token redeem takes it and gives the token.`;
}
