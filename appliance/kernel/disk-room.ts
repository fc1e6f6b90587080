import { statfs } from 'node:fs/promises';

const GIB = 1024 ** 3;

/**
 * Bytes that may still be written to the disk of a folder before its reserve is touched: 0 when it is. Without `reserve`
 * that is 1 GiB, or a twentieth of a smaller disk (spec 3, "low disk"). Throws what the file system throws.
 */
export async function diskRoom(folder: string, reserve?: number): Promise<number> {
  const disk = await statfs(folder);
  const kept = reserve ?? Math.min(GIB, (disk.blocks * disk.bsize) / 20);
  return Math.max(0, Math.floor(disk.bavail * disk.bsize - kept));
}
