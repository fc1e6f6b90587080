/**
 * The vector index of one tenant: 768 dimensions, cosine. Vectors are L2-normalised by the caller, so the score is the
 * dot product. Upsert by id: twice is the same as once.
 */
export interface VectorStore {
  /** Stores all points or none. Throws `DIMENSION_MISMATCH` where a vector has not 768 finite numbers. */
  upsert(points: readonly VectorPoint[]): Promise<void>;
  /** The stored vectors of these chunks, bit for bit; missing ones are left out. */
  read(chunkIds: readonly string[]): Promise<Map<string, Float32Array>>;
  /**
   * The nearest points, best first, ties by chunk id. `approximate` may miss true neighbours but must reach recall
   * ≥ .95 at the same limit; exact otherwise. Exact: O(points).
   */
  search(query: Float32Array, options: VectorSearch): Promise<VectorHit[]>;
  /** Removes points by chunk id; missing ones are no error. */
  remove(chunkIds: readonly string[]): Promise<void>;
  /** Removes a document's points, but those in `keep`. Returns the removed chunk ids. */
  removeDocument(docId: string, keep?: ReadonlySet<string>): Promise<string[]>;
  /** Removes every point, and gives the room back where the store can. Repeating it is harmless. O(points). */
  clear(): Promise<void>;
  count(): Promise<number>;
  /** How many points a document has. */
  countDocument(docId: string): Promise<number>;
  /** Sees to it that no removed vector remains in any file. False while a reader holds it back: ask again. */
  scrub(): Promise<boolean>;
  usage(): Promise<{ bytes: number; objects: number }>;
  /** Throws `STORE_UNAVAILABLE` where the index cannot answer now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface VectorPoint {
  chunk_id: string;
  doc_id: string;
  vector: Float32Array;
  classification: string;
  page: number;
  /** UTC ISO 8601 with milliseconds. */
  ingested_at: string;
}

export interface VectorFilter {
  classification?: readonly string[];
  /** Inclusive bounds on `ingested_at`. */
  date_range?: { start?: string; end?: string };
  doc_ids?: readonly string[];
}

export interface VectorSearch {
  limit: number;
  filter?: VectorFilter;
  approximate?: boolean;
}

export interface VectorHit {
  chunk_id: string;
  doc_id: string;
  /** Cosine similarity, -1…1. */
  score: number;
}
