import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Control } from '../../control/create-control.ts';
import type { RecoveryReport } from '../../control/keys/recovery-verbs.ts';
import { output } from '../context.ts';
import { table } from '../output.ts';
import { configOf } from './box.ts';

type Challenge = Awaited<ReturnType<Control['challengeRecovery']>>;

/** `frostbyte keys …`: recovery and escrow, on the box itself. */
export function keyCommands(program: Command): void {
  const keys = program.command('keys').description('Recovery recipient and escrow, on the box itself');
  const recovery = keys.command('recovery').description('The age key that can open everything when the box is lost');

  recovery
    .command('set <recipient>')
    .description('Name a recovery recipient (age1…); it is used once its challenge is answered')
    .option('--out <file>', 'write the challenge into a file')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte keys recovery set age1… --out challenge.age\n  age -d -i recovery.key challenge.age > answer.txt    # where the private half is kept\n  frostbyte keys recovery prove answer.txt',
    )
    .action(async (recipient: string, options: { out?: string }, command: Command) => {
      const challenge = await onBox(command, (control) => control.nameRecovery(recipient, 'operator'));
      hand(command, challenge, options.out);
    });

  recovery
    .command('challenge')
    .description('Ask whether somebody still holds the private half')
    .option('--out <file>', 'write the challenge into a file')
    .addHelpText('after', '\nExample:\n  frostbyte keys recovery challenge --out challenge.age')
    .action(async (options: { out?: string }, command: Command) => {
      hand(command, await onBox(command, (control) => control.challengeRecovery()), options.out);
    });

  recovery
    .command('prove <file>')
    .description('Hand in the decrypted challenge (- reads standard input)')
    .addHelpText('after', '\nExample:\n  frostbyte keys recovery prove answer.txt')
    .action(async (file: string, _options: unknown, command: Command) => {
      const answer = readFileSync(file === '-' ? 0 : file, 'utf8');
      const report = await onBox(command, (control) => control.proveRecovery(answer, 'operator'));
      output(command).answer(report, describeRecovery);
    });

  recovery
    .command('show')
    .description('Which recipient is in use, and which tenants’ keys are in escrow')
    .addHelpText('after', '\nExample:\n  frostbyte keys recovery show')
    .action(async (_options: unknown, command: Command) => {
      output(command).answer(await onBox(command, (control) => control.recovery()), describeRecovery);
    });

  keys
    .command('escrow <folder>')
    .description('Copy the escrow files off the box, one a tenant, and remember that they are there')
    .addHelpText('after', '\nExample:\n  frostbyte keys escrow /media/stick/escrow')
    .action(async (folder: string, _options: unknown, command: Command) => {
      const copies = await onBox(command, (control) => control.copyEscrows(folder, 'operator'));
      output(command).answer(copies, (rows) =>
        table([['TENANT', 'COPY', 'SHA-256'], ...rows.map((row) => [row.tenant_id, row.label, row.sha256])]),
      );
    });

  keys
    .command('destroyed <copy>')
    .description('Note that a copy outside the box (its id, path, or a backup’s id) is destroyed')
    .addHelpText('after', '\nExample:\n  frostbyte keys destroyed /media/stick/escrow/nordlaw.age')
    .action(async (copy: string, _options: unknown, command: Command) => {
      const destroyed = await onBox(command, (control) => control.copiesDestroyed(copy));
      output(command).answer({ destroyed }, () => `${destroyed} copies noted as destroyed`);
    });
}

async function onBox<T>(command: Command, use: (control: Control) => Promise<T>): Promise<T> {
  const { withControl } = await import('../../bin/wire/embedded.ts');
  return withControl(configOf(command), use);
}

function hand(command: Command, challenge: Challenge, out: string | undefined): void {
  if (out !== undefined) writeFileSync(out, challenge.challenge, { mode: 0o600 });
  output(command).answer(challenge, ({ challenge: text, recipient, expires_at }) =>
    [
      out === undefined ? text.trimEnd() : `challenge for ${recipient} written to ${out}`,
      `Its holder decrypts it (age -d -i KEY), and frostbyte keys recovery prove takes the text until ${expires_at}.`,
    ].join('\n'),
  );
}

function describeRecovery({ recipient, proven_at, pending, escrowed, waiting }: RecoveryReport): string {
  return [
    recipient === null ? 'no recovery recipient is in use' : `${recipient}, proven ${proven_at}`,
    ...(pending === null ? [] : [`${pending} waits for its challenge to be answered`]),
    ...(recipient === null ? [] : [`in escrow: ${escrowed.join(', ') || 'none'}`]),
    ...(waiting.length === 0 ? [] : [`the daemon writes these by itself: ${waiting.join(', ')}`]),
  ].join('\n');
}
