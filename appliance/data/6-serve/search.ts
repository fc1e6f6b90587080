import { cosine } from '../../kernel/cosine.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { assertVectors } from '../../models/embedder/assert.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import type { MetadataCondition, RecordStore, ServedChunk } from '../../stores/record/port.ts';
import type { VectorFilter, VectorStore } from '../../stores/vector/port.ts';
import { EVIDENCE_HITS, type Evidence, evidenceOf } from './evidence.ts';
import { fuseRanks } from './fuse.ts';
import { meets } from './meets-metadata.ts';
import { rankWeights } from './rank-weights.ts';

export interface SearchPorts {
  records: Pick<RecordStore, 'searchText' | 'servedChunks' | 'documentsWith'>;
  vectors: Pick<VectorStore, 'search' | 'read'>;
  embedder: Pick<Embedder, 'embedQuery' | 'evidence' | 'model' | 'version' | 'evidenceThreshold'>;
}

/** The filters of the search route (spec 4). A list that is empty lets nothing through. */
export interface SearchFilters extends VectorFilter {
  /** All of them must hold for the document's metadata. */
  metadata?: readonly MetadataCondition[];
}

export interface SearchRequest {
  query_text: string;
  /** At least 1. */
  top_k: number;
  filters?: SearchFilters;
  /** The tenant's own threshold; the model's calibration by default. */
  evidence_threshold?: number;
  /** Lets the vector store miss a few true neighbours to answer sooner. */
  approximate?: boolean;
}

export interface ScoredChunk {
  chunk: ServedChunk;
  /** Cosine of query and chunk, also where only full text found it; 0 while the chunk's vector is not there. */
  similarity_score: number;
  /** The fused rank score, for the order only: it means nothing outside this answer. */
  rank_score: number;
}

export interface SearchResult {
  /** Best first; fewer than `top_k` only where no more were found. */
  hits: ScoredChunk[];
  evidence: Evidence;
  /** False when a hit was embedded by another model or version than the query. */
  model_version_match: boolean;
}

/** Each side is asked for this many candidates, or twice what is wanted: fusion needs more than the end result. */
const FEWEST_CANDIDATES = 100;
/** Where filters or vanished chunks eat the candidates, both sides are asked again for four times as many, up to here. */
const MOST_CANDIDATES = 6400;
/**
 * Up to so many documents that meet a metadata filter vectors are told by id, so that both sides agree from the start;
 * beyond, the filter lets enough through that the candidates suffice.
 */
const MOST_NAMED = 50_000;

/**
 * Searches a tenant's vectors and full text, fuses the ranks and fetches what the proof shows (spec 2 E). Vectors whose
 * chunk is not visible are passed over. Throws `VALIDATION_ERROR` for a `top_k` below 1, `EMBEDDER_UNAVAILABLE`,
 * `DIMENSION_MISMATCH`, and what the stores throw.
 */
export async function searchChunks(ports: SearchPorts, request: SearchRequest): Promise<SearchResult> {
  if (!Number.isSafeInteger(request.top_k) || request.top_k < 1) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The number of results must be at least 1.', {
      details: [{ field: 'top_k', constraint: 'integer ≥ 1' }],
    });
  }
  const filters = await narrowed(ports, request.filters);
  if (filters.classification?.length === 0 || filters.doc_ids?.length === 0) return resultOf([], ports, request);
  const query = await ports.embedder.embedQuery(request.query_text);
  assertVectors([query], 1);
  const seen = new Map<string, ServedChunk | null>();
  let size = Math.max(FEWEST_CANDIDATES, 2 * request.top_k);
  for (;;) {
    const found = await candidates(ports, { ...request, filters }, query, size);
    const chosen = await visible(ports, { ...request, filters }, found.fused, seen);
    if (chosen.length >= request.top_k || found.exhausted || size >= MOST_CANDIDATES) {
      return resultOf(await scored(ports, query, chosen, found.scores), ports, request);
    }
    size *= 4;
  }
}

/** Filters with a metadata filter as the ids of the documents that meet it, where they are few enough to be named. */
async function narrowed({ records }: SearchPorts, filters: SearchFilters = {}): Promise<SearchFilters> {
  const { metadata = [], ...others } = filters;
  if (metadata.length === 0) return others;
  const named = await records.documentsWith(metadata, MOST_NAMED);
  if (named === null) return filters;
  const allowed = others.doc_ids && new Set(others.doc_ids);
  return { ...others, doc_ids: allowed ? named.filter((id) => allowed.has(id)) : named };
}

interface Candidate {
  id: string;
  score: number;
}

/** Asks both sides for `size` candidates. `exhausted` when neither has more to give. */
async function candidates(
  { records, vectors, embedder }: SearchPorts,
  request: SearchRequest,
  query: Float32Array,
  size: number,
) {
  const { metadata, ...filter } = request.filters ?? {};
  const [words, near] = await Promise.all([
    records.searchText({ ...filter, text: request.query_text, limit: size, ...(metadata && { metadata }) }),
    // A query without a token points nowhere: every chunk would be equally near.
    query.some((number) => number !== 0)
      ? vectors.search(query, { limit: size, filter, approximate: request.approximate ?? false })
      : [],
  ]);
  const weights = rankWeights(embedder.model);
  const fused: Candidate[] = fuseRanks([
    { ids: words.map((hit) => hit.chunk_id), weight: weights.text },
    { ids: near.map((hit) => hit.chunk_id), weight: weights.vector },
  ]);
  const scores = new Map(near.map((hit) => [hit.chunk_id, hit.score]));
  return { fused, scores, exhausted: words.length < size && near.length < size };
}

/** The first `top_k` candidates that may be shown, fetched a page at a time in fused order. */
async function visible(
  { records }: SearchPorts,
  { top_k, filters }: SearchRequest,
  fused: readonly Candidate[],
  seen: Map<string, ServedChunk | null>,
): Promise<{ chunk: ServedChunk; score: number }[]> {
  const chosen: { chunk: ServedChunk; score: number }[] = [];
  const passes = gate(filters);
  for (let at = 0; at < fused.length && chosen.length < top_k; at += top_k) {
    const page = fused.slice(at, at + top_k);
    const unknown = page.map(({ id }) => id).filter((id) => !seen.has(id));
    for (const id of unknown) seen.set(id, null);
    for (const chunk of unknown.length > 0 ? await records.servedChunks(unknown) : []) seen.set(chunk.chunk_id, chunk);
    for (const { id, score } of page) {
      const chunk = seen.get(id);
      if (chunk && passes(chunk)) chosen.push({ chunk, score });
    }
  }
  return chosen.slice(0, top_k);
}

/**
 * Whether a chunk meets the filters as its row is now. Full text has asked the rows already; a vector's payload may be
 * older than the row, and knows no metadata.
 */
function gate({ classification, doc_ids, metadata = [] }: SearchFilters = {}): (chunk: ServedChunk) => boolean {
  const documents = doc_ids && new Set(doc_ids);
  return (chunk) =>
    (!classification || classification.includes(chunk.classification)) &&
    (!documents || documents.has(chunk.doc_id)) &&
    meets(chunk.document_metadata, metadata);
}

async function scored(
  { vectors }: SearchPorts,
  query: Float32Array,
  chosen: readonly { chunk: ServedChunk; score: number }[],
  known: ReadonlyMap<string, number>,
): Promise<ScoredChunk[]> {
  const missing = chosen.map(({ chunk }) => chunk.chunk_id).filter((id) => !known.has(id));
  const stored = missing.length > 0 ? await vectors.read(missing) : new Map<string, Float32Array>();
  return chosen.map(({ chunk, score }) => {
    const vector = stored.get(chunk.chunk_id);
    const similarity = known.get(chunk.chunk_id) ?? (vector ? cosine(query, vector) : 0);
    return { chunk, similarity_score: similarity, rank_score: score };
  });
}

function resultOf(hits: ScoredChunk[], { embedder }: SearchPorts, request: SearchRequest): SearchResult {
  const scores = hits
    .slice(0, EVIDENCE_HITS)
    .map(({ chunk, similarity_score }) => embedder.evidence(request.query_text, chunk.text, similarity_score));
  return {
    hits,
    evidence: evidenceOf(scores, request.evidence_threshold ?? embedder.evidenceThreshold),
    model_version_match: hits.every(
      ({ chunk: { index } }) => index.embed_model === embedder.model && index.embed_version === embedder.version,
    ),
  };
}
