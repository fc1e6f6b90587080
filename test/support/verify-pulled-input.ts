/**
 * Verifies a bundle that comes by its standard input, as the command does, and ends the process that is named with the first
 * bytes that it has read: what a stick says that is pulled out. Prints the code of the refusal. ANCHOR TARGET PID
 */
import { readFileSync } from 'node:fs';
import { standardInput } from '../../appliance/bundle/verify/standard-input.ts';
import { verifyStream } from '../../appliance/bundle/verify/verify-stream.ts';

const [anchor, target, pid] = process.argv.slice(2) as [string, string, string];
let isPulled = false;
try {
  await verifyStream(standardInput(), {
    anchor: { allowed_signers: readFileSync(anchor, 'utf8') },
    at: Date.now(),
    host: { arch: 'amd64', counter: 0, not_before: 0, allow_older: false },
    target,
    progress: () => {
      if (!isPulled) process.kill(Number(pid), 'SIGKILL');
      isPulled = true;
    },
  });
  console.log('taken');
} catch (error) {
  console.log((error as { code?: string }).code ?? String(error));
}
