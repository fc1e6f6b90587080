import { text } from 'node:stream/consumers';
import { FrostbyteError } from '../kernel/errors.ts';

const [ENTER, CANCEL, ERASE] = [/[\r\n]/, '\u0003', /[\u0008\u007f]/];

/**
 * A passphrase from the terminal, which does not show it, or the first line of standard input where that is no terminal.
 * Never from an argument: others on the box can read those. `twice`: a person types it again.
 */
export async function readPassphrase(what: string, { twice = false } = {}): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return (await text(stdin)).split(/\r?\n/, 1)[0]!;
  const ask = async (prompt: string) => {
    stderr.write(prompt);
    const typed = await hidden();
    stderr.write('\n');
    return typed;
  };
  const first = await ask(`${what}: `);
  if (twice && (await ask('The same again: ')) !== first) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The two are not the same. Nothing was changed.');
  }
  return first;
}

function hidden(): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const end = (settle: () => void) => {
      stdin.off('data', read);
      stdin.setRawMode(false);
      stdin.pause();
      settle();
    };
    const read = (chunk: Buffer) => {
      for (const character of chunk.toString('utf8')) {
        if (ENTER.test(character)) return end(() => resolve(typed.join('')));
        if (character === CANCEL) return end(() => reject(new FrostbyteError('VALIDATION_ERROR', 'Given up.')));
        if (ERASE.test(character)) typed = typed.slice(0, -1);
        else typed.push(character);
      }
    };
    stdin.on('data', read);
  });
}
