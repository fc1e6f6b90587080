import { FrostbyteError } from '../../kernel/errors.ts';
import { pointId } from '../../kernel/ids.ts';
import type { VectorHit, VectorPoint, VectorSearch, VectorStore } from './port.ts';
import { COLLECTION, forgetSnapshots, POINT_BYTES } from './qdrant/collection.ts';
import { type QdrantAddress, type QdrantApi, QdrantConnection, type QdrantLimits } from './qdrant/connection.ts';
import { type Payload, toFilter, toPoint, toVector } from './qdrant/points.ts';
import { checkVector, DIMENSIONS } from './vectors.ts';

export interface QdrantVectorOptions extends QdrantLimits {
  address: QdrantAddress;
  /** The tenant's collection; its token opens no other. */
  collection: string;
}

type Send<T> = (
  api: QdrantApi,
  init: RequestInit,
  collection: { collection_name: string },
) => Promise<{ data: { result?: T } }>;

/** Points a request: about 4 MB of JSON, of the 32 MB that the server takes. */
const BATCH = 256;
/** Ids a request where no vectors go with them. */
const PAGE = 1000;
/** Hits beyond the limit that are asked for, since the server leaves the order of equal scores to chance. */
const TIES = 16;
/** An approximate search follows this many candidates, or so many for each hit asked for. */
const CANDIDATES = 256;
const CANDIDATES_PER_HIT = 4;

/**
 * The vector index of one tenant in a Qdrant collection (spec 2 D, spec 3). Point ids are UUIDs made of chunk ids, the
 * chunk id lies in the payload. Every write waits until it is applied. All points of a call are checked before the first
 * is sent; they are sent in batches, and should the server fail between two of them, the call fails and is to be
 * repeated. Throws `STORE_UNAVAILABLE`, `DISK_FULL`, `ISOLATION_VIOLATED`, `DIMENSION_MISMATCH`.
 */
export function openQdrantVectors(options: QdrantVectorOptions): VectorStore {
  return new QdrantVectors(new QdrantConnection(options.address, options), options.collection);
}

class QdrantVectors implements VectorStore {
  readonly #connection: QdrantConnection;
  readonly #collection: string;

  constructor(connection: QdrantConnection, collection: string) {
    this.#connection = connection;
    this.#collection = collection;
  }

  async upsert(points: readonly VectorPoint[]): Promise<void> {
    // The last of several points with one id counts.
    const ready = [...new Map(points.map((point) => [point.chunk_id, toPoint(point)])).values()];
    for (const some of batches(ready, BATCH))
      await this.#ask((api, init, collection) => api.upsertPoints({ ...collection, wait: true, points: some }, init));
  }

  async read(chunkIds: readonly string[]): Promise<Map<string, Float32Array>> {
    const found = new Map<string, Float32Array>();
    for (const some of batches([...new Set(chunkIds)], BATCH)) {
      const records = await this.#connection.askPlain<{ payload: unknown; vector: unknown }[]>(
        `/collections/${encodeURIComponent(this.#collection)}/points`,
        { ids: some.map(pointId), with_payload: ['chunk_id', 'bits'], with_vector: true },
      );
      for (const { payload, vector } of records) {
        const own = payload as unknown as Payload;
        found.set(own.chunk_id, toVector(vector, own));
      }
    }
    return found;
  }

  async search(query: Float32Array, options: VectorSearch): Promise<VectorHit[]> {
    checkVector(query);
    const filter = toFilter(options.filter);
    if (!(options.limit >= 1) || filter === null) return [];
    const limit = Math.floor(options.limit);
    const params = options.approximate
      ? { hnsw_ef: Math.max(CANDIDATES, limit * CANDIDATES_PER_HIT) }
      : { exact: true };
    const wish = { query: Array.from(query), filter, params, with_payload: ['chunk_id', 'doc_id'] };
    for (let asked = limit + TIES; ; asked *= 4) {
      const { points } = await this.#ask((api, init, collection) =>
        api.queryPoints({ ...collection, ...wish, limit: asked }, init),
      );
      // Which of equal scores the server cut off is known only when it gave all of them.
      if (points.length === asked && points.at(-1)!.score === points[limit - 1]!.score) continue;
      const hits = points.map(({ payload, score }) => {
        const { chunk_id, doc_id } = payload as unknown as Payload;
        return { chunk_id, doc_id, score: Math.max(-1, Math.min(1, score)) };
      });
      return hits.sort((a, b) => b.score - a.score || (a.chunk_id < b.chunk_id ? -1 : 1)).slice(0, limit);
    }
  }

  async remove(chunkIds: readonly string[]): Promise<void> {
    for (const some of batches([...new Set(chunkIds)], PAGE)) await this.#delete({ points: some.map(pointId) });
  }

  async removeDocument(docId: string, keep: ReadonlySet<string> = new Set()): Promise<string[]> {
    const removed = (await this.#chunksOf(docId)).filter((id) => !keep.has(id));
    if (removed.length === 0) return [];
    if (keep.size === 0) await this.#delete({ filter: ofDocument(docId) });
    else await this.remove(removed);
    return removed;
  }

  async clear(): Promise<void> {
    for (;;) {
      const page = await this.#ask((api, init, collection) =>
        api.scrollPoints({ ...collection, limit: PAGE, with_payload: ['chunk_id'], with_vector: false }, init),
      );
      const ids = page.points.map(({ payload }) => (payload as unknown as Payload).chunk_id);
      if (ids.length === 0) return;
      await this.remove(ids);
    }
  }

  async count(): Promise<number> {
    return this.#count({});
  }

  async countDocument(docId: string): Promise<number> {
    return this.#count({ filter: ofDocument(docId) });
  }

  /**
   * True once the server has applied every change and rewrites no segment: no search, scroll or snapshot knows a removed
   * vector then. Its bytes go with the next rewriting of their segment, which `COLLECTION` makes come soon; until then the
   * encryption of the host's disk stands before them (spec 3). Copies that somebody made of the collection go.
   */
  async scrub(): Promise<boolean> {
    await forgetSnapshots(this.#connection, this.#collection);
    const { status, update_queue } = await this.#info();
    return status === 'green' && (update_queue?.length ?? 0) === 0;
  }

  /** The server tells a tenant no sizes: reckoned from the number of points. */
  async usage(): Promise<{ bytes: number; objects: number }> {
    const objects = await this.count();
    return { bytes: objects * POINT_BYTES, objects };
  }

  async check(): Promise<void> {
    const { status, config } = await this.#info({ anyway: true });
    const { size, distance } = (config.params.vectors ?? {}) as { size?: unknown; distance?: unknown };
    if (size !== COLLECTION.vectors.size || distance !== COLLECTION.vectors.distance)
      throw new FrostbyteError(
        'STORE_UNAVAILABLE',
        `The tenant’s collection was not made for ${DIMENSIONS} dimensions and cosine.`,
      );
    if (status === 'red') throw new FrostbyteError('STORE_UNAVAILABLE', 'The tenant’s collection is damaged.');
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #ask<T>(send: Send<T>, how?: { anyway: boolean }): Promise<T> {
    return this.#connection.ask((api, init) => send(api, init, { collection_name: this.#collection }), how);
  }

  #info(how?: { anyway: boolean }) {
    return this.#ask((api, init, collection) => api.getCollection(collection, init), how);
  }

  async #delete(which: { points: string[] } | { filter: object }): Promise<void> {
    await this.#ask((api, init, collection) => api.deletePoints({ ...collection, wait: true, ...which }, init));
  }

  async #count(which: { filter?: object }): Promise<number> {
    const { count } = await this.#ask((api, init, collection) =>
      api.countPoints({ ...collection, exact: true, ...which }, init),
    );
    return count;
  }

  /** The chunk ids of a document, page by page. */
  async #chunksOf(docId: string): Promise<string[]> {
    const ids: string[] = [];
    let offset: string | number | null | undefined;
    do {
      const page = await this.#ask((api, init, collection) =>
        api.scrollPoints(
          {
            ...collection,
            ...{ filter: ofDocument(docId), limit: PAGE, with_payload: ['chunk_id'], with_vector: false },
            ...(offset == null ? {} : { offset }),
          },
          init,
        ),
      );
      for (const { payload } of page.points) ids.push((payload as unknown as Payload).chunk_id);
      offset = page.next_page_offset as string | number | null | undefined;
    } while (offset != null);
    return ids.sort();
  }
}

function ofDocument(docId: string): { must: object[] } {
  return { must: [{ key: 'doc_id', match: { value: docId } }] };
}

function* batches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
