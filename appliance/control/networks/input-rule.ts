import { execFile } from 'node:child_process';

/** The host's input rule, which keeps containers from the host's own addresses (`host/input-rule`). */
export interface InputRule {
  /** Why it is not in force, in a sentence, or null where it is. Never throws, and changes nothing. */
  check(): Promise<string | null>;
}

const LONGEST_MS = 10_000;

/** By the program that the installer applies it with. */
export function inputRule(program: string): InputRule {
  return {
    check: () =>
      new Promise((resolve) => {
        execFile(program, ['check'], { timeout: LONGEST_MS, env: { PATH: PATHS } }, (error, _stdout, stderr) => {
          if (error === null) return resolve(null);
          const said = stderr.trim().split('\n').at(-1);
          resolve(said || `${program} did not answer`);
        });
      }),
  };
}

const PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
