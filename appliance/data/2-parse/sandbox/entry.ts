import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runsFromSources } from '../assets.ts';

/** The program that a parser process runs, and all that it may read. */
export interface ChildEntry {
  file: string;
  /** Files and folders, absolute; a `*` at the end stands for any ending. */
  readable: string[];
}

/**
 * The child's entry: the source while we run from sources, `parse-child.mjs` beside us once bundled. A `childEntry` of
 * the caller's own may read itself alone. Only the parser's code and its assets are readable, never a document.
 */
export function childEntry(own: string | undefined, moduleUrl: string = import.meta.url): ChildEntry {
  if (own !== undefined) return { file: own, readable: [own] };
  const here = dirname(fileURLToPath(moduleUrl));
  if (runsFromSources(new URL('../assets.ts', moduleUrl).href)) {
    const root = join(here, '../../../..');
    const readable = ['appliance', 'node_modules', 'package.json'].map((name) => join(root, name));
    return { file: join(root, 'appliance/bin/parse-child.ts'), readable };
  }
  const file = join(here, 'parse-child.mjs');
  // The bundler puts code that several programs share beside them, in files named `shared-…`.
  return { file, readable: [file, join(here, 'shared-*'), join(here, 'assets')] };
}
