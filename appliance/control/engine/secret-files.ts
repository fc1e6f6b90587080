import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { needMemoryFolder } from '../../kernel/memory-folder.ts';

/**
 * Writes what is secret into a file that a container finds: on memory, mode 0400 unless another is said, for the one user
 * that reads it there. Whole or not at all. Others may pass through its folder, and not look around in it. Throws `CONFIG_INVALID` where the
 * folder is no memory, and `SERVICE_UNAVAILABLE` where it cannot be written.
 */
export async function writeSecretFile(path: string, content: string, uid: number, mode = 0o400): Promise<void> {
  const folder = dirname(path);
  const beside = `${path}.${newId().slice(-6)}`;
  try {
    // Whatever the umask is, and only what is made here: the folder above may be the host's.
    if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o711);
    await needMemoryFolder(folder, 'and secrets for containers are only written to memory');
    writeFileSync(beside, content, { mode, flag: 'wx' });
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
