import { createHash } from 'node:crypto';
import { Readable, type TransformOptions } from 'node:stream';
import { createZstdDecompress, type ZstdOptions } from 'node:zlib';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Blob, OpenBlob } from './port.ts';

/** Bytes unpacked before the engine takes them: it unpacks and writes on one core while the other goes on here. */
const AHEAD = 8 << 20;

/** Reads blobs and holds each against its digest: what is another ends the tar that it goes into. */
export class BlobReader {
  readonly #open: OpenBlob;
  readonly #seen: (bytes: number) => void;

  constructor(open: OpenBlob, seen: (bytes: number) => void) {
    this.#open = open;
    this.#seen = seen;
  }

  async *read(blob: Blob, seen = this.#seen): AsyncIterable<Uint8Array> {
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of this.#open(blob.digest)) {
      hash.update(piece);
      size += piece.length;
      if (size > blob.size) break;
      seen(piece.length);
      yield piece;
    }
    if (size !== blob.size || `sha256:${hash.digest('hex')}` !== blob.digest) throw corrupted(blob.digest);
  }

  /** A small one. */
  async whole(blob: Blob): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(blob, () => undefined)) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}

/** Unpacks on the way; throws `OBJECT_CORRUPTED` for what cannot be unpacked. */
export async function* unpacked(digest: string, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const packed = Readable.from(pieces, { objectMode: false, highWaterMark: 1 << 20 });
  // A stream's own option, which the types of this one leave out.
  const options: ZstdOptions & TransformOptions = { chunkSize: 1 << 20, readableHighWaterMark: AHEAD };
  const unpacking = createZstdDecompress(options);
  packed.on('error', (error) => unpacking.destroy(error));
  try {
    yield* packed.pipe(unpacking) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw error instanceof FrostbyteError ? error : corrupted(digest, error);
  } finally {
    packed.destroy();
  }
}

/** The tar's header promised so many. */
export async function* exactly(
  size: number,
  digest: string,
  pieces: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let left = size;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0) break;
    yield piece;
  }
  if (left !== 0) throw corrupted(digest);
}

function corrupted(digest: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The blob ${digest} of an image is not what its name says. Verify the bundle again, and copy it again where it fails.`,
    { cause, details: [{ field: 'blob', value: digest, constraint: 'bytes of this hash' }] },
  );
}
