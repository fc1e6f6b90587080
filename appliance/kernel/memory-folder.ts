import { statfs } from 'node:fs/promises';

/** File systems that are memory: tmpfs and ramfs, by their magic numbers. */
const MEMORY: readonly number[] = [0x0102_1994, 0x8584_58f6];

/** Whether what is written into a folder stays in memory and goes with it. Throws where there is no such folder. */
export async function isOnMemory(folder: string): Promise<boolean> {
  return MEMORY.includes((await statfs(folder)).type);
}
