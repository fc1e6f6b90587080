import type { AuditDetails, AuditEntry, ResourceType } from '../../../appliance/kernel/audit-event.ts';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import { chunkId, docId, newId } from '../../../appliance/kernel/ids.ts';
import { FAILED_STATE, WORK_STAGES, type WorkStage } from '../../../appliance/kernel/pipeline.ts';
import type { TextLanguage } from '../../../appliance/kernel/text-language.ts';
import { type Job, jobId } from '../../../appliance/stores/queue/port.ts';
import type {
  BatchArrival,
  FileDecision,
  MetadataCondition,
  RecordStore,
  ValueRange,
} from '../../../appliance/stores/record/port.ts';
import type { BatchState, ChunkRow, IndexRecord, ManifestFile } from '../../../appliance/stores/record/rows.ts';

/** Builders of rows for the record store's contract: small, valid, overridable. */

export const TENANT = 'acme';
const START = Date.UTC(2026, 0, 1);

/** A moment of the tests' time: minute `n`. */
export function minute(n: number): string {
  return new Date(START + n * 60_000).toISOString();
}

export function entry(
  type: string,
  resource: ResourceType,
  id: string,
  details: Partial<AuditDetails> = {},
  filename?: string,
): AuditEntry {
  return {
    event: {
      event_id: newId(),
      tenant_id: TENANT,
      event_type: type,
      timestamp: minute(0),
      actor: 'system',
      resource_type: resource,
      resource_id: id,
      details: { component: 'intake-gateway', status: 'success', ...details },
    },
    references: filename === undefined ? [] : [{ name: 'filename', salt: 'ab'.repeat(32), value: filename }],
  };
}

export interface FileSpec {
  file_id: string;
  /** Stands for the bytes. */
  content: string;
  kind?: FileDecision['kind'];
  metadata?: Record<string, unknown>;
  retention_until?: string;
  /** Overrides the content-addressed id, to force a collision. */
  doc_id?: string;
  reason?: string;
  /** Of a rejected file: what came, where it was not what the manifest said. */
  came?: string;
}

/** The document id of a content. */
export function idOf(content: string): string {
  return docId(TENANT, sha256Hex(content));
}

/** A decided file of a batch. */
export function decided(batchId: string, spec: FileSpec, at: string): FileDecision {
  const kind = spec.kind ?? 'accepted';
  const raw = sha256Hex(spec.content);
  const id = spec.doc_id ?? idOf(spec.content);
  const rejected = kind === 'rejected';
  const folder = kind === 'quarantined' ? 'quarantine' : 'raw';
  const common = {
    original_filename: `${spec.file_id}.pdf`,
    mime_type: 'application/pdf',
    size_bytes: spec.content.length,
    scan_result: kind === 'quarantined' ? ('quarantined' as const) : ('clean' as const),
    received_at: at,
  };
  const reason = rejected ? 'UNSUPPORTED_FORMAT' : kind === 'quarantined' ? (spec.reason ?? 'MALWARE_DETECTED') : null;
  const receipt = {
    ...common,
    receipt_id: newId(),
    tenant_id: TENANT,
    batch_id: batchId,
    file_id: spec.file_id,
    doc_id: rejected ? null : id,
    sha256: raw,
    storage_path: rejected ? null : `${folder}/${TENANT}/${id}/${raw}`,
    status: kind,
    duplicate_of: null,
    submitted_by: 'usr_vendor',
    reason,
    message: reason,
    remediation: reason,
    details: spec.came === undefined ? null : { expected_sha256: raw, actual_sha256: sha256Hex(spec.came) },
  };
  const type = { accepted: 'DOCUMENT_INGESTED', quarantined: 'DOCUMENT_QUARANTINED', rejected: 'DOCUMENT_REJECTED' }[
    kind
  ];
  const resource = rejected ? `${batchId}/${spec.file_id}` : id;
  const hashes = rejected ? {} : { output_hash: `sha256:${raw}` };
  const told = entry(
    type,
    'document',
    resource,
    { ...hashes, batch_id: batchId, file_id: spec.file_id },
    common.original_filename,
  );
  if (kind === 'rejected') return { kind, receipt, entry: told };
  return {
    kind,
    receipt,
    entry: told,
    document: {
      ...common,
      doc_id: id,
      raw_sha256: raw,
      storage_path: receipt.storage_path as string,
      metadata: spec.metadata ?? {},
      retention_until: spec.retention_until ?? minute(50_000_000),
      quarantine_reason: reason,
    },
  };
}

/** A batch with all its files. `only` names the files that have arrived so far. */
export function arrival(
  batchId: string,
  specs: readonly FileSpec[],
  options: {
    at?: string;
    only?: readonly string[];
    complete?: boolean;
    manifest?: string;
    config_version?: number;
    quota_bytes?: number;
  } = {},
): BatchArrival {
  const at = options.at ?? minute(1);
  const version = options.config_version ?? 1;
  const files: ManifestFile[] = specs.map((spec) => ({
    file_id: spec.file_id,
    filename: `${spec.file_id}.pdf`,
    mime_type: 'application/pdf',
    size_bytes: spec.content.length,
    sha256: sha256Hex(spec.content),
  }));
  return {
    batch: {
      batch_id: batchId,
      manifest_sha256: sha256Hex(options.manifest ?? batchId),
      file_count: files.length,
      submitted_at: at,
      submitted_by: 'usr_vendor',
      submitter: 'Dana',
      metadata: { source: 'test' },
      config_version: version,
      files,
    },
    config: { version },
    files: specs
      .filter(({ file_id }) => options.only?.includes(file_id) ?? true)
      .map((spec) => decided(batchId, spec, at)),
    complete: options.complete ?? true,
    quota_bytes: options.quota_bytes ?? 1e12,
    entries: [entry('BATCH_RECEIVED', 'batch', batchId)],
  };
}

export function job(id: string, stage: WorkStage, run = 1): Job {
  return { job_id: jobId(id, run, stage), stage, doc_id: id, run };
}

/** Takes one accepted document in and returns its id. */
export async function receiveOne(store: RecordStore, content: string, at = minute(1), metadata = {}): Promise<string> {
  await store.receive(arrival(`batch-${content}`, [{ file_id: 'a', content, metadata }], { at }));
  return idOf(content);
}

/** Brings a document from its current stage to the index stage. */
export async function toIndex(store: RecordStore, id: string, run = 1, from: WorkStage = 'parse'): Promise<void> {
  const stages: WorkStage[] = ['parse', 'policy', 'embed'];
  for (const stage of stages.slice(stages.indexOf(from))) {
    const now = job(id, stage, run);
    if (!(await store.startStage(now, minute(2)))) throw new Error(`${stage} did not start`);
    const patch = stage === 'parse' ? { canonical_sha256: sha256Hex(`canonical ${id}`) } : {};
    const done = await store.finishStage({ job: now, patch, entries: [], at: minute(2), outcome: 'advance' });
    if (!done) throw new Error(`${stage} did not finish`);
  }
}

export interface ChunkSpec {
  text: string;
  title?: string;
  classification?: string;
}

/** Chunks and index records of a document. */
export function chunksOf(
  id: string,
  specs: readonly ChunkSpec[],
): { chunks: ChunkRow[]; index_records: IndexRecord[] } {
  const chunks = specs.map((spec, position) => ({
    chunk_id: chunkId(id, 1, position * 1000, position * 1000 + spec.text.length),
    doc_id: id,
    position,
    text: spec.text,
    page: 1,
    start_char: position * 1000,
    end_char: position * 1000 + spec.text.length,
    element_type: 'paragraph',
    boxes: [[1, 2, 3, 4]],
    path: null,
    metadata: { section_title: spec.title ?? null },
    policy: { pii_scan_result: 'clean' },
    classification: spec.classification ?? 'contract',
  }));
  const index_records = chunks.map(({ chunk_id }) => ({
    chunk_id,
    doc_id: id,
    tenant_id: TENANT,
    embed_model: 'lexical',
    embed_version: '1',
    embed_dimensions: 768,
    vector_sha256: sha256Hex(chunk_id),
    indexed_at: minute(3),
  }));
  return { chunks, index_records };
}

/** Publishes chunks for a document that stands at the index stage. Returns what `publish` returned. */
export async function publish(
  store: RecordStore,
  id: string,
  specs: readonly ChunkSpec[],
  options: { run?: number; at?: string; language?: TextLanguage | null } = {},
): Promise<boolean> {
  const now = job(id, 'index', options.run ?? 1);
  const written = entry('INDEX_WRITTEN', 'document', id);
  await store.startStage(now, minute(3));
  return store.publish({
    job: now,
    ...chunksOf(id, specs),
    patch: { chunks_indexed: specs.length, classification: specs[0]?.classification ?? 'contract' },
    entries: [written],
    index_event_id: written.event.event_id,
    ...(options.language === undefined ? {} : { language: options.language }),
    at: options.at ?? minute(3),
  });
}

/** A document that is indexed with these chunks. Returns its id. */
export async function indexed(
  store: RecordStore,
  content: string,
  specs: readonly ChunkSpec[],
  options: { at?: string; received?: string; metadata?: Record<string, unknown>; language?: TextLanguage | null } = {},
): Promise<string> {
  const id = await receiveOne(store, content, options.received, options.metadata);
  await toIndex(store, id);
  await publish(store, id, specs, options);
  return id;
}

/** A document whose parse was given up, with its dead letter. */
export function failed(
  store: RecordStore,
  content: string,
  code = 'FILE_CORRUPTED',
  received = minute(1),
): Promise<{ id: string; dlq: string }> {
  return failedAt(store, content, 'parse', code, received);
}

/** A document that a stage gave up on, with its dead letter. */
export async function failedAt(
  store: RecordStore,
  content: string,
  stage: WorkStage,
  code = 'FILE_CORRUPTED',
  received = minute(1),
): Promise<{ id: string; dlq: string }> {
  const id = await receiveOne(store, content, received);
  for (const earlier of WORK_STAGES.slice(0, WORK_STAGES.indexOf(stage)))
    await store.finishStage({ job: job(id, earlier), patch: {}, entries: [], at: minute(1), outcome: 'advance' });
  const now = job(id, stage);
  const dlq = newId();
  await store.startStage(now, minute(2));
  await store.failStage({
    job: now,
    error: { stage, code, message: 'damaged', retry_count: 3, last_retry_at: null },
    state: FAILED_STATE[stage],
    status: 'failed',
    patch: {},
    dead_letter: deadLetter(dlq, id, code, stage),
    entries: [entry('DOCUMENT_PARSE_FAILED', 'document', id, { status: 'failure', error_code: code })],
    at: minute(2),
  });
  return { id, dlq };
}

export function deadLetter(dlq: string, id: string, code = 'FILE_CORRUPTED', stage: WorkStage = 'parse') {
  return {
    dlq_entry_id: dlq,
    tenant_id: TENANT,
    original_job_id: jobId(id, 1, stage),
    stage,
    resource_type: 'document' as const,
    resource_id: id,
    first_attempt_at: minute(1),
    last_attempt_at: minute(2),
    resolved_at: null,
    retry_count: 3,
    error: { code, message: 'damaged', stack_trace_hash: 'ab' },
    status: 'pending_review' as const,
    resolution: null,
  };
}

/** All events of the store that wait for the relay. */
export async function events(store: RecordStore) {
  return (await store.pendingEvents(100_000)).map(({ event }) => event);
}

type Of = MetadataCondition['of'];

/** Conditions on metadata: a text, a number, a boolean, a number within, a moment within. */
export const text = (field: string, ...any_of: string[]) => ({
  field,
  of: 'value' as Of,
  kind: 'text' as const,
  any_of,
});
export const number = (field: string, value: number) => within(field, { gte: value, lte: value });
export const flag = (field: string, value: boolean) =>
  ({ field, of: 'value' as Of, kind: 'boolean', any_of: [value] }) as const;
export const within = (field: string, ...any_of: ValueRange[]) => ({
  field,
  of: 'value' as Of,
  kind: 'number' as const,
  any_of,
});
export const moment = (field: string, ...any_of: ValueRange[]) => ({
  field,
  of: 'value' as Of,
  kind: 'moment' as const,
  any_of,
});
/** The same of an array's items. */
export const itemOf = (condition: MetadataCondition): MetadataCondition => ({ ...condition, of: 'item' });

/** Settles a batch with a report, its documents as they stand now. Returns what `settleBatch` returned. */
export async function settleAsIs(
  store: RecordStore,
  batch_id: string,
  status: BatchState,
  options: { report?: Record<string, unknown>; at?: string } = {},
): Promise<boolean> {
  const seen = (await store.batchFiles(batch_id)).flatMap(({ document }) => document ?? []);
  const { report = {}, at = minute(5) } = options;
  return store.settleBatch({ batch_id, status, report, seen, entries: [], at });
}
