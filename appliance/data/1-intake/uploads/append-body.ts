import { randomBytes } from 'node:crypto';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { giveBack } from '../../../kernel/give-back.ts';
import type { ObjectDraft } from '../../../stores/object/port.ts';
import type { UploadRow } from '../../../stores/record/port.ts';
import { segmentKey } from '../../keys.ts';
import { beginWithRoom } from '../draft-with-room.ts';
import type { Checksum } from './checksum.ts';
import { expiryFrom, type UploadLimits, type UploadPlane } from './limits.ts';
import { mergeSmall } from './merge-small.ts';

/** How often the segments of an upload are counted, in segments. */
const COUNT_EVERY = 16;

/**
 * Appends a body to an upload, in segments: each is sealed, synced and only then recorded, so that what was acknowledged
 * survives a kill and a power cut. A body that just ends has all of what came kept, whether it was whole or not. With a
 * checksum all of the body is kept or nothing: it is one segment, recorded when it was proven.
 *
 * Answers the upload as it then stands. Throws `INVALID_STATE_TRANSITION` when the upload moved or went meanwhile, what
 * the checksum throws, what `content` throws (the segment at work is then forgotten), or what the stores throw. Chunks
 * are used up: their memory is given back. Memory: that of a draft.
 */
export async function appendBody(
  plane: UploadPlane,
  upload: UploadRow,
  content: AsyncIterable<Buffer>,
  checksum: Checksum | null,
  limits: UploadLimits,
): Promise<UploadRow> {
  const writer = new SegmentWriter(plane, upload, limits);
  try {
    for await (const chunk of content) {
      checksum?.update(chunk);
      await writer.write(chunk);
      if (checksum === null && writer.isFull()) await writer.cut();
    }
    checksum?.verify();
    await writer.cut();
    return writer.upload;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

class SegmentWriter {
  readonly #plane: UploadPlane;
  readonly #limits: UploadLimits;
  #upload: UploadRow;
  #draft: ObjectDraft | null = null;
  #bytes = 0;
  #began = 0;

  constructor(plane: UploadPlane, upload: UploadRow, limits: UploadLimits) {
    this.#plane = plane;
    this.#limits = limits;
    this.#upload = upload;
  }

  get upload(): UploadRow {
    return this.#upload;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#draft === null) {
      this.#draft = await beginWithRoom(this.#plane.objects);
      this.#began = performance.now();
    }
    // Before the draft has it: it may give the chunk's memory back at once.
    this.#bytes += chunk.length;
    await this.#draft.write(chunk, giveBack);
  }

  isFull(): boolean {
    const { segmentBytes, segmentMs } = this.#limits;
    return this.#bytes >= segmentBytes || performance.now() - this.#began >= segmentMs;
  }

  /** Makes what was written durable and records it. Nothing to do where nothing was written. */
  async cut(): Promise<void> {
    if (this.#draft === null || this.#bytes === 0) return this.abandon();
    const { tenant_id, objects, records, clock } = this.#plane;
    const { upload_id, received: start } = this.#upload;
    const object_key = segmentKey(tenant_id, upload_id, start, randomBytes(8).toString('hex'));
    await this.#draft.commit(object_key);
    this.#draft = null;
    const times = { at: clock.iso(), expires_at: expiryFrom(this.#plane, this.#limits) };
    const moved = await records.extendUpload(upload_id, { start, bytes: this.#bytes, object_key }, times);
    this.#bytes = 0;
    if (moved === null) {
      await objects.delete(object_key);
      throw new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        'The upload was deleted or went on elsewhere in the meantime. Ask for its offset (HEAD) and go on from there.',
      );
    }
    this.#upload = moved;
    // A finished one may be read from now on: its objects stay as they are.
    if (moved.state === 'open' && moved.pieces % COUNT_EVERY === 0)
      await mergeSmall(this.#plane, upload_id, this.#limits);
  }

  async abandon(): Promise<void> {
    await this.#draft?.abort();
    this.#draft = null;
  }
}
