import { FrostbyteError } from '../../../kernel/errors.ts';
import { STAGES, type StageName, type StageStatus, type WorkStage } from '../../../kernel/pipeline.ts';
import type { DocumentPatch } from '../port.ts';
import type { DocumentRow, ServedVersion } from '../rows.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import { type Cell, DOCUMENTS } from './codec.ts';
import type { RecordContext } from './context.ts';
import { enqueue } from './outbox.ts';

const SELECT = `SELECT ${DOCUMENTS.select('d')} FROM documents d WHERE d.doc_id = ? AND d.erasure_id IS NULL`;
const INSERT = DOCUMENTS.insert('documents', 'updated_at');
const UPDATE = DOCUMENTS.update('documents', 'doc_id', 'updated_at');
const DELETE_CHUNKS = 'DELETE FROM chunks WHERE doc_id = ?';
const REOPEN_BATCHES = `UPDATE batches SET status = 'processing', updated_at = @at
  WHERE status IN ('held', 'completed', 'cancelled')
    AND batch_id IN (SELECT l.batch_id FROM document_batches l WHERE l.doc_id = @doc_id)`;

/**
 * A document's place in lists that are ordered by receipt. A page may end with a document that is erased before the next
 * one is asked for: its place stays known by its receipt.
 */
export const DOCUMENT_PLACE = `WITH last (id) AS (SELECT ?)
  SELECT d.received_at, d.doc_id FROM last JOIN documents d ON d.doc_id = last.id
  UNION ALL SELECT r.received_at, e.doc_id FROM last JOIN erasures e ON e.doc_id = last.id
    JOIN receipts r ON r.receipt_id = e.receipt_id LIMIT 1`;

/** Columns that a stage may set; whatever else a patch holds is ignored. */
const PATCHABLE = [
  'parsed_at',
  'canonical_sha256',
  'enriched_sha256',
  'vectors_sha256',
  'embed_model',
  'embed_version',
  'page_count',
  'chunk_count',
  'chunks_indexed',
  'chunks_quarantined',
  'chunks_rejected',
  'classification',
  'classification_confidence',
  'quarantine_reason',
  'last_output_hash',
] as const;

/** The document, or null; one that is being erased is not there. */
export function readDocument({ db }: RecordContext, docId: string): DocumentRow | null {
  const cells = db.get<Record<string, Cell>>(SELECT, [docId]);
  return cells ? DOCUMENTS.decode(cells) : null;
}

/** Writes a new document. */
export function insertDocument({ db }: RecordContext, row: DocumentRow, at: string): void {
  db.run(INSERT, { ...DOCUMENTS.encode(row), updated_at: at });
}

/** Writes all columns of a document that is there. */
export function saveDocument({ db }: RecordContext, row: DocumentRow, at: string): void {
  db.run(UPDATE, { ...DOCUMENTS.encode(row), updated_at: at });
}

/** Takes a document's chunks out of rows, full text and index records. Returns how many went. */
export function removeChunks({ db }: RecordContext, docId: string): number {
  return db.run(DELETE_CHUNKS, [docId]);
}

/**
 * The document after its chunks were taken out: nothing of it is served. Whoever removes chunks saves this, so that
 * reports and proofs do not speak of a version that nobody can see.
 */
export function withdrawn(row: DocumentRow): DocumentRow {
  return { ...row, served: null, indexed_at: null, index_event_id: null, chunks_indexed: null };
}

/** The version that the run at work has made, as it is kept beside its chunks. */
export function versionOf(row: DocumentRow, lineage: Record<string, unknown>): ServedVersion {
  const { run, config_version, canonical_sha256, enriched_sha256, vectors_sha256, embed_model, embed_version } = row;
  return {
    run,
    config_version,
    canonical_sha256,
    enriched_sha256,
    vectors_sha256,
    embed_model,
    embed_version,
    lineage,
  };
}

/**
 * Opens the settled batches that hold a document, because it comes to rest anew: they are settled, reported and told
 * again. Part of every new run; a change of a document at rest that is no run calls it too.
 */
export function reopenBatches({ db }: RecordContext, docId: string, at: string): void {
  db.run(REOPEN_BATCHES, { doc_id: docId, at });
}

/** The document with a stage's patch: named columns replaced, `findings` merged key by key. */
export function patched(row: DocumentRow, patch: DocumentPatch): DocumentRow {
  const next: Record<string, unknown> = { ...row, findings: { ...row.findings, ...patch.findings } };
  for (const name of PATCHABLE) if (patch[name] !== undefined) next[name] = patch[name];
  return next as unknown as DocumentRow;
}

/** Stages with `status` at `stage` and `after` at every later one. */
export function stagesAt(
  row: DocumentRow,
  stage: StageName,
  status: StageStatus,
  after?: StageStatus,
): DocumentRow['stages'] {
  const stages = { ...row.stages, [stage]: status };
  if (after) for (const later of STAGES.slice(STAGES.indexOf(stage) + 1)) stages[later] = after;
  return stages;
}

/**
 * Begins the next run of a document at a stage, inside the running transaction: earlier stages count as completed, the
 * provenance chain continues from what that stage reads, the error goes, dead letters still pending are resolved as
 * reprocessed (told under `actor`), settled batches of the document are open again, and the job goes to the outbox. What
 * is served stays served until the run ends. Throws `INVALID_STATE_TRANSITION` for malware, which never runs (spec 2), and
 * for what a person refused for good.
 */
export function beginRun(
  context: RecordContext,
  row: DocumentRow,
  from: WorkStage,
  at: string,
  configVersion: number = row.config_version,
  actor = 'system',
): DocumentRow {
  if (row.quarantine_reason === 'MALWARE_DETECTED') {
    throw new FrostbyteError('INVALID_STATE_TRANSITION', 'A document that holds malware is never processed.');
  }
  if (row.rejection?.scope === 'document') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'The document was rejected for good and is not processed again.',
    );
  }
  const start = STAGES.indexOf(from);
  const stages = Object.fromEntries(STAGES.map((stage, place) => [stage, place < start ? 'completed' : 'queued']));
  const next: DocumentRow = {
    ...row,
    state: 'processing',
    quarantine_reason: null,
    current_stage: from,
    stages: stages as Record<StageName, StageStatus>,
    run: row.run + 1,
    config_version: configVersion,
    error: null,
    first_attempt_at: null,
    last_output_hash: inputHash(row, from) ?? row.last_output_hash,
  };
  saveDocument(context, next, at);
  closeDeadLetters(context, row.doc_id, at, actor);
  reopenBatches(context, row.doc_id, at);
  enqueue(context, next);
  return next;
}

/** What a stage reads, as the chain writes it; null where the document never came that far. */
function inputHash(row: DocumentRow, stage: WorkStage): string | null {
  const hash = {
    parse: row.raw_sha256,
    policy: row.canonical_sha256,
    embed: row.enriched_sha256,
    index: row.vectors_sha256,
  }[stage];
  if (hash === null) return null;
  return hash.startsWith('sha256:') ? hash : `sha256:${hash}`;
}
