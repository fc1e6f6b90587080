/** Programs of others that are compiled here, by the list of their pinned modules (`scripts/go-programs.txt`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GoModule {
  path: string;
  version: string;
}

/** The module that a program is compiled from. Throws for one that is not on the list. */
export function pinnedModule(name: string): GoModule {
  for (const line of readFileSync(join(import.meta.dirname, 'go-programs.txt'), 'utf8').split('\n')) {
    const [program, path, version] = line.split(/\s+/);
    if (program === name && path !== undefined && version !== undefined) return { path, version };
  }
  throw new Error(`scripts/go-programs.txt has no ${name}`);
}
