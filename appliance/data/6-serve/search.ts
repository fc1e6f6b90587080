import { cosine } from '../../kernel/cosine.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { assertVectors } from '../../models/embedder/assert.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import type { MetadataCondition, RecordStore, ServedChunk } from '../../stores/record/port.ts';
import type { VectorFilter, VectorStore } from '../../stores/vector/port.ts';
import { EVIDENCE_HITS, type Evidence, evidenceOf } from './evidence.ts';
import { type Fused, fuseRanks } from './fuse.ts';
import { meets } from './meets-metadata.ts';
import { type RankWeights, rankWeights } from './rank-weights.ts';

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
  /** How full text and vectors share the ranking; the model's own, as measured, by default. */
  weights?: RankWeights;
}

/** How a hit came to its place. Ranks are from 1, among the candidates of a side; null where it is not among them. */
export interface HitRanks {
  vector_rank: number | null;
  text_rank: number | null;
  /** Of full text: BM25, larger for better, comparable within this answer alone. */
  text_score: number | null;
}

export interface ScoredChunk {
  chunk: ServedChunk;
  /** Cosine of query and chunk, also where only full text found it; 0 while the chunk's vector is not there. */
  similarity_score: number;
  /** The fused rank score, for the order only: it means nothing outside this answer. */
  rank_score: number;
  ranks: HitRanks;
}

export interface SearchResult {
  /** Best first; fewer than `top_k` only where no more were found. */
  hits: ScoredChunk[];
  evidence: Evidence;
  /** False when a hit was embedded by another model or version than the query. */
  model_version_match: boolean;
  weights: RankWeights;
  /** How many candidates each side was asked for at last; 0 where none was. */
  candidates: number;
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
  const weights = request.weights ?? rankWeights(ports.embedder.model);
  const answer = (hits: ScoredChunk[], asked: number) => ({
    ...resultOf(hits, ports, request),
    weights,
    candidates: asked,
  });
  if (filters.classification?.length === 0 || filters.doc_ids?.length === 0) return answer([], 0);
  const query = await ports.embedder.embedQuery(request.query_text);
  assertVectors([query], 1);
  const seen = new Map<string, ServedChunk | null>();
  let size = Math.max(FEWEST_CANDIDATES, 2 * request.top_k);
  for (;;) {
    const found = await candidates(ports, { ...request, filters, weights }, query, size);
    const chosen = await visible(ports, { ...request, filters }, found.fused, seen);
    if (chosen.length >= request.top_k || found.exhausted || size >= MOST_CANDIDATES) {
      return answer(await scored(ports, query, chosen, found), size);
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

interface Found {
  fused: Fused[];
  /** The score that each side gave, by chunk. */
  cosines: ReadonlyMap<string, number>;
  texts: ReadonlyMap<string, number>;
  exhausted: boolean;
}

/** Asks both sides for `size` candidates. `exhausted` when neither has more to give. */
async function candidates(
  { records, vectors }: SearchPorts,
  request: SearchRequest & { weights: RankWeights },
  query: Float32Array,
  size: number,
): Promise<Found> {
  const { metadata, ...filter } = request.filters ?? {};
  const [words, near] = await Promise.all([
    records.searchText({ ...filter, text: request.query_text, limit: size, ...(metadata && { metadata }) }),
    // A query without a token points nowhere: every chunk would be equally near.
    query.some((number) => number !== 0)
      ? vectors.search(query, { limit: size, filter, approximate: request.approximate ?? false })
      : [],
  ]);
  const { weights } = request;
  return {
    fused: fuseRanks([
      { ids: words.map((hit) => hit.chunk_id), weight: weights.text },
      { ids: near.map((hit) => hit.chunk_id), weight: weights.vector },
    ]),
    cosines: new Map(near.map((hit) => [hit.chunk_id, hit.score])),
    texts: new Map(words.map((hit) => [hit.chunk_id, hit.score])),
    exhausted: words.length < size && near.length < size,
  };
}

interface Chosen {
  chunk: ServedChunk;
  candidate: Fused;
}

/** The first `top_k` candidates that may be shown, fetched a page at a time in fused order. */
async function visible(
  { records }: SearchPorts,
  { top_k, filters }: SearchRequest,
  fused: readonly Fused[],
  seen: Map<string, ServedChunk | null>,
): Promise<Chosen[]> {
  const chosen: Chosen[] = [];
  const passes = gate(filters);
  for (let at = 0; at < fused.length && chosen.length < top_k; at += top_k) {
    const page = fused.slice(at, at + top_k);
    const unknown = page.map(({ id }) => id).filter((id) => !seen.has(id));
    for (const id of unknown) seen.set(id, null);
    for (const chunk of unknown.length > 0 ? await records.servedChunks(unknown) : []) seen.set(chunk.chunk_id, chunk);
    for (const candidate of page) {
      const chunk = seen.get(candidate.id);
      if (chunk && passes(chunk)) chosen.push({ chunk, candidate });
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
  chosen: readonly Chosen[],
  { cosines, texts }: Found,
): Promise<ScoredChunk[]> {
  const missing = chosen.map(({ chunk }) => chunk.chunk_id).filter((id) => !cosines.has(id));
  const stored = missing.length > 0 ? await vectors.read(missing) : new Map<string, Float32Array>();
  return chosen.map(({ chunk, candidate: { id, score, places } }) => {
    const vector = stored.get(id);
    const similarity = cosines.get(id) ?? (vector ? cosine(query, vector) : 0);
    const [text_rank = null, vector_rank = null] = places;
    const ranks = { vector_rank, text_rank, text_score: texts.get(id) ?? null };
    return { chunk, similarity_score: similarity, rank_score: score, ranks };
  });
}

function resultOf(
  hits: ScoredChunk[],
  { embedder }: SearchPorts,
  request: SearchRequest,
): Pick<SearchResult, 'hits' | 'evidence' | 'model_version_match'> {
  const scores = hits
    .slice(0, EVIDENCE_HITS)
    .map(({ chunk, similarity_score }) =>
      embedder.evidence(request.query_text, chunk.text, similarity_score, chunk.language),
    );
  return {
    hits,
    evidence: evidenceOf(scores, request.evidence_threshold ?? embedder.evidenceThreshold),
    model_version_match: hits.every(
      ({ chunk: { index } }) => index.embed_model === embedder.model && index.embed_version === embedder.version,
    ),
  };
}
