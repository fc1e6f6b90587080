import type { Embedder } from '../models/embedder/port.ts';
import type { RecordStore } from '../stores/record/port.ts';
import type { IndexNumber } from '../stores/record/rows.ts';
import type { VectorStore } from '../stores/vector/port.ts';
import type { DataPlane } from './plane.ts';

/**
 * A tenant's two vector indexes, by number. One is served; the other is empty, or being built beside it by another model
 * (`reindex/`). Which is which, the records know.
 */
export type VectorIndexes = readonly [VectorStore, VectorStore];

type Records = Pick<RecordStore, 'vectorIndex'>;

/**
 * The vectors of what is served. What is removed goes from the other index too, and is looked for there: nothing may come
 * back with it that was erased, or withheld, while it was built.
 */
export function servedVectors(records: Records, indexes: VectorIndexes): VectorStore {
  const served = async () => indexes[(await records.vectorIndex()).served];
  const both = <T>(work: (index: VectorStore) => Promise<T>) => Promise.all(indexes.map(work));
  return {
    upsert: async (points) => (await served()).upsert(points),
    read: async (chunkIds) => (await served()).read(chunkIds),
    search: async (query, options) => (await served()).search(query, options),
    remove: async (chunkIds) => {
      await both((index) => index.remove(chunkIds));
    },
    async removeDocument(docId, keep) {
      const now = await served();
      if (keep !== undefined) return now.removeDocument(docId, keep);
      const removed = await both((index) => index.removeDocument(docId));
      return removed[indexes.indexOf(now)]!;
    },
    clear: async () => {
      await both((index) => index.clear());
    },
    count: async () => (await served()).count(),
    countDocument: async (docId) => sum(await both((index) => index.countDocument(docId))),
    scrub: async () => (await both((index) => index.scrub())).every(Boolean),
    async usage() {
      const each = await both((index) => index.usage());
      return { bytes: sum(each.map(({ bytes }) => bytes)), objects: sum(each.map(({ objects }) => objects)) };
    },
    check: async () => (await served()).check(),
    close: async () => {
      await both((index) => index.close());
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The index that is served at one moment, with the embedder that it was made with. */
export interface ServedIndex {
  number: IndexNumber;
  vectors: VectorStore;
  embedder: Embedder;
}

/** Throws `EMBEDDER_UNAVAILABLE` where the index's model is not there. */
export async function servedIndex({
  records,
  indexes,
  embedder,
}: Pick<DataPlane, 'records' | 'indexes' | 'embedder'>): Promise<ServedIndex> {
  const { served, embed_model } = await records.vectorIndex();
  return { number: served, vectors: indexes[served], embedder: await embedder(embed_model) };
}

/** Times that a search is made anew since another index came to be served. Each needs a whole reindex in between. */
const TRIES = 3;

/**
 * Reads with one index and its embedder, and again where another came to be served meanwhile: what was found then may be
 * half of the one that is being emptied.
 */
export async function whileServed<T>(
  plane: Pick<DataPlane, 'records' | 'indexes' | 'embedder'>,
  read: (index: ServedIndex) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const index = await servedIndex(plane);
    const isLast = async () => tries >= TRIES || (await plane.records.vectorIndex()).served === index.number;
    try {
      const found = await read(index);
      if (await isLast()) return found;
    } catch (error) {
      if (await isLast()) throw error;
    }
  }
}
