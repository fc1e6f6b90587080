import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';
import { readPassphrase } from '../read-passphrase.ts';
import { configOf } from './box.ts';

/** `frostbyte seal` and `frostbyte unseal`: the root key at rest, on the box itself. */
export function sealCommands(program: Command): void {
  program
    .command('seal')
    .description('Seal the root key at rest, by a passphrase or for an age key that is kept off the box')
    .option('--recipient <age1…>', 'for whom, in place of a passphrase')
    .option('--identity <file>', 'the private half of --recipient: proof that somebody can open it')
    .option('--forget', 'also take away the opened key, so that nothing starts before it is unsealed')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte seal\n  frostbyte seal --recipient age1… --identity /media/stick/root.key',
    )
    .action(async (options: { recipient?: string; identity?: string; forget?: true }, command: Command) => {
      const { recipient, identity } = options;
      if ((recipient === undefined) !== (identity === undefined)) {
        throw new FrostbyteError('VALIDATION_ERROR', '--recipient and --identity belong together.');
      }
      const { forgetUnsealed, sealRootKey } = await import('../../bin/wire/unseal.ts');
      const config = configOf(command);
      await sealRootKey(
        config,
        systemClock(),
        recipient === undefined
          ? { passphrase: await readPassphrase('Passphrase for the root key', { twice: true }) }
          : { recipient, identity: textOf(identity!) },
      );
      if (options.forget) await forgetUnsealed(config);
      output(command).answer({ sealed: true, forgotten: options.forget === true }, () =>
        options.forget
          ? 'the root key is sealed; frostbyte unseal comes before the next start'
          : 'the root key is sealed; after each boot, frostbyte unseal comes before the start',
      );
    });

  program
    .command('unseal')
    .description('Open the sealed root key for this box, until it goes down')
    .option('--identity <file>', 'the private half of the recipient that it was sealed for')
    .addHelpText('after', '\nExample:\n  frostbyte unseal\n  frostbyte unseal --identity /media/stick/root.key')
    .action(async ({ identity }: { identity?: string }, command: Command) => {
      const { unsealRootKey } = await import('../../bin/wire/unseal.ts');
      const { withControl } = await import('../../bin/wire/embedded.ts');
      const config = configOf(command);
      const opener =
        identity === undefined
          ? { passphrase: await readPassphrase('Passphrase of the root key') }
          : { identity: textOf(identity) };
      await unsealRootKey(config, systemClock(), opener);
      const method = identity === undefined ? 'passphrase' : 'identity';
      await withControl(config, (control) => control.noteUnsealed(method, 'operator'), { whileClosed: true });
      output(command).answer({ unsealed: true, method }, () => 'the root key is open until this box goes down');
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `The identity file ${file} cannot be read.`, { cause });
  }
}
