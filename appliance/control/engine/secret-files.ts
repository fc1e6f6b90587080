import { chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';

/** File systems that are memory: tmpfs and ramfs, by their magic numbers. */
const MEMORY: readonly number[] = [0x0102_1994, 0x8584_58f6];

/**
 * Writes what is secret into a file that a container finds: on memory, mode 0400, for the one user that reads it there.
 * Whole or not at all. Others may pass through its folder, and not look around in it. Throws `CONFIG_INVALID` where the
 * folder is no memory, and `SERVICE_UNAVAILABLE` where it cannot be written.
 */
export async function writeSecretFile(path: string, content: string, uid: number): Promise<void> {
  const folder = dirname(path);
  const beside = `${path}.${newId().slice(-6)}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    await onMemory(folder);
    writeFileSync(beside, content, { mode: 0o400, flag: 'wx' });
    chownSync(beside, uid, uid);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    if (cause instanceof FrostbyteError) throw cause;
    throw new FrostbyteError('SERVICE_UNAVAILABLE', `A secret of a container cannot be written below ${folder}.`, {
      cause,
    });
  }
}

/** Throws `CONFIG_INVALID` for a folder on a disk: what is secret would stay there. */
async function onMemory(folder: string): Promise<void> {
  if (MEMORY.includes((await statfs(folder)).type)) return;
  throw new FrostbyteError(
    'CONFIG_INVALID',
    `The folder ${folder} lies on a disk, and secrets for containers are only written to memory. Name a folder on a tmpfs, such as one below /run, in processes.run_folder.`,
  );
}
