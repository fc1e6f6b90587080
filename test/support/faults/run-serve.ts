import { join } from 'node:path';
import { type Ran, ROOT, runProgram } from '../shipped.ts';

/** `frostbyte serve` on a folder, for a start that is expected to be refused: runs to its end. */
export function runServe(dataFolder: string): Promise<Ran> {
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'appliance/bin/cli.ts')];
  return runProgram([...words, 'serve', '--data', dataFolder], {
    env: { PATH: process.env.PATH ?? '', FROSTBYTE_PORT: '0' },
  });
}
