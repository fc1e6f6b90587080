import { API_CODES, type ApiCode, type ErrorCode, FrostbyteError } from '../kernel/errors.ts';
import { z } from './zod.ts';

/** The one place where an error becomes an HTTP answer (spec 4). */

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 503 | 507;

export const STATUS: Readonly<Record<ApiCode, ErrorStatus>> = Object.freeze({
  VALIDATION_ERROR: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_FILE_COUNT_MISMATCH: 400,
  DUPLICATE_FILE_ID: 400,
  CONFIRMATION_MISMATCH: 400,
  AUTHENTICATION_REQUIRED: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_REVOKED: 401,
  INSUFFICIENT_PERMISSIONS: 403,
  TENANT_SUSPENDED: 403,
  RESOURCE_NOT_FOUND: 404,
  TENANT_ALREADY_EXISTS: 409,
  INVALID_STATE_TRANSITION: 409,
  BATCH_ALREADY_EXISTS: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  QUOTA_EXCEEDED: 507,
});

/** What a code of the machinery is called to the outside. Codes not named here are our fault: 500. */
const OUTSIDE: Readonly<Partial<Record<ErrorCode, ApiCode>>> = Object.freeze({
  OBJECT_MISSING: 'RESOURCE_NOT_FOUND',
  STORE_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  STORE_READ_ONLY: 'SERVICE_UNAVAILABLE',
  STORE_CORRUPTED: 'SERVICE_UNAVAILABLE',
  KEY_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  EMBEDDER_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  PARSER_SANDBOX_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  DISK_FULL: 'QUOTA_EXCEEDED',
});

/** Seconds a client should wait where the error itself does not say. */
const DEFAULT_RETRY_AFTER = 5;

export const ErrorEnvelope = z
  .object({
    success: z.literal(false),
    error: z.object({
      code: z.enum(API_CODES),
      message: z.string(),
      details: z.array(
        z.object({
          field: z.string(),
          value: z.unknown().optional(),
          constraint: z.string(),
          file: z.string().optional(),
          remediation: z.string().optional(),
        }),
      ),
      request_id: z.string(),
    }),
  })
  .openapi('Error');

export interface HttpError {
  status: ErrorStatus;
  code: ApiCode;
  headers: Record<string, string>;
  body: z.infer<typeof ErrorEnvelope>;
}

/** Any thrown value as status, headers and envelope. What is not ours says nothing about its cause. */
export function toHttpError(error: unknown, requestId: string): HttpError {
  const known = error instanceof FrostbyteError ? error : undefined;
  const code = known ? outsideCode(known.code) : 'INTERNAL_ERROR';
  const status = STATUS[code];
  const headers: Record<string, string> = {};
  if (status === 429 || status === 503)
    headers['retry-after'] = String(Math.max(1, Math.ceil(known?.retryAfter ?? DEFAULT_RETRY_AFTER)));
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return {
    status,
    code,
    headers,
    body: {
      success: false,
      error: {
        code,
        message:
          known && code !== 'INTERNAL_ERROR'
            ? known.message
            : 'Something went wrong on our side. Nothing was lost; give the request id to whoever looks after the appliance.',
        details: known && code !== 'INTERNAL_ERROR' ? known.details : [],
        request_id: requestId,
      },
    },
  };
}

function outsideCode(code: ErrorCode): ApiCode {
  if ((API_CODES as readonly string[]).includes(code)) return code as ApiCode;
  return OUTSIDE[code] ?? 'INTERNAL_ERROR';
}
