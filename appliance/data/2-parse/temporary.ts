import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * Copies a document's plaintext into a file that has no name any more: it is unlinked before the first byte is written,
 * so nothing is left of it whatever dies. Returns the open handle; the caller closes it.
 * Throws `OBJECT_CORRUPTED` where the bytes do not hash to `sha256`.
 */
export async function unlinkedCopy(folder: string, source: Readable, sha256: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, randomUUID());
  const handle = await open(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    // Already gone where the daemon that starts just now clears the folder.
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const hash = createHash('sha256');
    for await (const chunk of source as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await writeAll(handle, chunk);
    }
    if (hash.digest('hex') !== sha256) {
      throw new FrostbyteError(
        'OBJECT_CORRUPTED',
        'The stored file is not what was received; restore it from a backup.',
      );
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}
