/**
 * The command line in a process that kills itself (SIGKILL) before one change of a file. Started by tests with
 * `node killed-cli.ts N FOLDER ARGUMENTS…`: N counts the changes below FOLDER from 1. With N = 0 it lives, and ends standard
 * error with how many there were.
 */
import files from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [at = '0', folder = '', ...args] = process.argv.slice(2);
let changes = 0;

function watch(owner: object, name: string): void {
  const original = (owner as Record<string, (...args: unknown[]) => unknown>)[name]!;
  const replacement = (...given: unknown[]) => {
    const opens = name === 'open' || name === 'openSync';
    const reads = opens && (typeof given[1] === 'number' ? (given[1] & 3) === 0 : (given[1] ?? 'r') === 'r');
    // Object folders are reached through /proc/self/fd.
    const isOurs = given.some(
      (path) => typeof path === 'string' && (path.startsWith(folder) || path.startsWith('/proc/self/fd/')),
    );
    if (isOurs && !reads) {
      changes += 1;
      if (changes === Number(at)) process.kill(process.pid, 'SIGKILL');
    }
    return original.apply(owner, given);
  };
  Object.assign(owner, { [name]: replacement });
}
for (const name of ['openSync', 'renameSync', 'rmSync', 'mkdirSync', 'unlinkSync']) watch(files, name);
for (const name of ['open', 'rename', 'link', 'unlink', 'rm', 'mkdir']) watch(promises, name);
syncBuiltinESMExports();

// After the patch, so that it sees it.
const { main } = await import('../../appliance/cli/main.ts');
const status = await main(['node', 'frostbyte', ...args]);
if (at === '0') process.stderr.write(`changes: ${changes}\n`);
process.exit(status);
