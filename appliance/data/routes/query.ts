import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { SearchBody } from '../../api/schemas/query.ts';
import { auditEntry } from '../../audit/entry.ts';
import type { DocumentState } from '../../kernel/pipeline.ts';
import type { ServedChunk } from '../../stores/record/port.ts';
import type { DocumentRow, IndexRecord } from '../../stores/record/rows.ts';
import { retrieve } from '../6-serve/retrieve.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import type { DataPlane } from '../plane.ts';
import { answer, found } from './answer.ts';

const MODEL_WARNING =
  'The index, or a part of it, was made by another embedding model or version than is wanted now: frostbyte tenant reindex makes it anew';

/** Routes under `/query` (spec 2 E, 4). Every look at content is in the audit log before it is answered. */
export const QUERY_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async search({ plane, body, caller }) {
    const proof = await retrieve(plane, body as SearchBody, caller.subject);
    const headers: Record<string, string> = proof.model_version_match
      ? {}
      : { warning: `299 frostbyte "${MODEL_WARNING}"` };
    return answer(proof, { headers });
  },

  async listDocuments({ plane, query, caller }) {
    const page = query as unknown as PageQuery & { state?: DocumentState; batch_id?: string };
    const { state, batch_id } = page;
    const { rows, total } = await plane.records.documents({
      ...placeOf(page),
      ...(state ? { state } : {}),
      ...(batch_id ? { batch_id } : {}),
    });
    // A tenant's own people list their documents all day; somebody from outside who sees the names has looked.
    if (caller.role === 'admin') await recordListing(plane, caller.subject, rows);
    return answer(
      rows.map((row) => summary(plane.tenant_id, row)),
      { meta: listMeta(total, page, { state, batch_id }, cursorOf(rows, page.limit, 'doc_id')) },
    );
  },

  async document(context) {
    const { plane, params, query } = context;
    const { page, limit } = query as { page: number; limit: number };
    const document = found(await plane.records.document(params.doc_id!), 'document');
    const chunks = await plane.records.documentChunks(document.doc_id, { limit, offset: (page - 1) * limit });
    await recordRead(context, document.doc_id, { what: 'document' });
    return answer({
      ...summary(plane.tenant_id, document),
      review: document.review ?? null,
      chunks: chunks.map(chunkBody),
      lineage: lineage(document),
    });
  },

  async chunk(context) {
    const { plane, params } = context;
    const [chunk] = await plane.records.servedChunks([params.chunk_id!]);
    const served = found(chunk ?? null, 'chunk');
    const document = found(await plane.records.document(served.doc_id), 'document');
    await recordRead(context, served.doc_id, { what: 'chunk', chunk_id: served.chunk_id });
    return answer({ ...chunkBody(served), lineage: { ...lineage(document), ...vectorLineage(served.index) } });
  },
};

/** Puts a look at content into the log; to be called before anything of it is answered. */
export async function recordRead(
  { plane, caller }: DataRequest,
  docId: string,
  adds: Record<string, unknown>,
): Promise<void> {
  const about = { tenant_id: plane.tenant_id, actor: caller.subject, resource_id: docId };
  await plane.records.appendEntries([
    auditEntry(plane.clock, 'CONTENT_READ', { ...about, adds: { ...adds, doc_ids: [docId] } }),
  ]);
}

async function recordListing(plane: DataPlane, actor: string, rows: readonly DocumentRow[]): Promise<void> {
  await plane.records.appendEntries([
    auditEntry(plane.clock, 'CONTENT_READ', {
      tenant_id: plane.tenant_id,
      actor,
      resource_type: 'tenant',
      resource_id: plane.tenant_id,
      adds: { what: 'documents', doc_ids: rows.map(({ doc_id }) => doc_id) },
    }),
  ]);
}

function summary(tenant_id: string, row: DocumentRow) {
  return {
    doc_id: row.doc_id,
    tenant_id,
    original_filename: row.original_filename,
    mime_type: row.mime_type,
    size_bytes: row.size_bytes,
    state: row.state,
    quarantine_reason: row.quarantine_reason,
    classification: row.classification,
    classification_confidence: row.classification_confidence,
    metadata: row.metadata,
    received_at: row.received_at,
    retention_until: row.retention_until,
    parsed_at: row.parsed_at,
    indexed_at: row.indexed_at,
    page_count: row.page_count,
    chunk_count: row.chunk_count,
  };
}

/** What a version of a document was made by, as its lineage says it. */
export interface Versions {
  stage1_parser_version?: string;
  stage2_parser_version?: string;
  parser_versions?: Record<string, string | number>;
  policy_version?: string | null;
  text_language?: string | null;
}

/** Of the version that is served, where one is: a run at work may be further, and its hashes belong to no chunk yet. */
function lineage(row: DocumentRow) {
  const { parsing, policy } = row.findings as { parsing?: { lineage?: Versions }; policy?: Versions };
  const version = row.served ?? row;
  const versions: Versions = row.served?.lineage ?? { ...parsing?.lineage, ...policy };
  return {
    raw_sha256: row.raw_sha256,
    canonical_sha256: version.canonical_sha256,
    stage1_parser_version: versions.stage1_parser_version ?? null,
    stage2_parser_version: versions.stage2_parser_version ?? null,
    parser_versions: versions.parser_versions ?? {},
    config_version: version.config_version,
    policy_version: versions.policy_version ?? null,
    text_language: versions.text_language ?? null,
    embed_model: version.embed_model,
    embed_version: version.embed_version,
    index_event_id: row.index_event_id,
  };
}

function vectorLineage({ vector_sha256, embed_dimensions, indexed_at }: IndexRecord) {
  return { vector_sha256, embed_dimensions, indexed_at };
}

function chunkBody(chunk: ServedChunk) {
  return {
    chunk_id: chunk.chunk_id,
    doc_id: chunk.doc_id,
    text: chunk.text,
    page: chunk.page,
    start_char: chunk.start_char,
    end_char: chunk.end_char,
    element_type: chunk.element_type,
    boxes: chunk.boxes,
    path: chunk.path,
    metadata: { ...chunk.metadata, ...chunk.policy },
  };
}
