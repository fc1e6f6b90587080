import type { Code, Shaped } from './log-fields.ts';

/**
 * One base error, a closed set of stable codes. Callers and tests switch on `code`; people read `message`.
 * The HTTP status and the exit code of each live only at the edges (`gateway/errors.ts`, `cli/exit.ts`).
 */

/** Codes of the HTTP API (spec 4). */
export const API_CODES = [
  'VALIDATION_ERROR',
  'MANIFEST_INVALID',
  'MANIFEST_FILE_COUNT_MISMATCH',
  'DUPLICATE_FILE_ID',
  'CONFIRMATION_MISMATCH',
  'AUTHENTICATION_REQUIRED',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'INSUFFICIENT_PERMISSIONS',
  'TENANT_SUSPENDED',
  'RESOURCE_NOT_FOUND',
  'TENANT_ALREADY_EXISTS',
  'INVALID_STATE_TRANSITION',
  'BATCH_ALREADY_EXISTS',
  'PAYLOAD_TOO_LARGE',
  'RATE_LIMIT_EXCEEDED',
  'INTERNAL_ERROR',
  'SERVICE_UNAVAILABLE',
  'QUOTA_EXCEEDED',
] as const;

/** Why one file of a batch was rejected or quarantined at intake (spec 2 A). */
export const FILE_CODES = [
  'UNSUPPORTED_FORMAT',
  'SIZE_EXCEEDED',
  'CHECKSUM_MISMATCH',
  'MALWARE_DETECTED',
  'METADATA_INVALID',
  'DOC_ID_COLLISION',
  'FILE_MISSING',
] as const;

/** Why a stage gave up on a document (spec 2 B, C, D). */
export const STAGE_CODES = [
  'FILE_CORRUPTED',
  'FILE_ENCRYPTED',
  'OCR_FAILED',
  'PARSER_TIMEOUT',
  'PARSER_MEMORY',
  'PARSER_ERROR',
  'PARSER_SANDBOX_UNAVAILABLE',
  'PII_BLOCK_POLICY',
  'INJECTION_DETECTED',
  'GATE_UNAVAILABLE',
  'DIMENSION_MISMATCH',
  'EMBEDDER_UNAVAILABLE',
  'INDEX_VERIFY_FAILED',
  'WORKER_LOST',
] as const;

/** What the machinery itself reports. */
export const SYSTEM_CODES = [
  'OBJECT_MISSING',
  'OBJECT_CORRUPTED',
  'STORE_UNAVAILABLE',
  'STORE_CORRUPTED',
  'STORE_READ_ONLY',
  'DISK_FULL',
  'DATA_FOLDER_IN_USE',
  'CONFIG_INVALID',
  'KEY_UNAVAILABLE',
  'AUDIT_CHAIN_BROKEN',
  'ISOLATION_VIOLATED',
  'OPERATION_RUNNING',
  'OPERATION_UNFINISHED',
  'OPERATION_FAILED',
  'PREFLIGHT_FAILED',
] as const;

/** Why a bundle, or what belongs to one, is refused (spec 7). */
export const BUNDLE_CODES = [
  'BUNDLE_SIGNATURE_MISSING',
  'BUNDLE_SIGNATURE_INVALID',
  'BUNDLE_SIGNER_UNKNOWN',
  'BUNDLE_SIGNER_OUTDATED',
  'BUNDLE_SIGNER_REVOKED',
  'BUNDLE_SIGNERS_INVALID',
  'BUNDLE_MANIFEST_INVALID',
  'BUNDLE_PATH_REFUSED',
  'BUNDLE_TAR_INVALID',
  'BUNDLE_LINK_REFUSED',
  'BUNDLE_PATH_UPWARD',
  'BUNDLE_PATH_ABSOLUTE',
  'BUNDLE_PATH_TWICE',
  'BUNDLE_PATH_CASE',
  'BUNDLE_TOO_LARGE',
  'BUNDLE_LISTS_DIFFER',
  'BUNDLE_FILE_MISSING',
  'BUNDLE_FILE_EXTRA',
  'BUNDLE_FILE_RENAMED',
  'BUNDLE_FILE_TRUNCATED',
  'BUNDLE_FILE_PADDED',
  'BUNDLE_FILE_ALTERED',
  'BUNDLE_PART_MISSING',
  'BUNDLE_PART_SWAPPED',
  'BUNDLE_MEDIUM_FAILED',
  'BUNDLE_MEDIUM_CHANGED',
  'BUNDLE_WRONG_ARCHITECTURE',
  'BUNDLE_OLDER',
] as const;

export type ApiCode = (typeof API_CODES)[number];
export type FileCode = (typeof FILE_CODES)[number];
export type StageCode = (typeof STAGE_CODES)[number];
export type SystemCode = (typeof SYSTEM_CODES)[number];
export type BundleCode = (typeof BUNDLE_CODES)[number];
export type ErrorCode = ApiCode | FileCode | StageCode | SystemCode | BundleCode;

/**
 * What happens next. `caller`: the caller's mistake, mend the input. `later`: try again, nothing is wrong with the
 * input. `never`: trying again cannot help. `fault`: our defect.
 */
export type ErrorKind = 'caller' | 'later' | 'never' | 'fault';

/** One field-level complaint, as the API's error envelope shows it. Holds no document content. */
export interface ErrorDetail {
  field: string;
  value?: unknown;
  constraint: string;
  /** Of a file of a batch: what its sender calls it. */
  file?: string;
  /** What to do about it, where the constraint does not say. */
  remediation?: string;
}

export interface ErrorOptions {
  kind?: ErrorKind;
  details?: ErrorDetail[];
  /** Seconds after which a retry makes sense (`Retry-After`). */
  retryAfter?: number;
  cause?: unknown;
}

const CALLER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...API_CODES.filter((code) => !['INTERNAL_ERROR', 'SERVICE_UNAVAILABLE', 'RATE_LIMIT_EXCEEDED'].includes(code)),
  ...FILE_CODES,
  'CONFIG_INVALID',
  'OPERATION_UNFINISHED',
  'PREFLIGHT_FAILED',
]);
const LATER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVICE_UNAVAILABLE',
  'RATE_LIMIT_EXCEEDED',
  'STORE_UNAVAILABLE',
  'GATE_UNAVAILABLE',
  'EMBEDDER_UNAVAILABLE',
  'INDEX_VERIFY_FAILED',
  'PARSER_SANDBOX_UNAVAILABLE',
  'WORKER_LOST',
  'DISK_FULL',
  'OPERATION_RUNNING',
  'PARSER_TIMEOUT',
  'PARSER_MEMORY',
  'PARSER_ERROR',
  'OCR_FAILED',
]);
const NEVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FILE_CORRUPTED',
  'FILE_ENCRYPTED',
  'DIMENSION_MISMATCH',
  'PII_BLOCK_POLICY',
  'INJECTION_DETECTED',
  'OBJECT_CORRUPTED',
  'STORE_CORRUPTED',
  ...BUNDLE_CODES,
]);

function defaultKind(code: ErrorCode): ErrorKind {
  if (CALLER.has(code)) return 'caller';
  if (LATER.has(code)) return 'later';
  if (NEVER.has(code)) return 'never';
  return 'fault';
}

/** The one error class. `message` is safe to show: it never holds document text, PII, a query or a secret. */
export class FrostbyteError extends Error {
  override readonly name = 'FrostbyteError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly details: ErrorDetail[];
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = options.kind ?? defaultKind(code);
    this.details = options.details ?? [];
    this.retryAfter = options.retryAfter;
  }
}

/** True when `error` is ours and carries one of `codes` (any code when none is given). */
export function isFrostbyteError(error: unknown, ...codes: ErrorCode[]): error is FrostbyteError {
  return error instanceof FrostbyteError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * Where an error came from, safe to log: its code or errno name, and file and line of its nearest frames in our own
 * code. The message is left out, because a library may have put content into it.
 */
export function codeFrames(error: unknown): { code: Code; frames: Shaped<'frames'> } {
  const frames: string[] = [];
  let code: Code = 'INTERNAL_ERROR';
  for (let at = error; at instanceof Error && frames.length < 6; at = at.cause) {
    const own = (at as { code?: unknown }).code;
    if (typeof own === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(own)) code = own as Code;
    for (const [, place] of (at.stack ?? '').matchAll(/((?:appliance|dist)\/[\w./-]{1,80}:\d+):\d+\)?$/gm))
      frames.push(place!);
  }
  return { code, frames: frames.slice(0, 6).join(' < ') as Shaped<'frames'> };
}
