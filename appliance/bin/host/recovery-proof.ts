import { createInterface } from 'node:readline/promises';
import type { RecoveryChallenge, RecoveryProof } from '../../bundle/install/tools.ts';
import type { Config } from '../../config/schema.ts';
import type { Control } from '../../control/create-control.ts';
import { controlPaths } from '../../kernel/names.ts';
import { recoveryStatus } from '../../secrets/recovery.ts';

export { checkRecipient } from '../../secrets/recovery.ts';

const ACTOR = 'installation';

/** The recovery recipient of the appliance with these settings, and whoever sits at this terminal. */
export function hostRecovery(config: () => Config): RecoveryProof {
  const onBox = async <T>(use: (control: Control) => Promise<T>): Promise<T> => {
    const { withControl } = await import('../wire/embedded.ts');
    return withControl(config(), use);
  };
  return {
    async status() {
      const { recipient, pending } = await recoveryStatus(controlPaths(config().data_folder).recovery);
      return { recipient, pending };
    },
    name: (recipient) => onBox((control) => control.nameRecovery(recipient, ACTOR)),
    prove: (answer) => onBox(async (control) => void (await control.proveRecovery(answer, ACTOR))),
    ask: askHere,
  };
}

/** The challenge on the terminal, and a line for its answer; empty: not now. */
async function askHere({ recipient, challenge, expires_at }: RecoveryChallenge): Promise<string | null> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  stderr.write(
    `\n\nDecrypt this where the private half of ${recipient} is kept (age -d -i recovery.key), until ${expires_at}:\n\n${challenge.trimEnd()}\n\n`,
  );
  const reader = createInterface({ input: stdin, output: stderr });
  // A terminal that goes away has no answer.
  const gone = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    const typed = await Promise.race([reader.question('What it says (or nothing, to do it later): '), gone]);
    return typed.trim() === '' ? null : typed;
  } finally {
    reader.close();
  }
}
