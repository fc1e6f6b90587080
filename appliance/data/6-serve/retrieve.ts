import type { ChunkExplanation, RetrievalProof, SearchBody } from '../../api/schemas/query.ts';
import type { TenantConfig } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { whileServed } from '../indexes.ts';
import type { DataPlane } from '../plane.ts';
import { K } from './fuse.ts';
import { readMetadataFilter } from './read-metadata-filter.ts';
import { type ScoredChunk, type SearchFilters, searchChunks } from './search.ts';

type Plane = Pick<DataPlane, 'tenant_id' | 'records' | 'indexes' | 'embedder' | 'clock' | 'meter' | 'config'>;

/** Up to here every vector is compared; beyond, sketches choose the candidates (recall ≥ .95, see the vector port). */
export const EXACT_CHUNKS = 20_000;

/** Scores are shown to six decimals: enough to rank, the same on every machine. */
const SCORE_DIGITS = 1e6;

/**
 * Answers a search with its retrieval proof (spec 2 E). The search is in the audit log, with the chunks it returned,
 * before it is answered; the query's text is nowhere in it.
 */
export async function retrieve(plane: Plane, body: SearchBody, actor: string): Promise<RetrievalProof> {
  const started = performance.now();
  const { config } = await plane.config();
  const top_k = body.top_k ?? config.retrieval_top_k_default;
  if (top_k > config.retrieval_top_k_max) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `This tenant answers at most ${config.retrieval_top_k_max} chunks at once.`,
      {
        details: [{ field: 'top_k', value: top_k, constraint: `at most ${config.retrieval_top_k_max}` }],
      },
    );
  }
  if (body.include_generation && !config.generation_enabled) {
    throw new FrostbyteError('VALIDATION_ERROR', 'Generation is off for this tenant.', {
      details: [{ field: 'include_generation', value: true, constraint: 'needs generation_enabled' }],
    });
  }
  const request = {
    query_text: body.query_text,
    top_k,
    filters: filtersOf(body, config),
    approximate: (await plane.records.counts()).chunks > EXACT_CHUNKS,
    ...(config.evidence_threshold === null ? {} : { evidence_threshold: config.evidence_threshold }),
  };
  const { result, model, version } = await whileServed(plane, async ({ vectors, embedder }) => ({
    result: await searchChunks({ records: plane.records, vectors, embedder }, request),
    model: embedder.model,
    version: embedder.version,
  }));
  const query_id = newId();
  const entry = auditEntry(plane.clock, 'RETRIEVAL_EXECUTED', {
    tenant_id: plane.tenant_id,
    actor,
    resource_id: query_id,
    duration_ms: performance.now() - started,
    adds: {
      chunk_count: result.hits.length,
      chunk_ids: result.hits.map(({ chunk }) => chunk.chunk_id),
      doc_ids: [...new Set(result.hits.map(({ chunk }) => chunk.doc_id))],
      embed_model: model,
      evidence: result.evidence,
    },
  });
  await plane.records.appendEntries([entry]);
  plane.meter.retrieval(plane.tenant_id, (performance.now() - started) / 1000, result.hits.length);
  // The index answers, by its own model: vectors of two cannot be compared. Until it is made anew, it says so.
  const wanted = await wantedModel(plane, config);
  const model_version_match = result.model_version_match && (wanted === null || wanted === model);
  if (!model_version_match) plane.meter.retrievalModelMismatch(plane.tenant_id);
  return {
    query_id,
    tenant_id: plane.tenant_id,
    timestamp: entry.event.timestamp,
    model_version_match,
    evidence: result.evidence,
    embed_model: model,
    embed_version: version,
    chunks: result.hits.map((hit) => ({ ...proofChunk(hit), ...(body.explain && { explain: explained(hit) }) })),
    ...(body.explain && {
      explain: {
        text_weight: result.weights.text,
        vector_weight: result.weights.vector,
        rank_constant: K,
        candidates: result.candidates,
      },
    }),
  };
}

/** The model that the tenant's configuration asks for: its pin, else the endpoint's where it is online; null: any. */
async function wantedModel(
  { embedder }: Plane,
  { embedding_model, embedding_mode }: Pick<TenantConfig, 'embedding_model' | 'embedding_mode'>,
): Promise<string | null> {
  if (embedding_model !== null || embedding_mode === 'offline') return embedding_model;
  // Without an endpoint there is none to be had.
  return embedder(null).then(
    ({ model }) => model,
    () => null,
  );
}

function filtersOf(
  { filters = {} }: SearchBody,
  { custom_fields }: Pick<TenantConfig, 'custom_fields'>,
): SearchFilters {
  const { classification, date_range, doc_ids, metadata } = filters;
  return {
    ...(classification ? { classification: [classification].flat() } : {}),
    ...(date_range ? { date_range: wholeDays(date_range) } : {}),
    ...(doc_ids ? { doc_ids } : {}),
    ...(metadata ? { metadata: readMetadataFilter(metadata, custom_fields) } : {}),
  };
}

/** Plain dates cover their whole day, in UTC. */
function wholeDays({ start, end }: { start?: string | undefined; end?: string | undefined }): {
  start?: string;
  end?: string;
} {
  const utc = (value: string, time: string) =>
    new Date(value.length === 10 ? `${value}T${time}Z` : value).toISOString();
  return {
    ...(start ? { start: utc(start, '00:00:00.000') } : {}),
    ...(end ? { end: utc(end, '23:59:59.999') } : {}),
  };
}

function explained({ ranks, similarity_score, rank_score }: ScoredChunk): ChunkExplanation {
  const { vector_rank, text_rank, text_score } = ranks;
  return {
    vector_rank,
    cosine: shown(similarity_score),
    text_rank,
    text_score: text_score === null ? null : shown(text_score),
    fused_score: shown(rank_score),
  };
}

function shown(score: number): number {
  return Math.round(score * SCORE_DIGITS) / SCORE_DIGITS;
}

function proofChunk({ chunk, similarity_score }: ScoredChunk): RetrievalProof['chunks'][number] {
  return {
    chunk_id: chunk.chunk_id,
    doc_id: chunk.doc_id,
    original_filename: chunk.original_filename,
    text: chunk.text,
    page: chunk.page,
    start_char: chunk.start_char,
    end_char: chunk.end_char,
    element_type: chunk.element_type,
    boxes: chunk.boxes as RetrievalProof['chunks'][number]['boxes'],
    path: chunk.path,
    section_title: (chunk.metadata.section_title as string | null | undefined) ?? null,
    similarity_score: shown(similarity_score),
    classification: chunk.classification,
    embed_model: chunk.index.embed_model,
    embed_version: chunk.index.embed_version,
    source_sha256: chunk.raw_sha256,
    canonical_sha256: chunk.canonical_sha256,
    audit: { event_id: chunk.index_event_id, log_index: chunk.log_index },
  };
}
