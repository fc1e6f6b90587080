import type { FileHandle } from 'node:fs/promises';
import type { BatchReceipt } from '../../api/receipts.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { Arrival } from '../1-intake/arrival.ts';
import type { IntakePlane } from '../1-intake/receive-batch.ts';
import { lackOfRoom } from '../1-intake/refusals.ts';
import { closeFile, openPlain, readSome } from './handles.ts';
import type { Located } from './locate.ts';
import type { Announcement } from './look.ts';

/** Who submits what lies in the inbox, in receipts and events. */
export const INBOX_SUBJECT = 'inbox';

const CHUNK = 1 << 20;

/** Something moved between the look and the take: the batch is looked at again. */
export class BatchMoved extends Error {
  override readonly name = 'BatchMoved';
}

/**
 * Takes a complete batch in: every file is read once, from a handle on the very file that was looked at, through the same
 * checks as an upload; what is hashed is what is kept. All of it becomes durable in one transaction, and a batch that was
 * taken before answers its receipt without reading a file, so that this may be killed and repeated at any moment.
 *
 * Throws what intake throws, `BatchMoved`, the system's own errors about a file, and `TENANT_SUSPENDED` once `halted`
 * says so. Of a batch that was not taken nothing is kept.
 */
export async function takeBatch(
  plane: IntakePlane,
  folder: FileHandle,
  { bytes, manifest }: Announcement,
  places: ReadonlyMap<string, Located>,
  halted: () => boolean,
): Promise<BatchReceipt> {
  const arrival = new Arrival(plane, INBOX_SUBJECT, await plane.config());
  try {
    await lackOfRoom(plane.objects.check());
    const known = await arrival.manifest(bytes);
    if (known !== null) return known;
    for (const { file_id } of manifest.files) {
      if (!arrival.needs(file_id)) continue;
      const located = places.get(file_id);
      if (located === undefined) throw new BatchMoved();
      const content = contentOf(folder, located, halted);
      await lackOfRoom(arrival.file({ name: file_id, filename: null, content }));
    }
    return await lackOfRoom(arrival.whole());
  } catch (error) {
    await arrival.abandon();
    throw error;
  }
}

/**
 * The bytes of a file, at most one more than it had when it was looked at: one that is written to without end is told by
 * its checksum and not read without end. Chunks belong to the reader.
 */
async function* contentOf(
  folder: FileHandle,
  { name, place: seen }: Located,
  halted: () => boolean,
): AsyncGenerator<Buffer> {
  const { file, place } = await openPlain(folder, name);
  try {
    if (place.print !== seen.print) throw new BatchMoved();
    for (let left = place.size + 1; left > 0; ) {
      if (halted()) throw new FrostbyteError('TENANT_SUSPENDED', 'The tenant was suspended; its inbox rests.');
      const wanted = Math.min(CHUNK, left);
      const buffer = Buffer.allocUnsafeSlow(wanted);
      const bytesRead = await readSome(file, buffer);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield bytesRead === wanted ? buffer : buffer.subarray(0, bytesRead);
    }
  } finally {
    await closeFile(file);
  }
}
