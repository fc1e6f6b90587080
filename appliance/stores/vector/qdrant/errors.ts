import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import { tlsRefusal } from '../../../kernel/server-tls.ts';

type Told = readonly [code: FrostbyteError['code'], message: string];

/** What the server says, by what its answer holds; the first match wins. */
const BY_TEXT: readonly (readonly [RegExp, ...Told])[] = [
  [/No space left on device|disk is full/i, 'DISK_FULL', 'The disk of the vector index is full.'],
  [/Vector dimension error/, 'DIMENSION_MISMATCH', 'A vector does not have the dimensions of the collection.'],
  [
    /ExpiredSignature|InvalidSignature/,
    'STORE_UNAVAILABLE',
    'Qdrant refuses the token: it has expired or is not its own.',
  ],
];

const BY_STATUS: Readonly<Record<number, Told>> = {
  401: ['STORE_UNAVAILABLE', 'Qdrant refuses the token: it was revoked or replaced.'],
  403: ['ISOLATION_VIOLATED', 'Qdrant does not open this collection to the token. Compare its claims.'],
  404: ['STORE_UNAVAILABLE', 'The tenant’s collection is missing. Restore it from a backup.'],
  408: ['STORE_UNAVAILABLE', 'Qdrant took too long.'],
  429: ['STORE_UNAVAILABLE', 'Qdrant has too much to do.'],
};

const AWAY = 'Qdrant does not answer. See whether its container runs.';

/**
 * What the caller of the vector index gets for `error`: one of ours unchanged, answers and broken connections
 * translated, and everything else (a defect) as `INTERNAL_ERROR`, always with the original as `cause`.
 */
export function qdrantError(error: unknown): FrostbyteError {
  if (isFrostbyteError(error)) return error;
  const status = statusOf(error);
  if (status === null) {
    const refusal = tlsRefusal(error, 'Qdrant');
    if (refusal !== null) return new FrostbyteError('STORE_UNAVAILABLE', refusal, { cause: error });
    const code = isTransport(error) ? 'STORE_UNAVAILABLE' : 'INTERNAL_ERROR';
    const message = code === 'INTERNAL_ERROR' ? 'The vector index gave an answer that cannot be read.' : AWAY;
    return new FrostbyteError(code, message, { cause: error });
  }
  const text = JSON.stringify((error as { data?: unknown }).data ?? '');
  const told = BY_TEXT.find(([pattern]) => pattern.test(text))?.slice(1) as Told | undefined;
  const [code, message] =
    told ??
    BY_STATUS[status] ??
    (status >= 500
      ? (['STORE_UNAVAILABLE', 'Qdrant failed at this request.'] as const)
      : (['INTERNAL_ERROR', 'Qdrant refused a request that should be well formed.'] as const));
  return new FrostbyteError(code, message, { cause: error });
}

/** Whether an error says that the server is unwell, rather than that it refused this one request. */
export function isUnwell(error: unknown): boolean {
  if (!isFrostbyteError(error, 'STORE_UNAVAILABLE')) return false;
  const status = statusOf(error.cause);
  return status === null || status === 408 || status === 429 || status >= 500;
}

function statusOf(error: unknown): number | null {
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' ? status : null;
}

/** `fetch failed`, a timeout, or an end in the middle of an answer. */
function isTransport(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return (
    error instanceof TypeError ||
    (typeof code === 'string' && /^(?:UND_ERR|E[A-Z])/.test(code)) ||
    /^(?:QdrantClientTimeoutError|QdrantClientResourceExhaustedError|AbortError)$/.test(
      (error as Error | null)?.name ?? '',
    )
  );
}
