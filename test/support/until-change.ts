import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CHILD = join(import.meta.dirname, 'killed-cli.ts');
const run = promisify(execFile);

/**
 * Runs the command line until the change of a file below `folder` with this number, or to its end where it is 0; answers whether
 * it was killed, and how many changes there were.
 */
export async function untilChange(
  at: number,
  folder: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ killed: boolean; changes: number }> {
  try {
    const { stderr } = await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', CHILD, String(at), folder, ...args],
      { env: { PATH: process.env.PATH ?? '', ...environment } },
    );
    return { killed: false, changes: Number(/changes: (\d+)/.exec(stderr)?.[1] ?? 0) };
  } catch (error) {
    const { signal, stderr } = error as { signal?: string; stderr: string };
    assert.equal(signal, 'SIGKILL', stderr);
    return { killed: true, changes: at };
  }
}
