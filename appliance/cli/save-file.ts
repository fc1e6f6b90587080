import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { FrostbyteError } from '../kernel/errors.ts';

/**
 * Writes a download to a new file for the owner alone, or to standard output where the file is `-`. A file that is there
 * is never touched; one that did not come whole is removed. Returns how many bytes came.
 */
export async function saveFile(response: Response, file: string): Promise<number> {
  const target = file === '-' ? process.stdout : createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    if (target !== process.stdout) await once(target, 'open');
  } catch (cause) {
    const constraint = `must be a new file (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`;
    throw new FrostbyteError('VALIDATION_ERROR', 'The file cannot be written.', {
      cause,
      details: [{ field: 'out', value: file, constraint }],
    });
  }
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (!target.write(chunk)) await once(target, 'drain');
    }
    if (target === process.stdout) return bytes;
    target.end();
    await finished(target);
    return bytes;
  } catch (error) {
    if (target !== process.stdout) {
      target.destroy();
      await rm(file, { force: true });
    }
    throw error;
  }
}
