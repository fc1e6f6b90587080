import { execFile } from 'node:child_process';
import { PROGRAM_FOLDERS } from '../../bundle/preflight/host-port.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

export interface RunOptions {
  /** Seconds after which it is ended. */
  seconds?: number;
  signal?: AbortSignal;
  /** Ends that are no failure. */
  accepted?: readonly number[];
}

const USUAL_SECONDS = 60;
const MOST_BYTES = 4 << 20;

/**
 * Runs a program of the host and answers what it said. Nothing of the caller’s surroundings goes with it. Throws
 * `OPERATION_FAILED` with what it complained about.
 */
export function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { seconds = USUAL_SECONDS, signal, accepted = [0] } = options;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      {
        env: {
          PATH: PROGRAM_FOLDERS.join(':'),
          LC_ALL: 'C',
          HOME: '/nonexistent',
          // Packages ask nobody anything.
          DEBIAN_FRONTEND: 'noninteractive',
        },
        cwd: '/',
        timeout: seconds * 1000,
        killSignal: 'SIGKILL',
        maxBuffer: MOST_BYTES,
        ...(signal && { signal }),
      },
      (error, stdout, stderr) => {
        const code = (error as { code?: unknown } | null)?.code;
        if (error === null || (typeof code === 'number' && accepted.includes(code))) return resolve(stdout);
        const said = (stderr.trim() || stdout.trim()).slice(-600);
        const why = typeof code === 'number' ? said : `it is not there, or takes longer than ${seconds} s`;
        reject(
          signal?.aborted
            ? error
            : new FrostbyteError(
                'OPERATION_FAILED',
                `${program} ${args[0] ?? ''} failed: ${why || `exit ${String(code)}`}`,
              ),
        );
      },
    );
  });
}
