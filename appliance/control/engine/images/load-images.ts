import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Blob, BroughtImage, ImageStore, OpenBlob } from './port.ts';
import { fileHeader, filePadding, TAR_ENDS } from './tar-stream.ts';

export interface LoadOptions {
  /** Bytes of blobs that were read, of all that have to be. */
  progress?: (done: number, total: number) => void;
}

export interface Loaded {
  reference: string;
  /** What was done: nothing, where the engine had it; `named`, where it had it under the name of an earlier release. */
  how: 'there' | 'named' | 'loaded';
  /** Bytes of its blobs that were sent. */
  sent: number;
}

type Layer = BroughtImage['layers'][number];

/**
 * Makes the engine have these images under their names, and no others: what is there is not sent again, a layer that the
 * classic store knows is left out, every blob is held against its digest while it goes by. Each image that was loaded is
 * held against its id, and a container can be made of it. Throws `OBJECT_CORRUPTED` for a blob that is another than its
 * name says, and `SERVICE_UNAVAILABLE`. O(bytes that are missing); one piece in memory.
 */
export async function loadImages(
  store: ImageStore,
  images: readonly BroughtImage[],
  open: OpenBlob,
  { progress }: LoadOptions = {},
): Promise<Loaded[]> {
  const { kind, plans, named, isThere, idOf } = await planFor(store, images);
  for (const image of named) await store.name(idOf(image), image.reference);
  const total = plans.reduce((sum, { layers }) => sum + layers.reduce((bytes, { size }) => bytes + size, 0), 0);
  let done = 0;
  const sent = new Map<string, number>();
  for (const { image, layers } of plans) {
    const before = done;
    const read = (bytes: number) => {
      done += bytes;
      progress?.(done, total);
    };
    const reader = new BlobReader(open, read);
    await store.load(kind === 'classic' ? classicTar(image, layers, reader) : ociTar(image, reader));
    if (!(await isThere(image))) {
      const id = await store.idOf(image.reference);
      const what =
        id === idOf(image) ? 'cannot make a container of it' : `has ${id} under that name, not ${idOf(image)}`;
      throw new FrostbyteError('SERVICE_UNAVAILABLE', `The container engine took ${image.reference} and ${what}.`, {
        kind: 'never',
      });
    }
    sent.set(image.reference, done - before);
  }
  const renamed = new Set(named.map(({ reference }) => reference));
  return images.map(({ reference }) => ({
    reference,
    how: sent.has(reference) ? 'loaded' : renamed.has(reference) ? 'named' : 'there',
    sent: sent.get(reference) ?? 0,
  }));
}

/** The digests of those blobs that `loadImages` would read, as the engine is now: all others may be away. */
export async function blobsToSend(store: ImageStore, images: readonly BroughtImage[]): Promise<Set<string>> {
  const { plans } = await planFor(store, images);
  const blobs = plans.flatMap(({ image, layers }) => [image.config, image.manifest, ...layers]);
  return new Set(blobs.map(({ digest }) => digest));
}

/** Which images the engine lacks, and of those which layers. */
async function planFor(store: ImageStore, images: readonly BroughtImage[]) {
  const kind = await store.kind();
  const idOf = ({ config, manifest }: BroughtImage) => (kind === 'classic' ? config.digest : manifest.digest);
  const isThere = async (image: BroughtImage) =>
    (await store.idOf(image.reference)) === idOf(image) && (await store.canMake(image.reference));
  const missing: BroughtImage[] = [];
  /** There under another name: that of an earlier release. */
  const named: BroughtImage[] = [];
  for (const image of images) {
    if (await isThere(image)) continue;
    const id = idOf(image);
    if ((await store.idOf(id)) === id && (await store.canMake(id))) named.push(image);
    else missing.push(image);
  }
  const known = new Chains(kind === 'classic' && missing.length > 0 ? await store.layers() : []);
  const plans = missing.map((image) => ({
    image,
    layers: kind === 'classic' ? known.unknown(image) : [...image.layers],
  }));
  return { kind, plans, named, isThere, idOf };
}

/** Layers that the classic store holds: one is known only on top of those that it lay upon. */
class Chains {
  readonly #known = new Set<string>();

  constructor(images: readonly string[][]) {
    for (const layers of images) this.#add(layers);
  }

  /** The layers that have to be sent; from then on they count as known. */
  unknown({ layers }: BroughtImage): Layer[] {
    const chain = layers.map(({ diff_id }) => diff_id);
    const from = layers.findIndex((_, at) => !this.#known.has(chain.slice(0, at + 1).join()));
    this.#add(chain);
    return from === -1 ? [] : layers.slice(from);
  }

  #add(chain: readonly string[]): void {
    for (let length = 1; length <= chain.length; length++) this.#known.add(chain.slice(0, length).join());
  }
}

/** What `docker load` takes: the list comes last, so that a tar that broke off names no image. */
async function* classicTar(
  image: BroughtImage,
  layers: readonly Layer[],
  reader: BlobReader,
): AsyncIterable<Uint8Array> {
  for (const layer of layers) {
    const size = layer.unpack?.unpacked ?? layer.size;
    yield fileHeader(layerPath(layer), size);
    yield* layer.unpack === null
      ? reader.read(layer)
      : exactly(size, layer.digest, unpacked(layer.digest, reader.read(layer)));
    yield filePadding(size);
  }
  yield* file(`${hex(image.config)}.json`, await reader.whole(image.config));
  const list = {
    Config: `${hex(image.config)}.json`,
    RepoTags: [image.reference],
    Layers: image.layers.map(layerPath),
  };
  yield* file('manifest.json', Buffer.from(JSON.stringify([list])));
  yield TAR_ENDS;
}

/** An OCI layout with this image alone, whole: containerd's store takes no other. */
async function* ociTar(image: BroughtImage, reader: BlobReader): AsyncIterable<Uint8Array> {
  for (const layer of image.layers) {
    yield fileHeader(blobPath(layer), layer.size);
    yield* reader.read(layer);
    yield filePadding(layer.size);
  }
  for (const blob of [image.config, image.manifest]) yield* file(blobPath(blob), await reader.whole(blob));
  yield* file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  const { digest, size, media_type: mediaType } = image.manifest;
  const annotations = {
    'io.containerd.image.name': image.reference,
    'org.opencontainers.image.ref.name': image.reference.split(':').at(-1),
  };
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, annotations }] };
  yield* file('index.json', Buffer.from(JSON.stringify(index)));
  yield TAR_ENDS;
}

/** Reads blobs and holds each against its digest: what is another ends the tar that it goes into. */
class BlobReader {
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
async function* unpacked(digest: string, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const packed = Readable.from(pieces, { objectMode: false, highWaterMark: 1 << 20 });
  const unpacking = createZstdDecompress({ chunkSize: 1 << 20 });
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
async function* exactly(size: number, digest: string, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let left = size;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0) break;
    yield piece;
  }
  if (left !== 0) throw corrupted(digest);
}

function* file(path: string, bytes: Buffer): Iterable<Uint8Array> {
  yield fileHeader(path, bytes.length);
  yield bytes;
  yield filePadding(bytes.length);
}

const hex = ({ digest }: Blob): string => digest.replace('sha256:', '');
const blobPath = (blob: Blob): string => `blobs/sha256/${hex(blob)}`;
/** By what it unpacks to: two ways of packing are one layer. */
const layerPath = ({ diff_id }: Layer): string => `${diff_id.replace('sha256:', '')}.tar`;

function corrupted(digest: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The blob ${digest} of an image is not what its name says. Verify the bundle again, and copy it again where it fails.`,
    { cause, details: [{ field: 'blob', value: digest, constraint: 'bytes of this hash' }] },
  );
}
