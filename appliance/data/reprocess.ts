import { auditEntry, type EntryInput } from '../audit/entry.ts';
import type { AuditEntry } from '../kernel/audit-event.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { Embedder } from '../models/embedder/port.ts';
import type { DocumentRow, ReprocessProgress, ReprocessRow, ReprocessStart } from '../stores/record/rows.ts';
import { STAGE1_PARSER_VERSION, STAGE2_PARSER_VERSION } from './2-parse/structure/versions.ts';
import { POLICY_VERSION } from './3-policy/policy-version.ts';
import { type Below, type CurrentVersions, isBelow, readBelow, type VersionName } from './below-version.ts';
import type { DataPlane } from './plane.ts';
import { settleOpenBatches } from './settle.ts';

/**
 * Running documents again (spec 2, "Ids"): one at once, many by a request that workers take further step by step while
 * nothing else is due. New runs go by the tenant's config of the moment of the request.
 */
type Plane = Pick<DataPlane, 'tenant_id' | 'records' | 'clock' | 'embedder' | 'config'>;

export interface ReprocessWish {
  from: ReprocessStart;
  reason: string;
  doc_id?: string;
  batch_id?: string;
  below?: Partial<Record<VersionName, string | number>>;
}

/** Documents that a step restarts: its transaction holds the writer for some ten milliseconds, which searches wait for. */
const STEP = 25;
/** Documents that a step looks at, where not all are wanted: looking costs less than restarting. */
const LOOK = 200;

/**
 * Files a request and, for a single document, carries it out. Throws `RESOURCE_NOT_FOUND`, `INVALID_STATE_TRANSITION` for
 * malware and for a batch that has not arrived whole, `VALIDATION_ERROR` for a version that no run can reach.
 */
export async function startReprocess(plane: Plane, wish: ReprocessWish, actor: string): Promise<ReprocessProgress> {
  const { config, config_version } = await plane.config();
  const { from, reason, doc_id = null, batch_id = null } = wish;
  const below = wish.below
    ? readBelow(wish.below, from, currentVersions(await plane.embedder(), config_version))
    : null;
  const request = {
    reprocess_id: newId(),
    scope: scopeOf(wish),
    doc_id,
    batch_id,
    below,
    from_stage: from,
    reason,
    requested_by: actor,
    requested_at: plane.clock.iso(),
    config_version,
  };
  const entry = requestEntry(plane, request);
  const started = await plane.records.startReprocess({ ...request, config: { ...config }, entry });
  if (started) return started;
  const what = doc_id === null ? 'batch' : 'document';
  throw new FrostbyteError('RESOURCE_NOT_FOUND', `There is no such ${what}.`);
}

/** Takes the oldest open request one step further. False where there is none. O(step). */
export async function continueReprocess(plane: Pick<Plane, 'tenant_id' | 'records' | 'clock'>): Promise<boolean> {
  const request = await plane.records.openReprocess();
  if (request === null) return false;
  const { reprocess_id } = request;
  const limit = request.scope === 'batch' ? STEP : LOOK;
  const { after, rows } = await plane.records.reprocessPage(reprocess_id, limit);
  const page = stepOf(rows, request).map(({ doc_id, received_at, wanted }) => ({
    doc_id,
    received_at,
    entry: wanted ? documentEntry(plane, request, doc_id) : null,
  }));
  const last = rows.length < limit && page.length === rows.length;
  const entries = last ? [doneEntry(plane, request)] : [];
  const at = plane.clock.iso();
  const stepped = await plane.records.advanceReprocess({ reprocess_id, after, page, last, entries, at });
  // Batches that waited for the request may have no document left whose end would settle them.
  if (stepped && last) await settleOpenBatches(plane);
  return true;
}

/**
 * Ends a request in the middle of its way: no more documents are restarted for it, those that it restarted run to their
 * end. Answers where it stands. Repeating it changes nothing. Throws `RESOURCE_NOT_FOUND`, and `INVALID_STATE_TRANSITION`
 * where it has looked at all of its documents.
 */
export async function cancelReprocess(
  plane: Pick<Plane, 'tenant_id' | 'records' | 'clock'>,
  reprocess_id: string,
  actor: string,
): Promise<ReprocessProgress> {
  const { records, clock } = plane;
  const outcome = await records.cancelReprocess(reprocess_id, (row) => cancelledEntry(plane, row, actor), clock.iso());
  if (outcome === 'over') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'The request has restarted all of its documents: there is nothing to cancel. Cancelling their batch stops what has not begun.',
      { details: [{ field: 'reprocess_id', value: reprocess_id, constraint: 'a request with documents left' }] },
    );
  }
  // Batches that waited for the request may have no document left whose end would settle them.
  if (outcome === 'cancelled') await settleOpenBatches(plane);
  const now = outcome === 'unknown' ? null : await records.reprocess(reprocess_id);
  if (now !== null) return now;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such request to run documents again.');
}

/** The head of the page that holds as many wanted documents as a step may restart. */
function stepOf(rows: readonly DocumentRow[], { scope, below }: ReprocessRow) {
  const step: { doc_id: string; received_at: string; wanted: boolean }[] = [];
  let restarts = 0;
  for (const row of rows) {
    const wanted = scope === 'batch' || isBelow(row, below as Below);
    if (wanted && ++restarts > STEP) break;
    step.push({ doc_id: row.doc_id, received_at: row.received_at, wanted });
  }
  return step;
}

function scopeOf({ doc_id, batch_id }: ReprocessWish): ReprocessRow['scope'] {
  if (doc_id !== undefined) return 'document';
  return batch_id === undefined ? 'below' : 'batch';
}

function currentVersions(embedder: Pick<Embedder, 'model' | 'version'>, config_version: number): CurrentVersions {
  return {
    stage1_parser_version: STAGE1_PARSER_VERSION,
    stage2_parser_version: STAGE2_PARSER_VERSION,
    policy_version: POLICY_VERSION,
    embed_model: embedder.model,
    embed_version: embedder.version,
    config_version,
  };
}

type Told = Pick<
  ReprocessRow,
  | 'reprocess_id'
  | 'scope'
  | 'doc_id'
  | 'batch_id'
  | 'below'
  | 'from_stage'
  | 'reason'
  | 'requested_by'
  | 'config_version'
>;

/** What the request is about; the store adds what it found. */
function requestEntry(plane: Pick<Plane, 'tenant_id' | 'clock'>, request: Told): AuditEntry {
  const { reprocess_id, scope, from_stage, below, reason, config_version } = request;
  return auditEntry(plane.clock, 'REPROCESS_STARTED', {
    ...about(plane, request),
    adds: { reprocess_id, scope, from: from_stage, reason, config_version, ...(below ? { below } : {}) },
  });
}

function documentEntry(plane: Pick<Plane, 'tenant_id' | 'clock'>, request: Told, doc_id: string): AuditEntry {
  return auditEntry(plane.clock, 'REPROCESS_STARTED', {
    tenant_id: plane.tenant_id,
    actor: request.requested_by,
    resource_type: 'document',
    resource_id: doc_id,
    adds: { reprocess_id: request.reprocess_id },
  });
}

function doneEntry(plane: Pick<Plane, 'tenant_id' | 'clock'>, request: Told): AuditEntry {
  const { reprocess_id, scope, from_stage } = request;
  return auditEntry(plane.clock, 'REPROCESS_COMPLETED', {
    ...about(plane, request),
    adds: { reprocess_id, scope, from: from_stage },
  });
}

/** That a request came to its end before all of its documents: the same event, under the name of who ended it. */
export function cancelledEntry(
  plane: Pick<Plane, 'tenant_id' | 'clock'>,
  request: ReprocessRow,
  actor: string,
): AuditEntry {
  const { reprocess_id, scope, from_stage, examined, restarted, skipped } = request;
  return auditEntry(plane.clock, 'REPROCESS_COMPLETED', {
    ...about(plane, request),
    actor,
    adds: { reprocess_id, scope, from: from_stage, examined, restarted, skipped, cancelled: true },
  });
}

function about({ tenant_id }: Pick<Plane, 'tenant_id'>, { doc_id, batch_id, requested_by }: Told): EntryInput {
  const actor = requested_by;
  if (doc_id !== null) return { tenant_id, actor, resource_type: 'document', resource_id: doc_id };
  if (batch_id !== null) return { tenant_id, actor, resource_type: 'batch', resource_id: batch_id };
  return { tenant_id, actor, resource_type: 'tenant', resource_id: tenant_id };
}
