import type {
  BatchListing,
  BatchRow,
  ChunkRow,
  DeadLetter,
  DocumentRow,
  ErasureRow,
  IndexRecord,
  PublishedVersion,
  Receipt,
  ReindexRow,
  ReprocessRow,
} from '../rows.ts';
import type { UploadRow } from '../upload-records.ts';

/** What both stores take and give. */
export type Cell = string | number | null;

/** A table's columns: plain ones go through as they are, JSON ones as text; null stays NULL in both. */
export interface TableCodec<Row> {
  readonly names: readonly (keyof Row & string)[];
  /** `INSERT INTO table (…) VALUES (@…)` over all columns and `extra` ones. */
  insert(table: string, ...extra: string[]): string;
  /** `UPDATE table SET … WHERE key = @key` over all columns but the key, and `extra` ones. */
  update(table: string, key: keyof Row & string, ...extra: string[]): string;
  /** The columns of an alias, for SELECT. */
  select(alias: string): string;
  encode(row: Row): Record<string, Cell>;
  decode(cells: Record<string, Cell>): Row;
}

function tableCodec<Row extends object>(
  plain: readonly (keyof Row & string)[],
  json: readonly (keyof Row & string)[] = [],
): TableCodec<Row> {
  const names = Object.freeze([...plain, ...json]);
  return Object.freeze({
    names,
    insert: (table: string, ...extra: string[]) => {
      const all = [...names, ...extra];
      return `INSERT INTO ${table} (${all.join(', ')}) VALUES (${all.map((name) => `@${name}`).join(', ')})`;
    },
    update: (table: string, key: keyof Row & string, ...extra: string[]) => {
      const set = [...names.filter((name) => name !== key), ...extra].map((name) => `${name} = @${name}`);
      return `UPDATE ${table} SET ${set.join(', ')} WHERE ${key} = @${key}`;
    },
    select: (alias: string) => names.map((name) => `${alias}.${name}`).join(', '),
    encode: (row: Row) => {
      const cells: Record<string, Cell> = {};
      for (const name of plain) cells[name] = (row[name] ?? null) as Cell;
      for (const name of json) cells[name] = row[name] == null ? null : JSON.stringify(row[name]);
      return cells;
    },
    decode: (cells: Record<string, Cell>) => {
      const row: Record<string, unknown> = {};
      for (const name of plain) row[name] = cells[name];
      for (const name of json) row[name] = cells[name] == null ? null : JSON.parse(cells[name] as string);
      return row as Row;
    },
  });
}

export const BATCHES = tableCodec<BatchRow>(
  [
    'batch_id',
    'manifest_sha256',
    'file_count',
    'status',
    'submitted_at',
    'updated_at',
    'submitted_by',
    'submitter',
    'config_version',
    'cancelled_at',
  ],
  ['metadata', 'files'],
);

/** A batch as lists show it: without the manifest's files, of which there may be ten thousand. */
export const BATCH_LISTING = tableCodec<BatchListing>([
  'batch_id',
  'manifest_sha256',
  'file_count',
  'status',
  'submitted_at',
  'updated_at',
  'submitted_by',
  'submitter',
  'config_version',
]);

export const RECEIPTS = tableCodec<Receipt>(
  [
    'receipt_id',
    'tenant_id',
    'batch_id',
    'file_id',
    'doc_id',
    'original_filename',
    'mime_type',
    'size_bytes',
    'sha256',
    'scan_result',
    'received_at',
    'storage_path',
    'status',
    'duplicate_of',
    'submitted_by',
    'reason',
    'message',
    'remediation',
  ],
  ['details'],
);

export const DOCUMENTS = tableCodec<DocumentRow>(
  [
    'doc_id',
    'raw_sha256',
    'storage_path',
    'original_filename',
    'mime_type',
    'size_bytes',
    'scan_result',
    'state',
    'quarantine_reason',
    'current_stage',
    'run',
    'config_version',
    'batch_id',
    'receipt_id',
    'received_at',
    'retention_until',
    'parsed_at',
    'indexed_at',
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
    'last_output_hash',
    'index_event_id',
    'first_attempt_at',
    'reprocess_id',
  ],
  ['stages', 'metadata', 'findings', 'error', 'review', 'release', 'rejection', 'served'],
);

export const VERSIONS = tableCodec<PublishedVersion>(
  ['doc_id', 'run', 'canonical_sha256', 'enriched_sha256', 'config_version', 'published_at'],
  ['lineage'],
);

export const CHUNKS = tableCodec<ChunkRow>(
  ['chunk_id', 'doc_id', 'position', 'text', 'page', 'start_char', 'end_char', 'element_type', 'classification'],
  ['boxes', 'path', 'metadata', 'policy'],
);

export const INDEX_RECORDS = tableCodec<IndexRecord>([
  'chunk_id',
  'doc_id',
  'tenant_id',
  'embed_model',
  'embed_version',
  'embed_dimensions',
  'vector_sha256',
  'indexed_at',
]);

export const DEAD_LETTERS = tableCodec<DeadLetter>(
  [
    'dlq_entry_id',
    'tenant_id',
    'original_job_id',
    'stage',
    'resource_type',
    'resource_id',
    'first_attempt_at',
    'last_attempt_at',
    'resolved_at',
    'retry_count',
    'status',
    'resolution',
  ],
  ['error'],
);

export const UPLOADS = tableCodec<UploadRow>(
  [
    'upload_id',
    'state',
    'length',
    'received',
    'pieces',
    'submitted_by',
    'created_at',
    'updated_at',
    'expires_at',
    'batch_id',
  ],
  ['metadata'],
);

export const ERASURES = tableCodec<ErasureRow>(
  [
    'deletion_receipt_id',
    'doc_id',
    'raw_sha256',
    'receipt_id',
    'run',
    'retention_until',
    'cause',
    'reason',
    'requested_by',
    'requested_at',
    'status',
    'decided_at',
    'erased_at',
  ],
  ['inventory', 'removed', 'verified'],
);

export const REPROCESSES = tableCodec<ReprocessRow>(
  [
    'reprocess_id',
    'scope',
    'doc_id',
    'batch_id',
    'from_stage',
    'reason',
    'requested_by',
    'requested_at',
    'config_version',
    'status',
    'restarted_at',
    'cancelled_at',
    'candidates',
    'examined',
    'restarted',
    'skipped',
  ],
  ['below'],
);

export const REINDEXES = tableCodec<ReindexRow>([
  'reindex_id',
  'number',
  'embed_model',
  'embed_version',
  'reason',
  'requested_by',
  'requested_at',
  'status',
  'ended_at',
  'ended_by',
  'dropped_at',
  'documents',
  'documents_done',
  'chunks_done',
  'error_code',
]);
