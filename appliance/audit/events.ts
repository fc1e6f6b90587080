import type { Component, ResourceType } from '../kernel/audit-event.ts';

/**
 * Every type of audit event, what it is about, who reports it, and the details it adds to the common ones (spec 5).
 * Types and documentation are made from this table; `entry` refuses details that are not named here.
 */
export interface EventType {
  component: Component;
  resource: ResourceType;
  /** Who appends it: the tenant's data plane beside the change, or control, which does not believe a data plane that does. */
  by: 'data-plane' | 'control';
  /** Names of added details: ids, counts, hashes, codes. Never content. */
  adds: readonly string[];
}

const event = (component: Component, resource: ResourceType, ...adds: string[]): EventType =>
  Object.freeze({ component, resource, by: 'data-plane', adds: Object.freeze(adds) });
const ofControl = (resource: ResourceType, ...adds: string[]): EventType =>
  Object.freeze({ component: 'control-plane', resource, by: 'control', adds: Object.freeze(adds) });

const intake = (resource: ResourceType, ...adds: string[]) => event('intake-gateway', resource, ...adds);
const parse = (...adds: string[]) => event('parse-worker', 'document', ...adds);
const policy = (...adds: string[]) => event('policy-engine', 'document', ...adds);
const embedding = (...adds: string[]) => event('embedding-service', 'document', ...adds);
const serve = (resource: ResourceType, ...adds: string[]) => event('serving-api', resource, ...adds);
const tenant = (...adds: string[]) => ofControl('tenant', ...adds);
const reindex = (...adds: string[]) =>
  event('control-plane', 'tenant', 'reindex_id', 'embed_model', 'embed_version', ...adds);
const people = (resource: ResourceType, ...adds: string[]) => event('control-plane', resource, ...adds);
const appliance = (...adds: string[]) => ofControl('appliance', ...adds);

export const EVENTS = Object.freeze({
  // intake
  UPLOAD_CREATED: intake('batch', 'size_bytes'),
  UPLOAD_DELETED: intake('batch', 'size_bytes', 'received_bytes', 'cause'),
  BATCH_RECEIVED: intake(
    'batch',
    'manifest_sha256',
    'files',
    'accepted',
    'rejected',
    'quarantined',
    'duplicates',
    'bytes',
    'submitter_commitment',
  ),
  DOCUMENT_INGESTED: intake(
    'document',
    'batch_id',
    'file_id',
    'receipt_id',
    'size_bytes',
    'mime_type',
    'scan_result',
    'duplicate_of',
    'upload_id',
    'filename_commitment',
  ),
  DOCUMENT_REJECTED: intake(
    'document',
    'batch_id',
    'file_id',
    'receipt_id',
    'reason',
    'size_bytes',
    'mime_type',
    'upload_id',
    'filename_commitment',
  ),
  DOCUMENT_QUARANTINED: intake(
    'document',
    'batch_id',
    'file_id',
    'receipt_id',
    'reason',
    'duplicate_of',
    'chunks',
    'size_bytes',
    'mime_type',
    'upload_id',
    'filename_commitment',
  ),
  BATCH_COMPLETED: intake(
    'batch',
    'files',
    'indexed',
    'failed',
    'quarantined',
    'held',
    'rejected',
    'cancelled',
    'erased',
    'final',
    'report_id',
  ),
  BATCH_CANCELLED: intake('batch', 'cancelled', 'running'),
  DOCUMENT_CANCELLED: intake('document', 'batch_id'),
  // parse
  DOCUMENT_PARSED: parse('pages', 'chunks', 'tables', 'coverage', 'ocr_pages', 'parser_versions', 'parsed_at'),
  DOCUMENT_PARSE_FAILED: parse('error_code', 'retry_count'),
  CONTENT_DROPPED: parse('dropped'),
  // policy
  POLICY_GATE_PASSED: policy(
    'gate',
    'classification',
    'classification_confidence',
    'human_override',
    'injection_score',
    'patterns_matched',
    'released',
    'chunks',
    'config_version',
    'policy_version',
  ),
  POLICY_GATE_FAILED: policy(
    'gate',
    'injection_score',
    'patterns_matched',
    'released',
    'classification',
    'classification_confidence',
    'human_override',
    'chunks',
    'config_version',
    'policy_version',
    'error_code',
    'retry_count',
  ),
  PII_DETECTED: policy('pii_types', 'pii_action_taken', 'spans', 'chunks'),
  // embed, index
  DOCUMENT_EMBEDDED: embedding('embed_model', 'embed_version', 'embed_dimensions', 'chunks', 'reindex_id'),
  INDEX_WRITTEN: embedding('embed_model', 'embed_version', 'chunks', 'canonical_sha256', 'reindex_id'),
  EMBEDDING_FAILED: embedding('error_code', 'retry_count'),
  // serve
  RETRIEVAL_EXECUTED: serve('query', 'chunk_count', 'chunk_ids', 'doc_ids', 'embed_model', 'evidence'),
  GENERATION_EXECUTED: serve('query', 'chunk_ids', 'suppressed'),
  // tenant
  TENANT_CREATED: tenant('tier'),
  TENANT_PROVISION_STARTED: tenant('step'),
  TENANT_PROVISIONED: tenant('steps'),
  TENANT_PROVISION_FAILED: tenant('step', 'error_code', 'remains'),
  TENANT_PROVISION_RETRY: tenant(),
  TENANT_PROVISION_STEP: tenant('step', 'action'),
  TENANT_CONFIG_UPDATED: tenant(
    'field',
    'old_value',
    'new_value',
    'reason',
    'config_version',
    'previous_config_version',
  ),
  TENANT_SUSPENDED: tenant('reason'),
  TENANT_RESUMED: tenant('reason'),
  TENANT_DEPROVISION_STARTED: tenant('reason'),
  TENANT_DEPROVISIONED: tenant('steps', 'outside_copies'),
  TENANT_DEPROVISION_FAILED: tenant('step', 'error_code', 'remains'),
  TENANT_ABANDONED: tenant('failed_during'),
  KEY_ROTATED: tenant(
    'key_version',
    'previous_key_version',
    'storage_version',
    'emergency',
    'rotation_reason',
    'escrowed',
  ),
  KEY_PURGED: tenant('key_kind', 'key_version', 'reason'),
  KEYS_ESCROWED: tenant('recipient', 'file_sha256'),
  // An escrow file was copied off the box.
  ESCROW_COPIED: tenant('file_sha256'),
  REENCRYPT_STARTED: tenant('storage_version', 'reason'),
  REENCRYPT_COMPLETED: tenant('storage_version', 'examined', 'moved', 'moved_bytes', 'failed'),
  ISOLATION_VERIFIED: tenant('report_id', 'report_sha256', 'overall_pass', 'checks', 'allowed'),
  TOKEN_OFFERED: tenant('code_id', 'subject', 'role', 'scopes', 'expires_at'),
  TOKEN_ISSUED: tenant('jti', 'subject', 'role', 'scopes', 'expires_at', 'code_id'),
  TOKEN_REVOKED: tenant('jti', 'subject', 'reason', 'count'),
  SIGNED_IN: tenant('jti', 'subject', 'role', 'method', 'expires_at', 'code_id'),
  SIGNED_OUT: tenant('jti', 'subject'),
  USER_ADDED: tenant('subject', 'role'),
  PASSWORD_SET: tenant('subject', 'role'),
  USER_REMOVED: tenant('subject', 'role'),
  AUTHENTICATION_FAILED: tenant('source', 'count', 'minute', 'error_code'),
  // Its data plane reported what is not its to report; the event's id is that of what was refused.
  EVENT_REFUSED: tenant('refused_type', 'objection'),
  REINDEX_STARTED: reindex('reason'),
  REINDEX_SWITCHED: reindex('documents', 'chunks'),
  // Given up by a person, or since it could never end (`error_code`): what was served stays.
  REINDEX_CANCELLED: reindex('documents', 'chunks', 'error_code'),
  // people
  CLASSIFICATION_REVIEWED: people('document', 'classification', 'previous', 'decision'),
  CONTENT_READ: serve('document', 'what', 'chunk_id', 'doc_ids'),
  BREAK_GLASS_OPENED: ofControl('tenant', 'reason', 'method', 'route', 'grant_id', 'expires_at'),
  BREAK_GLASS_CLOSED: ofControl('tenant', 'grant_id', 'expires_at'),
  NOTICE_ACKNOWLEDGED: ofControl('tenant', 'notice_id', 'kind'),
  QUARANTINE_RELEASED: people(
    'document',
    'reason',
    'quarantine_reason',
    'released',
    'chunks',
    'hidden_texts',
    'pii_action',
  ),
  QUARANTINE_REJECTED: people('document', 'reason', 'quarantine_reason', 'rejected', 'chunks'),
  DLQ_RESOLVED: people('document', 'dlq_entry_id', 'stage', 'resolution'),
  // About the document, batch or tenant that was asked for, and about each document when its new run begins.
  REPROCESS_STARTED: people(
    'document',
    'reprocess_id',
    'scope',
    'from',
    'reason',
    'below',
    'candidates',
    'run',
    'config_version',
  ),
  // Every document of a batch, or of all, was restarted or passed over; `cancelled`: the batch was, before that.
  REPROCESS_COMPLETED: people(
    'batch',
    'reprocess_id',
    'scope',
    'from',
    'examined',
    'restarted',
    'skipped',
    'cancelled',
  ),
  PII_ORIGINAL_READ: serve('document', 'what', 'page', 'chunk_id', 'pii_types'),
  DOCUMENT_DELETED: people(
    'document',
    'deletion_receipt_id',
    'cause',
    'reason',
    'objects',
    'vectors',
    'chunks',
    'dead_letters',
    'refused_files',
    'emptied_batches',
  ),
  DOCUMENT_EXPORTED: people('export', 'doc_ids', 'documents'),
  HOLD_SET: ofControl('document', 'hold_id', 'scope', 'reason'),
  HOLD_LIFTED: ofControl('document', 'hold_id', 'scope', 'reason'),
  RETENTION_EXPIRED: people('document', 'retention_until'),
  AUDIT_EXPORTED: ofControl('export', 'from', 'to', 'event_count', 'format', 'file_sha256'),
  REFERENCES_ERASED: ofControl('document', 'count'),
  // appliance
  BUNDLE_VERIFIED: appliance('version', 'manifest_sha256', 'counter'),
  BUNDLE_INSTALLED: appliance('version', 'manifest_sha256', 'counter'),
  BUNDLE_UPGRADED: appliance('version', 'manifest_sha256', 'counter'),
  BUNDLE_ROLLED_BACK: appliance('version', 'manifest_sha256', 'counter'),
  DOWNGRADE_FORCED: appliance('version', 'manifest_sha256', 'counter'),
  SIGNATURES_UPDATED: appliance('version'),
  TENANT_EXPORTED: ofControl(
    'export',
    'export_id',
    'documents',
    'chunks',
    'tree_size',
    'tree_root',
    'file_sha256',
    'signer',
    'recipient',
  ),
  // Binds the head of the foreign log that is sealed beside: it was never a part of this one.
  EXPORT_IMPORTED: ofControl(
    'export',
    'export_id',
    'from_tenant',
    'documents',
    'batch_ids',
    'tree_size',
    'tree_root',
    'file_sha256',
    'signer',
  ),
  BACKUP_CREATED: appliance('backup_id', 'tenants', 'bytes', 'file_sha256'),
  // In the appliance's log and in that of each tenant: binds the head of the tree that the backup held, with what came behind it.
  BACKUP_RESTORED: appliance(
    'backup_id',
    'tenants',
    'made_at',
    'tree_size',
    'tree_root',
    'ledger_entries',
    'ledger_head',
    'ledger_until',
  ),
  BOUNDARY_CHANGED: appliance('boundary_sha256'),
  SUPPORT_BUNDLE_CREATED: appliance('files', 'sha256'),
  UNSEALED: appliance('method'),
  RECOVERY_NAMED: appliance('recipient'),
  RECOVERY_PROVEN: appliance('recipient'),
} satisfies Record<string, EventType>);

export type EventName = keyof typeof EVENTS;
