import { isFrostbyteError } from '../../../kernel/errors.ts';
import { DIMENSIONS } from '../vectors.ts';
import { type QdrantAddress, QdrantConnection, type QdrantLimits } from './connection.ts';

/**
 * How a tenant's collection is made (spec 3): 768 dimensions, cosine. Removed vectors leave the server's files when it
 * rewrites a segment; it is told to do so for few of them already, not for a fifth of all, as it would by itself.
 */
export const COLLECTION = Object.freeze({
  vectors: { size: DIMENSIONS, distance: 'Cosine' as const },
  on_disk_payload: true,
  optimizers_config: { deleted_threshold: 0.02, vacuum_min_vector_number: 100 },
});

/** What filters ask for. */
export const PAYLOAD_INDEXES = Object.freeze({
  doc_id: 'keyword',
  classification: 'keyword',
  ingested_at: 'datetime',
} as const);

/** What a point takes, roughly, in bytes: its vector, its payload and its place in the index. */
export const POINT_BYTES = DIMENSIONS * 4 + 512;

/**
 * Removes every copy that the server keeps of a collection. We make none: they hold what was erased since, and whoever has a
 * tenant's token may make them.
 */
export async function forgetSnapshots(connection: QdrantConnection, name: string): Promise<void> {
  const of = { collection_name: name };
  for (const { name: snapshot_name } of await connection.ask((api, init) => api.listSnapshots(of, init)))
    await connection.ask((api, init) => api.deleteSnapshot({ ...of, snapshot_name, wait: true }, init));
}

/** What only the administrator may do; the control plane holds that key. Each verb may be repeated. */
export class QdrantCollections {
  readonly #connection: QdrantConnection;

  constructor(address: QdrantAddress, limits?: QdrantLimits) {
    this.#connection = new QdrantConnection(address, limits);
  }

  /** Makes a collection with its indexes; one that is there stays, and gets the indexes that it lacks. */
  async make(name: string): Promise<void> {
    if (!(await this.exists(name))) {
      try {
        await this.#connection.ask((api, init) => api.createCollection({ collection_name: name, ...COLLECTION }, init));
      } catch (error) {
        // Made by the attempt whose answer was lost.
        if (!isFrostbyteError(error, 'INTERNAL_ERROR') || !(await this.exists(name))) throw error;
      }
    }
    for (const [field_name, field_schema] of Object.entries(PAYLOAD_INDEXES)) {
      await this.#connection.ask((api, init) =>
        api.createFieldIndex({ collection_name: name, wait: true, field_name, field_schema }, init),
      );
    }
  }

  async exists(name: string): Promise<boolean> {
    const { exists } = await this.#connection.ask((api, init) => api.collectionExists({ collection_name: name }, init));
    return exists;
  }

  /** Bytes that a collection takes of the server's disk: its points, reckoned, and copies of it. None where there is none. */
  async held(name: string): Promise<number> {
    if (!(await this.exists(name))) return 0;
    const [{ points_count }, snapshots] = await Promise.all([
      this.#connection.ask((api, init) => api.getCollection({ collection_name: name }, init)),
      this.#connection.ask((api, init) => api.listSnapshots({ collection_name: name }, init)),
    ]);
    return (points_count ?? 0) * POINT_BYTES + snapshots.reduce((sum, { size }) => sum + size, 0);
  }

  /** Removes a collection with all that is in it, and copies of it first; a missing one is no error. */
  async drop(name: string): Promise<void> {
    if (await this.exists(name)) await forgetSnapshots(this.#connection, name);
    await this.#connection.ask((api, init) => api.deleteCollection({ collection_name: name }, init));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
