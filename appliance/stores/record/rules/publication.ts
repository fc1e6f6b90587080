import type { Publication, VectorIndex } from '../port.ts';
import type { DocumentRow, PublishedVersion } from '../rows.ts';
import { patched, stagesAt, versionOf } from './document-steps.ts';
import { ownRow, refused } from './own-row.ts';

/** Throws for a publication that is not whole in itself. O(chunks). */
export function checkPublication(store: { readonly tenantId: string }, publication: Publication): void {
  const { job, chunks, index_records, entries, index_event_id } = publication;
  if (job.stage !== 'index') throw refused('Only the index stage publishes.');
  if (!entries.some(({ event }) => event.event_id === index_event_id)) {
    throw refused('A publication names an event that it does not bring.');
  }
  const recorded = new Set(index_records.map(({ chunk_id }) => chunk_id));
  if (recorded.size !== chunks.length || !chunks.every(({ chunk_id }) => recorded.has(chunk_id))) {
    throw refused('A publication needs one index record for each chunk.');
  }
  if (new Set(chunks.map(({ chunk_id }) => chunk_id)).size !== chunks.length) {
    throw refused('A publication holds a chunk twice.');
  }
  // Pages of a document's chunks are found by position.
  if (chunks.some(({ position }, at) => position !== at)) throw refused('A publication has its chunks in order.');
  if (chunks.some(({ doc_id }) => doc_id !== job.doc_id)) {
    throw refused('A publication holds a chunk of another document.');
  }
  for (const record of index_records) ownRow(store, record.tenant_id);
}

/**
 * Whether the vectors of a publication lie in the index that is served, and are of its model: a reindex may have served
 * another one since they were made.
 */
export function fitsIndex(
  { vector_index, index_records }: Publication,
  { served, embed_model }: Pick<VectorIndex, 'served' | 'embed_model'>,
): boolean {
  if (vector_index === undefined) return true;
  const made = index_records[0]?.embed_model ?? embed_model;
  return vector_index === served && (embed_model === null || made === embed_model);
}

/** The document with the version that a publication makes visible. */
export function published(row: DocumentRow, { patch, lineage = {}, index_event_id, at }: Publication): DocumentRow {
  const made = patched(row, patch);
  return {
    ...made,
    served: versionOf(made, lineage),
    state: 'indexed',
    stages: stagesAt(row, 'index', 'completed'),
    error: null,
    indexed_at: at,
    index_event_id,
  };
}

/** What is remembered of the version that a publication made visible. */
export function versionRow({ doc_id, served }: DocumentRow, published_at: string): PublishedVersion {
  if (served === null) throw refused('A version that is not served is none that was.');
  const { run, canonical_sha256, enriched_sha256, config_version, lineage } = served;
  return { doc_id, run, canonical_sha256, enriched_sha256, config_version, published_at, lineage };
}

/** The section title as full text reads it. */
export function titleOf(metadata: Record<string, unknown>): string {
  return typeof metadata.section_title === 'string' ? metadata.section_title : '';
}
