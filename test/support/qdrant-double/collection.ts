import { createHash } from 'node:crypto';
import { refuse, unknown } from './answer.ts';
import { type Fields, fieldsOf, malformed, textOf } from './body.ts';
import { normalised, printed } from './float32.ts';
import { compareIds, type PointId } from './point-id.ts';

export const PEER = 3218565923792900;

export interface Point {
  id: PointId;
  /** Null in a collection without vectors. */
  vector: Float32Array | null;
  payload: Fields;
  version: number;
}

export interface Snapshot {
  name: string;
  creation_time: string;
  size: number;
  checksum: string;
}

type Vectors = { size: number; distance: 'Cosine' | 'Dot' } | null;

/** What a collection may be made with beside its vectors; kept and given back, without effect in memory. */
const SETTINGS = ['on_disk_payload', 'optimizers_config', 'hnsw_config', 'quantization_config', 'replication_factor'];
const INDEX_TYPES = ['keyword', 'integer', 'float', 'bool', 'datetime', 'text', 'uuid'];

/** One collection in memory. Every change takes the next number, as in the server's log. */
export class Collection {
  readonly name: string;
  readonly vectors: Vectors;
  readonly points = new Map<PointId, Point>();
  readonly indexes = new Map<string, string>();
  readonly snapshots = new Map<string, { about: Snapshot; bytes: Buffer }>();
  readonly settings: Fields;
  #operation = 0;

  constructor(name: string, vectors: Vectors, settings: Fields) {
    this.name = name;
    this.vectors = vectors;
    this.settings = settings;
  }

  /** Reads the body of a creation. */
  static from(name: string, body: unknown): Collection {
    const { vectors, ...settings } = fieldsOf(body, 'CreateCollection', ['vectors', ...SETTINGS]);
    return new Collection(name, readVectors(vectors), settings);
  }

  /** The next operation's number. */
  next(by = 1): number {
    this.#operation += by;
    return this.#operation;
  }

  /** Changes settings; answers nothing. */
  alter(body: unknown): void {
    Object.assign(this.settings, fieldsOf(body, 'UpdateCollection', SETTINGS));
  }

  addIndex(body: unknown): number {
    const { field_name, field_schema } = fieldsOf(body, 'CreateFieldIndex', ['field_name', 'field_schema']);
    const type = typeof field_schema === 'object' ? (field_schema as Fields | null)?.type : field_schema;
    if (!INDEX_TYPES.includes(type as string))
      malformed('data did not match any variant of untagged enum PayloadFieldSchema');
    this.indexes.set(textOf(field_name, 'field_name'), type as string);
    // The server drops an index that may be there, then makes it: two operations.
    return this.next(2);
  }

  dropIndex(field: string): number {
    this.indexes.delete(field);
    return this.next();
  }

  sorted(): Point[] {
    return [...this.points.values()].sort((a, b) => compareIds(a.id, b.id));
  }

  /** A vector as the collection keeps it. Refuses one of another length. */
  kept(vector: Float32Array | null): Float32Array | null {
    if (this.vectors === null) {
      if (vector !== null) refuse(400, 'Wrong input: Not existing vector name error: ');
      return null;
    }
    if (vector === null) unknown('points without a vector in a collection with vectors');
    if (vector.length !== this.vectors.size)
      refuse(400, `Wrong input: Vector dimension error: expected dim: ${this.vectors.size}, got ${vector.length}`);
    return this.vectors.distance === 'Cosine' ? normalised(vector) : vector;
  }

  info(): unknown {
    const { on_disk_payload = true, quantization_config = null } = this.settings;
    const with_ = (field: string) => [...this.points.values()].filter(({ payload }) => payload[field] !== undefined);
    return {
      status: 'green',
      optimizer_status: 'ok',
      indexed_vectors_count: 0,
      points_count: this.points.size,
      segments_count: 2,
      config: {
        params: {
          vectors: this.vectors ?? {},
          shard_number: 1,
          replication_factor: 1,
          write_consistency_factor: 1,
          on_disk_payload,
        },
        hnsw_config: {
          ...{ m: 16, ef_construct: 100, full_scan_threshold: 10000, max_indexing_threads: 0, on_disk: false },
          ...(this.settings.hnsw_config as Fields | undefined),
        },
        optimizer_config: {
          ...{ deleted_threshold: 0.2, vacuum_min_vector_number: 1000, default_segment_number: 2 },
          ...{ max_segment_size: null, memmap_threshold: null, indexing_threshold: 10000, flush_interval_sec: 5 },
          ...{ max_optimization_threads: null, prevent_unoptimized: null },
          ...(this.settings.optimizers_config as Fields | undefined),
        },
        wal_config: { wal_capacity_mb: 32, wal_segments_ahead: 0, wal_retain_closed: 1 },
        quantization_config,
      },
      payload_schema: Object.fromEntries(
        [...this.indexes].map(([field, data_type]) => [field, { data_type, points: with_(field).length }]),
      ),
      update_queue: { length: 0 },
    };
  }

  /** `at`: milliseconds since the epoch, which its name holds. */
  takeSnapshot(at: number): Snapshot {
    const points = this.sorted().map((point) => ({ ...point, vector: point.vector && printed(point.vector) }));
    const content = { vectors: this.vectors, settings: this.settings, indexes: [...this.indexes], points };
    const bytes = Buffer.from(JSON.stringify(content));
    const creation_time = new Date(at).toISOString().slice(0, 19);
    const about = {
      name: `${this.name}-${PEER}-${creation_time.replace('T', '-').replaceAll(':', '-')}.snapshot`,
      creation_time,
      size: bytes.length,
      checksum: createHash('sha256').update(bytes).digest('hex'),
    };
    this.snapshots.set(about.name, { about, bytes });
    return about;
  }

  /** The collection that a snapshot's bytes hold, under a name of the caller's. */
  static restored(name: string, bytes: Buffer): Collection {
    let content: { vectors: Vectors; settings: Fields; indexes: [string, string][]; points: Point[] };
    try {
      content = JSON.parse(bytes.toString()) as typeof content;
    } catch {
      refuse(400, 'Bad request: Failed to open snapshot archive');
    }
    const collection = new Collection(name, content.vectors, content.settings);
    for (const [field, type] of content.indexes) collection.indexes.set(field, type);
    for (const point of content.points)
      collection.points.set(point.id, { ...point, vector: point.vector && Float32Array.from(point.vector) });
    return collection;
  }
}

function readVectors(value: unknown): Vectors {
  if (value === undefined || value === null) return null;
  const { size, distance, ...more } = value as Fields;
  if (Object.keys(value as Fields).length === 0) return null;
  if (Object.keys(more).some((name) => name !== 'on_disk')) unknown('named vectors, or settings of vectors');
  const fits = typeof size === 'number' && Number.isInteger(size) && size > 0;
  if (!fits || !['Cosine', 'Dot', 'Euclid', 'Manhattan'].includes(distance as string))
    malformed('data did not match any variant of untagged enum VectorsConfig');
  if (distance !== 'Cosine' && distance !== 'Dot') unknown(`the distance ${String(distance)}`);
  return { size, distance };
}
