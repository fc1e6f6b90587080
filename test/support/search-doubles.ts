import { meets } from '../../appliance/data/6-serve/meets-metadata.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';
import type { RecordStore, ServedChunk, TextQuery } from '../../appliance/stores/record/port.ts';
import type { VectorHit, VectorSearch, VectorStore } from '../../appliance/stores/vector/port.ts';

/** A unit vector whose cosine with axis 0 is `score`, and that differs from others in direction `n`. */
export function leaning(score: number, n: number): Float32Array {
  const vector = new Float32Array(768);
  vector[0] = score;
  vector[1 + n] = Math.sqrt(1 - score * score);
  return vector;
}

/** An embedder that turns every question into axis 0, and a question without a letter into the zero vector. */
export function axisEmbedder(model: Partial<Embedder> = {}): Embedder {
  return {
    model: 'axis',
    version: '1',
    dimensions: 768,
    evidenceThreshold: 0.5,
    embedDocuments: async (texts) => texts.map(() => leaning(1, 0)),
    embedQuery: async (text) => (/\p{L}/u.test(text) ? leaning(1, 0) : new Float32Array(768)),
    evidence: (_question, _text, cosine) => Math.max(0, cosine),
    close: async () => {},
    ...model,
  };
}

export interface KnownChunk {
  /** Cosine with the question; null while its vector is not stored. */
  score: number | null;
  /** Place in the full-text ranking, from 1; null where no word matches. */
  text: number | null;
  /** False while a document is being replaced: the vector is there, the row is not. */
  visible?: boolean;
  classification?: string;
  doc_id?: string;
  metadata?: Record<string, unknown>;
  embed_model?: string;
  embed_version?: string;
}

type Searchable = Pick<RecordStore, 'searchText' | 'servedChunks' | 'documentsWith'>;
type Findable = Pick<VectorStore, 'search' | 'read'>;

/**
 * Records and vectors over a table of known chunks, strict about what they are asked: limits must be positive integers,
 * no id is asked for twice, vectors are not asked about a zero question. `asked` counts the calls.
 */
export function searchDoubles(chunks: Readonly<Record<string, KnownChunk>>) {
  const asked = { text: [] as TextQuery[], near: [] as VectorSearch[], served: [] as string[], read: [] as string[] };
  const entries = Object.entries(chunks);
  const strictLimit = (limit: number) => {
    if (!Number.isInteger(limit) || limit < 1) throw new TypeError(`limit ${limit}`);
  };
  const records: Searchable = {
    searchText: async (query) => {
      strictLimit(query.limit);
      asked.text.push(query);
      return entries
        .filter(([, chunk]) => chunk.text !== null && chunk.visible !== false && matches(chunk, query))
        .filter(([, chunk]) => meets(chunk.metadata ?? {}, query.metadata ?? []))
        .sort(([, a], [, b]) => a.text! - b.text!)
        .slice(0, query.limit)
        .map(([chunk_id, chunk]) => ({ chunk_id, score: 100 - chunk.text! }));
    },
    documentsWith: async (metadata, limit) => {
      const meeting = entries.filter(([, chunk]) => meets(chunk.metadata ?? {}, metadata));
      const ids = [...new Set(meeting.map(([, chunk]) => chunk.doc_id ?? 'doc_1'))];
      return ids.length > limit ? null : ids;
    },
    servedChunks: async (ids) => {
      if (new Set(ids).size !== ids.length || ids.some((id) => asked.served.includes(id))) {
        throw new TypeError('a chunk is asked for twice');
      }
      asked.served.push(...ids);
      return ids.filter((id) => chunks[id] && chunks[id].visible !== false).map((id) => served(id, chunks[id]!));
    },
  };
  const vectors: Findable = {
    search: async (query, options): Promise<VectorHit[]> => {
      strictLimit(options.limit);
      if (query[0] !== 1) throw new TypeError('a question without direction');
      asked.near.push(options);
      return entries
        .filter(([, chunk]) => chunk.score !== null && matches(chunk, options.filter ?? {}))
        .map(([chunk_id, chunk]) => ({ chunk_id, doc_id: chunk.doc_id ?? 'doc_1', score: chunk.score! }))
        .sort((a, b) => b.score - a.score || (a.chunk_id < b.chunk_id ? -1 : 1))
        .slice(0, options.limit);
    },
    read: async (ids) => {
      asked.read.push(...ids);
      const stored = ids.filter((id) => chunks[id] && chunks[id].score !== null);
      return new Map(stored.map((id, n) => [id, leaning(chunks[id]!.score!, n)]));
    },
  };
  return { records, vectors, asked };
}

function matches(
  chunk: KnownChunk,
  filter: { classification?: readonly string[]; doc_ids?: readonly string[] },
): boolean {
  if (filter.classification && !filter.classification.includes(chunk.classification ?? 'other')) return false;
  return !filter.doc_ids || filter.doc_ids.includes(chunk.doc_id ?? 'doc_1');
}

function served(chunk_id: string, chunk: KnownChunk): ServedChunk {
  const doc_id = chunk.doc_id ?? 'doc_1';
  const at = '2026-01-01T00:00:00.000Z';
  return {
    chunk_id,
    doc_id,
    position: 0,
    text: chunk_id,
    page: 1,
    start_char: 0,
    end_char: chunk_id.length,
    element_type: 'paragraph',
    boxes: null,
    path: null,
    metadata: { section_title: null, heading_level: null },
    policy: {},
    classification: chunk.classification ?? 'other',
    language: null,
    original_filename: 'a.txt',
    raw_sha256: '0'.repeat(64),
    canonical_sha256: '1'.repeat(64),
    received_at: at,
    indexed_at: at,
    document_metadata: chunk.metadata ?? {},
    index: {
      chunk_id,
      doc_id,
      tenant_id: 'acme',
      embed_model: chunk.embed_model ?? 'axis',
      embed_version: chunk.embed_version ?? '1',
      embed_dimensions: 768,
      vector_sha256: '2'.repeat(64),
      indexed_at: at,
    },
    index_event_id: 'event',
    log_index: 0,
  };
}
