import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../../fixtures/power-cut.c');

/** Compiles what stops a file system as a power cut does: the program takes the folder where it is mounted. */
export function compilePowerCut(program: string): void {
  execFileSync('gcc', ['-O1', '-o', program, SOURCE]);
}
