import { lstat, readdir } from 'node:fs/promises';
import { errno } from './disk-errors.ts';
import { entry, type Folders } from './folders.ts';
import { prefixFolders } from './key.ts';
import { OBJECT_PREFIXES } from './port.ts';

/**
 * Files whose key starts with `prefix`, in byte order of the key. Links and other entries that are no files are left
 * out. Streams folder by folder: memory O(entries of one folder and its parents), time O(files under the prefix).
 */
export async function* listFiles(folders: Folders, prefix: string): AsyncIterable<{ key: string; size: number }> {
  yield* walk(folders, prefixFolders(prefix), prefix);
}

async function* walk(folders: Folders, path: string[], prefix: string): AsyncIterable<{ key: string; size: number }> {
  const folder = await folders.openFolder(path);
  if (folder === null) return;
  try {
    const found = await readdir(entry(folder, ''), { withFileTypes: true });
    // A folder sorts as its keys do: with the slash that follows its name.
    const names = found
      .filter((item) => item.isFile() || item.isDirectory())
      .map((item) => ({
        name: item.name,
        folder: item.isDirectory(),
        order: item.name + (item.isDirectory() ? '/' : ''),
      }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    for (const item of names) {
      if (path.length === 0 && !(OBJECT_PREFIXES as readonly string[]).includes(item.name)) continue;
      const here = [...path, item.name];
      const key = here.join('/');
      if (item.folder) {
        if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) yield* walk(folders, here, prefix);
      } else if (key.startsWith(prefix)) {
        const size = await fileSize(entry(folder, item.name));
        if (size !== null) yield { key, size };
      }
    }
  } finally {
    await folder.close();
  }
}

/** Null for what was deleted since the folder was read. */
async function fileSize(path: string): Promise<number | null> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (errno(error) === 'ENOENT') return null;
    throw error;
  }
}
