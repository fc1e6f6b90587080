import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { FrostbyteError } from '../kernel/errors.ts';

/**
 * Writes a download to a new file for the owner alone, or to standard output where the file is `-`. A file that is there
 * is never touched; one that did not come whole is removed. Returns how many bytes came.
 */
export async function saveFile(response: Response, file: string): Promise<number> {
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  };
  if (file === '-') {
    await pipeline(counted, process.stdout, { end: false });
    return bytes;
  }
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  await once(target, 'open').catch((cause: NodeJS.ErrnoException) => {
    throw new FrostbyteError('VALIDATION_ERROR', 'The file cannot be written.', {
      cause,
      details: [{ field: 'out', value: file, constraint: `must be a new file (${cause.code ?? 'unknown reason'})` }],
    });
  });
  try {
    await pipeline(counted, target);
    return bytes;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}
