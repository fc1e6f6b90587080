import { statfs } from 'node:fs/promises';
import { FrostbyteError } from './errors.ts';

/** File systems that are memory: tmpfs and ramfs, by their magic numbers. */
const MEMORY: readonly number[] = [0x0102_1994, 0x8584_58f6];

/**
 * Makes sure that what is written into a folder stays in memory and goes with it. `because` ends the sentence "lies on a
 * disk, …". Throws `CONFIG_INVALID` for a folder on a disk, naming the setting; there has to be a folder.
 */
export async function needMemoryFolder(folder: string, because: string): Promise<void> {
  if (MEMORY.includes((await statfs(folder)).type)) return;
  throw new FrostbyteError(
    'CONFIG_INVALID',
    `The folder ${folder} lies on a disk, ${because}. Name a folder on a tmpfs, such as one below /run, in processes.run_folder.`,
  );
}
