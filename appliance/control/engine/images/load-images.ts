import { FrostbyteError } from '../../../kernel/errors.ts';
import { BlobReader } from './blob-reader.ts';
import { classicTar, type ImageTar, ociTar } from './image-tar.ts';
import { overlapping, type Turn } from './overlapping.ts';
import type { BroughtImage, ImageStore, OpenBlob } from './port.ts';

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
 * classic store knows is left out, every blob is held against its digest while it goes by. While the engine unpacks an image
 * the next is on its way, which is named only then: it may lie on layers of the one before. Each image that was loaded is
 * held against its id, and a container can be made of it. Throws `OBJECT_CORRUPTED` for a blob that is another than its name
 * says, and `SERVICE_UNAVAILABLE`; what was loaded before that is there, and is not sent again. O(bytes that are missing); a
 * piece or two in memory.
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
  const sent = new Map(plans.map(({ image }) => [image.reference, 0]));
  await overlapping(plans, async ({ image, layers }, turn) => {
    const { reference } = image;
    const reader = new BlobReader(open, (bytes) => {
      turn.check();
      done += bytes;
      sent.set(reference, sent.get(reference)! + bytes);
      progress?.(done, total);
    });
    const tar = kind === 'classic' ? classicTar(image, layers, reader) : ociTar(image, reader);
    await store.load(inTurn(tar, turn));
    turn.taken();
    if (await isThere(image)) return;
    const id = await store.idOf(reference);
    const what = id === idOf(image) ? 'cannot make a container of it' : `has ${id} under that name, not ${idOf(image)}`;
    throw new FrostbyteError('SERVICE_UNAVAILABLE', `The container engine took ${reference} and ${what}.`, {
      kind: 'never',
    });
  });
  const renamed = new Set(named.map(({ reference }) => reference));
  return images.map(({ reference }) => ({
    reference,
    how: sent.has(reference) ? 'loaded' : renamed.has(reference) ? 'named' : 'there',
    sent: sent.get(reference) ?? 0,
  }));
}

/** A tar whose image is named once the one before was taken. */
async function* inTurn(tar: ImageTar, turn: Turn): AsyncIterable<Uint8Array> {
  yield* tar.layers();
  await turn.before;
  yield* tar.names();
  turn.sent();
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
  // The smallest first: nothing is being unpacked while that is on its way.
  missing.sort((one, other) => unpackedSize(one) - unpackedSize(other));
  const known = new Chains(kind === 'classic' && missing.length > 0 ? await store.layers() : []);
  const plans = missing.map((image) => ({
    image,
    layers: kind === 'classic' ? known.unknown(image) : [...image.layers],
  }));
  return { kind, plans, named, isThere, idOf };
}

const unpackedSize = ({ layers }: BroughtImage): number =>
  layers.reduce((sum, { size, unpack }) => sum + (unpack?.unpacked ?? size), 0);

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
