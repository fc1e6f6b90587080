import type { Manifest, ManifestFile } from '../../api/manifest.ts';
import { MIME_ALLOWLIST } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import { docId, newId } from '../../kernel/ids.ts';
import { type FileProblem, INTAKE_REMEDIES } from '../../kernel/remedies.ts';
import type { FileDecision } from '../../stores/record/port.ts';
import type { Receipt } from '../../stores/record/rows.ts';
import { quarantineKey, rawKey } from '../keys.ts';
import type { DataPlane } from '../plane.ts';
import type { Judgement } from './judge-file.ts';

const DAY_MS = 86_400_000;

/** Receipt, document and audit entry of one judged file and its metadata, ready to be received. Nothing is stored here. */
export function decideFile(
  plane: Pick<DataPlane, 'tenant_id' | 'clock'>,
  batch: { manifest: Manifest; submitted_by: string; retention_days: number },
  file: ManifestFile,
  judgement: Judgement,
  metadata: Record<string, unknown>,
): FileDecision {
  const { tenant_id, clock } = plane;
  const { batch_id } = batch.manifest;
  const rejected = judgement.kind === 'rejected';
  const doc_id = rejected ? null : docId(tenant_id, file.sha256);
  const key = judgement.kind === 'quarantined' ? quarantineKey : rawKey;
  const storage_path = doc_id === null ? null : key(tenant_id, doc_id, file.sha256);
  const receipt: Receipt = {
    receipt_id: newId(),
    tenant_id,
    batch_id,
    file_id: file.file_id,
    doc_id,
    original_filename: file.filename,
    mime_type: judgement.kind === 'rejected' ? file.mime_type : judgement.mime,
    size_bytes: file.size_bytes,
    sha256: file.sha256,
    scan_result: judgement.kind === 'quarantined' ? 'quarantined' : judgement.scan,
    received_at: clock.iso(),
    storage_path,
    status: judgement.kind,
    duplicate_of: null,
    submitted_by: batch.submitted_by,
    ...words(judgement.kind === 'accepted' ? null : judgement.problem),
  };
  const common = {
    tenant_id,
    actor: batch.submitted_by,
    references: { filename: file.filename },
  };
  const adds = {
    batch_id,
    file_id: file.file_id,
    receipt_id: receipt.receipt_id,
    size_bytes: file.size_bytes,
    ...(file.upload_id === undefined ? {} : { upload_id: file.upload_id }),
    // What a sender declares is free text until it is one of ours: an event cannot be erased.
    mime_type: (MIME_ALLOWLIST as readonly string[]).includes(receipt.mime_type) ? receipt.mime_type : 'other',
  };
  if (judgement.kind === 'rejected' || doc_id === null || storage_path === null) {
    const entry = auditEntry(clock, 'DOCUMENT_REJECTED', {
      ...common,
      resource_id: `${batch_id}/${file.file_id}`,
      status: 'failure',
      adds: { ...adds, reason: receipt.reason },
    });
    return { kind: 'rejected', receipt, entry };
  }
  const document = {
    doc_id,
    raw_sha256: file.sha256,
    storage_path,
    original_filename: file.filename,
    mime_type: receipt.mime_type,
    size_bytes: file.size_bytes,
    scan_result: receipt.scan_result,
    metadata,
    received_at: receipt.received_at,
    retention_until: new Date(Date.parse(receipt.received_at) + batch.retention_days * DAY_MS).toISOString(),
    quarantine_reason: judgement.kind === 'quarantined' ? receipt.reason : null,
  };
  const hashes = { input_hash: file.sha256, output_hash: file.sha256 };
  if (judgement.kind === 'quarantined') {
    const entry = auditEntry(clock, 'DOCUMENT_QUARANTINED', {
      ...common,
      ...hashes,
      resource_id: doc_id,
      status: 'quarantined',
      adds: { ...adds, reason: receipt.reason },
    });
    return { kind: 'quarantined', receipt, document, entry };
  }
  const entry = auditEntry(clock, 'DOCUMENT_INGESTED', {
    ...common,
    ...hashes,
    resource_id: doc_id,
    adds: { ...adds, scan_result: receipt.scan_result },
  });
  return { kind: 'accepted', receipt, document, entry };
}

function words(problem: FileProblem | null): Pick<Receipt, 'reason' | 'message' | 'remediation' | 'details'> {
  if (problem === null) return { reason: null, message: null, remediation: null, details: null };
  const { code, message, remediation } = INTAKE_REMEDIES[problem.remedy];
  return { reason: code, message, remediation, details: problem.details };
}
