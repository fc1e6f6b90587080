import { execFile } from 'node:child_process';
import { PROGRAM_FOLDERS } from '../../../../bundle/preflight/host-port.ts';
import { FrostbyteError } from '../../../../kernel/errors.ts';
import { entryOf, NODE_FLAGS } from '../../../entry.ts';
import type { ProbeAnswer, ProbeTry } from '../probe-tries.ts';

/** How long an answer is waited for; on one host it is there at once. */
const PATIENCE_MS = 1500;
const LONGEST_MS = 30_000;
const MOST_BYTES = 16 << 20;

/**
 * Tries all of it from the network of a process, or from this host's own (null), by our own runtime: containers have no
 * program that could. Throws `OPERATION_FAILED` where it could not be tried.
 */
export async function probeFrom(pid: number | null, tries: readonly ProbeTry[]): Promise<ProbeAnswer[]> {
  if (tries.length === 0) return [];
  const asked = JSON.stringify({ tries, patience_ms: PATIENCE_MS });
  const words = [process.execPath, ...NODE_FLAGS, entryOf('network-probe'), asked];
  const [program, ...args] = pid === null ? words : ['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...words];
  const said = await new Promise<string>((resolve, reject) => {
    const options = {
      env: { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C', HOME: '/nonexistent' },
      cwd: '/',
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL' as const,
      maxBuffer: MOST_BYTES,
    };
    execFile(program!, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const why = stderr.trim().split('\n').at(-1)?.slice(0, 200) || error.message.slice(0, 200);
      reject(new FrostbyteError('OPERATION_FAILED', `A probe could not be run in a container’s network: ${why}`));
    });
  });
  return JSON.parse(said) as ProbeAnswer[];
}
