import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Bytes read at once. */
const CHUNK = 1 << 20;

/** Lower-case hex SHA-256 of a file as it lies on the disk. O(bytes), one piece in memory. Throws the system's errors. */
export async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: CHUNK })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
