import { readFileSync } from 'node:fs';
import { checkRole } from './check-role.ts';

/** The health check of a container: asks the role that is its first process. Ends with 0 where it is well. */

const FIRST = 1;
const LONGEST_MS = 10_000;

setTimeout(() => end('it does not answer in time'), LONGEST_MS);
try {
  await checkRole(readFileSync(`/proc/${FIRST}/cmdline`, 'utf8').split('\0'), FIRST);
  process.exit(0);
} catch (error) {
  end((error as Error).message);
}

function end(why: string): never {
  process.stdout.write(`${why}\n`);
  process.exit(1);
}
