import { type ErrorCode, type ErrorDetail, type ErrorKind, FrostbyteError, isFrostbyteError } from './errors.ts';

/** An error as it crosses between threads or processes: without its class, and without what a library may have said. */
export interface CarriedError {
  code: ErrorCode;
  message: string;
  kind: ErrorKind;
  details: ErrorDetail[];
  retryAfter?: number;
}

/** The error as plain data. One that is not ours says `failed` and nothing else. */
export function carry(error: unknown, failed: string): CarriedError {
  if (!isFrostbyteError(error)) return { code: 'INTERNAL_ERROR', message: failed, kind: 'fault', details: [] };
  const { code, message, kind, details, retryAfter } = error;
  return { code, message, kind, details, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** The error on the other side. */
export function carried({ code, message, kind, details, retryAfter }: CarriedError): FrostbyteError {
  return new FrostbyteError(code, message, { kind, details, ...(retryAfter === undefined ? {} : { retryAfter }) });
}
