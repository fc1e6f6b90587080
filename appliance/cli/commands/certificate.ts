import type { Command } from 'commander';
import { hostLayout } from '../../bundle/host-layout.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';

const DAYS = 397;

/** `frostbyte certificate …`: what the gateway shows to whoever comes from elsewhere. On the box itself. */
export function certificateCommands(program: Command): void {
  program
    .command('certificate')
    .description('The certificate that the gateway shows to named networks (listen.open)')
    .command('new <folder>')
    .description('Make one that vouches for itself, where the site has no authority that issues one')
    .requiredOption(
      '--name <name>',
      'a name or an address by which the appliance is reached; may be repeated',
      collected,
      [],
    )
    .option('--days <n>', 'how long it is valid', String(DAYS))
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte certificate new /etc/frostbyte/door --name box.example --name 10.1.0.5',
    )
    .action(async (folder: string, { name, days }: { name: string[]; days: string }, command: Command) => {
      const { makeOwnCertificate } = await import('../../bin/host/own-certificate.ts');
      const number = Number(days);
      if (!Number.isSafeInteger(number) || number < 1 || number > 3650)
        throw new FrostbyteError('VALIDATION_ERROR', '--days is a number from 1 to 3650.', {
          details: [{ field: '--days', value: days, constraint: '1 to 3650' }],
        });
      const made = await makeOwnCertificate(folder, { names: name, days: number, layout: hostLayout() });
      output(command).answer(made, ({ certificate, key, fingerprint, valid_until }) =>
        [
          `${certificate} and ${key} are there, valid until ${valid_until.slice(0, 10)}.`,
          'Whoever comes by it compares the fingerprint:',
          `  SHA-256 ${fingerprint}`,
          'Name both files in listen.open of the settings, and start the gateway anew.',
        ].join('\n'),
      );
    });
}

const collected = (one: string, before: string[]): string[] => [...before, one];
