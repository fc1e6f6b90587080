import { type BlobReader, exactly, unpacked } from './blob-reader.ts';
import type { Blob, BroughtImage } from './port.ts';
import { fileHeader, filePadding, TAR_ENDS } from './tar-stream.ts';

/** An image as a store takes it, in two pieces of one tar. */
export interface ImageTar {
  /** Its layers. */
  layers(): AsyncIterable<Uint8Array>;
  /** What makes an image of them, and the end. It comes last, so that a tar that broke off names no image. */
  names(): AsyncIterable<Uint8Array>;
}

/** What `docker load` takes, with these layers: the store knows all others. */
export function classicTar(
  image: BroughtImage,
  layers: readonly BroughtImage['layers'][number][],
  reader: BlobReader,
): ImageTar {
  return {
    async *layers() {
      for (const layer of layers) {
        const size = layer.unpack?.unpacked ?? layer.size;
        yield fileHeader(layerPath(layer), size);
        yield* layer.unpack === null
          ? reader.read(layer)
          : exactly(size, layer.digest, unpacked(layer.digest, reader.read(layer)));
        yield filePadding(size);
      }
    },
    async *names() {
      const config = `${hex(image.config)}.json`;
      yield* file(config, await reader.whole(image.config));
      const list = { Config: config, RepoTags: [image.reference], Layers: image.layers.map(layerPath) };
      yield* file('manifest.json', Buffer.from(JSON.stringify([list])));
      yield TAR_ENDS;
    },
  };
}

/** An OCI layout with this image alone, whole: containerd's store takes no other. */
export function ociTar(image: BroughtImage, reader: BlobReader): ImageTar {
  return {
    async *layers() {
      for (const layer of image.layers) {
        yield fileHeader(blobPath(layer), layer.size);
        yield* reader.read(layer);
        yield filePadding(layer.size);
      }
    },
    async *names() {
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
    },
  };
}

function* file(path: string, bytes: Buffer): Iterable<Uint8Array> {
  yield fileHeader(path, bytes.length);
  yield bytes;
  yield filePadding(bytes.length);
}

const hex = ({ digest }: Blob): string => digest.replace('sha256:', '');
const blobPath = (blob: Blob): string => `blobs/sha256/${hex(blob)}`;
/** By what it unpacks to: two ways of packing are one layer. */
const layerPath = ({ diff_id }: BroughtImage['layers'][number]): string => `${diff_id.replace('sha256:', '')}.tar`;
