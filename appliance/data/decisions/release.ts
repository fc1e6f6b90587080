import type { RejectBody, ReleaseBody } from '../../api/schemas/quarantine.ts';
import type { TenantConfig } from '../../api/tenant-config.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { BoundChunk, DocumentRow, RejectionDecision, ReleaseDecision } from '../../stores/record/rows.ts';
import { passagesOf } from '../3-policy/passages.ts';
import { bind, verdictsOf } from '../3-policy/verdicts.ts';
import type { CanonicalDocument } from '../document.ts';
import type { EnrichedDocument } from '../enriched.ts';
import { loadCanonical, loadEnriched } from '../load.ts';
import type { DataPlane } from '../plane.ts';
import { rejectableEntry, releasableEntry } from './quarantine-entry.ts';

type Plane = Pick<DataPlane, 'tenant_id' | 'objects' | 'records'>;

/** Who decides, and when. */
export interface Decider {
  by: string;
  at: string;
}

/** What a decision says, and which chunks this one adds to those decided before. */
export interface Drafted<Decision> {
  decision: Decision;
  chunks: BoundChunk[];
}

/**
 * What releasing a document, or chunks of it, would put on its row: earlier releases and this one together, each chunk
 * bound to its text before the gates. Nothing is written. Throws `INVALID_STATE_TRANSITION` for what never comes out or
 * has nothing to release, `VALIDATION_ERROR` for chunks that are not in quarantine or a choice that does not fit.
 */
export async function draftRelease(
  plane: Plane,
  row: DocumentRow,
  request: ReleaseBody,
  { by, at }: Decider,
): Promise<Drafted<ReleaseDecision>> {
  const { reason } = releasableEntry(row);
  const before = row.release;
  const common = {
    scope: request.chunk_ids ? ('chunks' as const) : ('document' as const),
    released_by: by,
    released_at: at,
  };
  if (reason === 'PII_BLOCK_POLICY') {
    if (request.chunk_ids) throw wrong('chunk_ids', 'a document blocked for personal data is released as a whole');
    const pii = { action: request.pii_action ?? ('redact' as const), types: piiTypes(await loadEnriched(plane, row)) };
    const { chunks = [], hidden_text = [] } = before ?? {};
    return { decision: { ...common, chunks, hidden_text, pii }, chunks: [] };
  }
  if (request.pii_action) throw wrong('pii_action', 'only for a document that is blocked for personal data');
  const canonical = await loadCanonical(plane, row);
  const chunks = await chosenChunks(plane, row, canonical, request.chunk_ids);
  const hidden = hiddenBeside(canonical, request.chunk_ids ? chunks : null);
  if (chunks.length === 0 && hidden.length === 0) {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'Everything of it that is in quarantine was rejected for good.',
    );
  }
  const decision = {
    ...common,
    chunks: joined(before?.chunks, chunks),
    hidden_text: [...new Set([...(before?.hidden_text ?? []), ...hidden])],
    pii: before?.pii ?? null,
  };
  return { decision, chunks };
}

/** The same for refusing for good. `rejected` is how many of the chunks in quarantine are refused then. */
export async function draftRejection(
  plane: Plane,
  row: DocumentRow,
  request: RejectBody,
  { by, at }: Decider,
): Promise<Drafted<RejectionDecision> & { rejected: number }> {
  const { scope } = rejectableEntry(row);
  const common = { rejected_by: by, rejected_at: at };
  if (scope === 'document') {
    if (request.chunk_ids) throw wrong('chunk_ids', 'all of the document is in quarantine: reject the document');
    const { chunks = [], passages = [] } = row.rejection ?? {};
    return { decision: { ...common, scope, chunks, passages }, chunks: [], rejected: row.chunks_rejected ?? 0 };
  }
  const canonical = await loadCanonical(plane, row);
  const chunks = await chosenChunks(plane, row, canonical, request.chunk_ids);
  const rejected = (row.chunks_rejected ?? 0) + chunks.length;
  const decision = {
    ...common,
    scope,
    chunks: joined(row.rejection?.chunks, chunks),
    passages: [...new Set([...(row.rejection?.passages ?? []), ...passagesIn(canonical, chunks)])],
  };
  return { decision, chunks, rejected };
}

/** The chunks in quarantine that were named, or all that nobody rejected yet, bound to their texts. */
async function chosenChunks(
  plane: Plane,
  row: DocumentRow,
  canonical: CanonicalDocument,
  named: readonly string[] | undefined,
): Promise<BoundChunk[]> {
  const enriched = await loadEnriched(plane, row);
  const suspects = new Set(
    enriched.chunks.flatMap(({ chunk_id, policy }) =>
      policy.injection_action_taken === 'quarantine' ? [chunk_id] : [],
    ),
  );
  const kept = canonical.chunks.filter(({ chunk_id }) => suspects.has(chunk_id));
  const verdicts = verdictsOf(row);
  const rejected = new Set(
    kept.filter((chunk) => verdicts.isRejected(chunk.chunk_id, chunk.text)).map(({ chunk_id }) => chunk_id),
  );
  const strangers = named?.filter((id) => !suspects.has(id)) ?? [];
  if (strangers.length > 0) {
    throw new FrostbyteError('VALIDATION_ERROR', 'Some of these chunks are not in quarantine.', {
      details: strangers.slice(0, 20).map((value) => ({ field: 'chunk_ids', value, constraint: 'in quarantine' })),
    });
  }
  if (named?.some((id) => rejected.has(id))) {
    throw new FrostbyteError('INVALID_STATE_TRANSITION', 'One of these chunks was rejected for good.');
  }
  const wanted = named && new Set(named);
  const chosen = kept.filter(({ chunk_id }) => (wanted ? wanted.has(chunk_id) : !rejected.has(chunk_id)));
  if (row.state === 'quarantined' && chosen.length < kept.length && (await isWhole(plane, row))) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      'This tenant keeps a whole document out for one of its chunks, so releasing some would change nothing.',
      { details: [{ field: 'chunk_ids', constraint: `all ${kept.length} in quarantine, or none: the document` }] },
    );
  }
  return chosen.map(bind);
}

async function isWhole(plane: Plane, { config_version }: DocumentRow): Promise<boolean> {
  const config = (await plane.records.config(config_version)) as TenantConfig | null;
  return config?.injection_quarantine_scope === 'document';
}

/** Hidden texts that the decision knows: those on the pages of the chunks, or all of the document. */
function hiddenBeside({ hidden_text, chunks }: CanonicalDocument, only: readonly BoundChunk[] | null): string[] {
  const ids = new Set(only?.map(({ chunk_id }) => chunk_id));
  const pages = new Set(chunks.filter(({ chunk_id }) => ids.has(chunk_id)).map(({ page }) => page));
  return hidden_text.filter(({ page }) => only === null || pages.has(page)).map(({ text_sha256 }) => text_sha256);
}

/** What the chunks are known by in another cut, apart from what the rest of the document says too. */
function passagesIn({ chunks }: CanonicalDocument, only: readonly BoundChunk[]): string[] {
  const ids = new Set(only.map(({ chunk_id }) => chunk_id));
  const texts = (isChosen: boolean) =>
    chunks.filter((chunk) => ids.has(chunk.chunk_id) === isChosen).map(({ text }) => text);
  return passagesOf(texts(true), texts(false));
}

function piiTypes({ chunks }: EnrichedDocument): string[] {
  return [...new Set(chunks.flatMap(({ policy }) => policy.pii_types_found))].sort();
}

/** Later words about a chunk take the place of earlier ones. */
function joined(before: readonly BoundChunk[] = [], now: readonly BoundChunk[]): BoundChunk[] {
  return [...new Map([...before, ...now].map((chunk) => [chunk.chunk_id, chunk])).values()];
}

function wrong(field: string, constraint: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'The decision does not fit what is in quarantine.', {
    details: [{ field, constraint }],
  });
}
