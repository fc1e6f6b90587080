import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a file system counts blocks in, whatever its own are. */
const BLOCK = 512;

/**
 * Bytes of the disk that lie below a folder, whoever put them there: of each file what it takes, not how long it says that
 * it is. No link is followed. What is gone when it is looked at weighs nothing, and neither does a folder that is not
 * there. O(what lies there), a folder's names a few at a time.
 */
export async function folderWeight(folder: string): Promise<number> {
  let bytes = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const inside = await orGone(() => opendir(next as string));
    if (inside === null) continue;
    for await (const { name } of inside) {
      const path = join(next, name);
      const found = await orGone(() => lstat(path));
      if (found === null) continue;
      bytes += found.blocks * BLOCK;
      if (found.isDirectory()) waiting.push(path);
    }
  }
  return bytes;
}

async function orGone<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
