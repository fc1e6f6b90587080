import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths } from '../../../kernel/names.ts';

/** What a file is that is written once: how it is called, and what is said where none was made. */
export interface WrittenOnce {
  kind: 'backups' | 'exports';
  none: string;
}

/** Throws `VALIDATION_ERROR` where there is no appliance to write from, or no free place to write to. */
export function refusePlace(dataFolder: string, file: string, { kind, none }: WrittenOnce): void {
  const problem = !existsSync(controlPaths(dataFolder).registry)
    ? `there is no appliance in ${dataFolder}`
    : existsSync(file)
      ? `${file} is there already; ${kind} are never written over`
      : !existsSync(dirname(file))
        ? `there is no folder ${dirname(file)}`
        : null;
  if (problem !== null) throw new FrostbyteError('VALIDATION_ERROR', `${none}: ${problem}.`);
}
