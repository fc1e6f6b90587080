import { spawn } from 'node:child_process';
import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * Signs a file with `ssh-keygen`: for keys that a passphrase locks, that an agent holds (then `key` is the public half), or
 * that live on a token. It asks at the terminal, or by `SSH_ASKPASS`, itself; nothing secret passes through here. Leaves
 * the signature beside the file, as `FILE.sig`. Throws `KEY_UNAVAILABLE`.
 */
export async function signWithSshKeygen(file: string, key: string, namespace: string): Promise<void> {
  const child = spawn('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', namespace, file], {
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  const outcome = await new Promise<number | NodeJS.ErrnoException>((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  if (outcome === 0) return;
  const reason =
    typeof outcome === 'number' ? `ssh-keygen ended with ${outcome}` : `ssh-keygen does not start (${outcome.code})`;
  throw new FrostbyteError('KEY_UNAVAILABLE', `The key ${key} did not sign: ${reason}. Try: ssh-keygen -y -f ${key}`);
}
