import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import { sha256Hex } from './digest.ts';
import { FrostbyteError } from './errors.ts';

/** What a tenant id looks like (spec 3). Everything built from one (paths, names, prefixes) is built in `names.ts`. */
export const TENANT_ID = /^[a-z][a-z0-9]{2,31}$/;
export const DOC_ID = /^doc_[0-9a-f]{16}$/;
export const CHUNK_ID = /^chk_[0-9a-f]{16}$/;
/** Batch and file ids come from vendors: printable, no separators, so they can never be a path. */
export const BATCH_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const FILE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const SHA256_HEX = /^[0-9a-f]{64}$/;

/** The namespace of UUID v5 point ids; fixed for ever, since stored points depend on it. */
const POINT_NAMESPACE = '6f9d2f5e-27a3-5c0b-9d35-0b8f5f3c2b11';

/** A new UUID v7: `receipt_id`, `event_id`, `query_id`, `dlq_entry_id`, `export_id` (spec 2). */
export function newId(): string {
  return uuidV7();
}

/** `doc_` and the first 16 hex of sha256(tenant_id "\n" raw_sha256): content-addressed per tenant (spec 2). */
export function docId(tenantId: string, rawSha256: string): string {
  return `doc_${sha256Hex(`${tenantId}\n${rawSha256}`).slice(0, 16)}`;
}

/** `chk_` and the first 16 hex of sha256(doc_id "|" page "|" start_char "|" end_char) (spec 2). */
export function chunkId(documentId: string, page: number, startChar: number, endChar: number): string {
  return `chk_${sha256Hex(`${documentId}|${page}|${startChar}|${endChar}`).slice(0, 16)}`;
}

/** The vector store's point id of a chunk: UUID v5 of `chunk_id` (spec 2). */
export function pointId(chunk: string): string {
  return uuidV5(chunk, POINT_NAMESPACE);
}

/** Returns the id when it is a tenant id, throws `VALIDATION_ERROR` otherwise. */
export function checkTenantId(value: string): string {
  if (TENANT_ID.test(value)) return value;
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    'The tenant id must be 3 to 32 characters: a lower-case letter, then lower-case letters and digits.',
    {
      details: [{ field: 'tenant_id', constraint: String(TENANT_ID) }],
    },
  );
}
