import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What lies in folders that others write to meanwhile: what goes away between two looks is not there. */

/**
 * Every file below `folder` that holds one of these byte strings, as `path: which of them`. Reads all of them whole; a
 * file that goes away meanwhile holds nothing.
 */
export function filesHolding(folder: string, needles: Readonly<Record<string, string | Uint8Array>>): string[] {
  return filesIn([folder]).flatMap((path) => {
    const bytes = bytesOf(path);
    return Object.entries(needles)
      .filter(([, needle]) => bytes.includes(Buffer.from(needle as string)))
      .map(([name]) => `${path.slice(folder.length + 1)}: ${name}`);
  });
}

/** Every file below `folder`, by its path there. */
export function filesBelow(folder: string): string[] {
  return filesIn([folder]).map((path) => path.slice(folder.length + 1));
}

/** Every file below some folders, by its path. A folder that is not there at all is an error. */
export function filesIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => below(folder, listed(folder)));
}

function below(folder: string, entries: ReturnType<typeof listed>): string[] {
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return [path];
    const inside = () => listed(path);
    return entry.isDirectory() ? below(path, gone(inside, [])) : [];
  });
}

function listed(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

/** A file's bytes; none of one that went away since it was listed, as a server's own passing files do. */
export function bytesOf(path: string): Buffer {
  return gone(() => readFileSync(path), Buffer.alloc(0));
}

function gone<T>(look: () => T, nothing: T): T {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
    throw error;
  }
}
