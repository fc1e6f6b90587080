import { PROGRAM } from '../program.ts';
import { type Ran, runProgram } from '../shipped.ts';

/** `frostbyte serve` on a folder, for a start that is expected to be refused: runs to its end. */
export function runServe(dataFolder: string): Promise<Ran> {
  return runProgram([...PROGRAM, 'serve', '--data', dataFolder], {
    env: { PATH: process.env.PATH ?? '', FROSTBYTE_PORT: '0' },
  });
}
