import type { QuarantineDocument } from '../../api/schemas/quarantine.ts';
import { remedyFor } from '../../kernel/remedies.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import { verdictsOf } from '../3-policy/verdicts.ts';
import type { CanonicalDocument, Path } from '../document.ts';
import type { EnrichedChunk } from '../enriched.ts';
import { loadCanonical, loadEnriched } from '../load.ts';
import type { DataPlane } from '../plane.ts';
import { inQuarantine, type QuarantineEntry, quarantineItem } from './quarantine-entry.ts';

type Evidence = QuarantineDocument['chunks'][number];

/**
 * Why a document is in quarantine: places, scores, categories and types, never a word of its text. Throws
 * `RESOURCE_NOT_FOUND` where nothing of it is. O(chunks).
 */
export async function quarantineEvidence(
  plane: Pick<DataPlane, 'tenant_id' | 'objects' | 'records'>,
  row: DocumentRow,
  page: { limit: number; offset: number },
): Promise<QuarantineDocument> {
  const entry = inQuarantine(row);
  const malware = entry.reason === 'MALWARE_DETECTED';
  const canonical = malware || row.canonical_sha256 === null ? null : await loadCanonical(plane, row);
  const suspects = await suspectsOf(plane, row, entry);
  const rejected = rejectedIn(canonical, row);
  const receipt = malware ? await plane.records.quarantineReceipt(row.doc_id) : null;
  const { message, remediation } = remedyFor(remedyName(entry));
  return {
    ...quarantineItem(row),
    message,
    remediation,
    signature: typeof receipt?.details?.signature === 'string' ? receipt.details.signature : null,
    chunks: suspects
      .slice(page.offset, page.offset + page.limit)
      .map((chunk) => evidenceOf(chunk, rejected.has(chunk.chunk_id))),
    chunk_total: suspects.length,
    hidden_text: canonical === null ? [] : hiddenOf(canonical),
    ...decisionsOf(row),
  };
}

function remedyName({ reason, scope, status }: QuarantineEntry): string {
  if (scope === 'chunks') return 'CHUNKS_QUARANTINED';
  return status === 'rejected' ? 'QUARANTINE_REJECTED' : reason;
}

/** The chunks that keep the document, or are kept themselves. Where no gate judged this run, there are none. */
async function suspectsOf(
  plane: Pick<DataPlane, 'tenant_id' | 'objects'>,
  row: DocumentRow,
  { reason }: QuarantineEntry,
): Promise<EnrichedChunk[]> {
  if (reason !== 'PII_BLOCK_POLICY' && reason !== 'INJECTION_DETECTED') return [];
  const { chunks } = await loadEnriched(plane, row);
  return chunks.filter((chunk) => heldBy(chunk).length > 0);
}

/** Chunks that were refused for good, and still are what they were. */
function rejectedIn(canonical: CanonicalDocument | null, row: DocumentRow): ReadonlySet<string> {
  const verdicts = verdictsOf(row);
  const refused = canonical?.chunks.filter(({ chunk_id, text }) => verdicts.isRejected(chunk_id, text)) ?? [];
  return new Set(refused.map(({ chunk_id }) => chunk_id));
}

function heldBy({ policy }: EnrichedChunk): Evidence['held_by'] {
  return [
    ...(policy.pii_action_taken === 'blocked' ? (['pii'] as const) : []),
    ...(policy.injection_action_taken === 'quarantine' ? (['injection'] as const) : []),
  ];
}

function evidenceOf(chunk: EnrichedChunk, rejected: boolean): Evidence {
  const { policy } = chunk;
  return {
    chunk_id: chunk.chunk_id,
    page: chunk.page,
    element_type: chunk.element_type,
    boxes: chunk.boxes ?? null,
    path: chunk.path ? placeOf(chunk.path) : null,
    held_by: heldBy(chunk),
    pii_types: policy.pii_types_found,
    injection_score: policy.injection_score,
    injection_patterns: policy.injection_patterns_matched,
    rejected,
  };
}

/** The name of a sheet is text. */
function placeOf({ sheet: _sheet, ...place }: Path): Record<string, unknown> {
  return place;
}

function hiddenOf({ hidden_text }: CanonicalDocument): QuarantineDocument['hidden_text'] {
  return hidden_text.map(({ kind, page, boxes, characters, text_sha256 }) => ({
    kind,
    page,
    boxes,
    characters,
    sha256: text_sha256,
  }));
}

function decisionsOf({ release, rejection }: DocumentRow): Pick<QuarantineDocument, 'release' | 'rejection'> {
  const ids = (chunks: readonly { chunk_id: string }[]) => chunks.map(({ chunk_id }) => chunk_id);
  return {
    release: release && {
      scope: release.scope,
      chunk_ids: ids(release.chunks),
      pii_action: release.pii?.action ?? null,
      released_by: release.released_by,
      released_at: release.released_at,
    },
    rejection: rejection && {
      scope: rejection.scope,
      chunk_ids: ids(rejection.chunks),
      rejected_by: rejection.rejected_by,
      rejected_at: rejection.rejected_at,
    },
  };
}
