import { type ErrorDetail, type ErrorKind, FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import type { MetadataCondition, TextQuery } from '../../stores/record/port.ts';
import type { VectorSearch } from '../../stores/vector/port.ts';

/** What the daemon and its search threads tell each other. */

/** The stores of one tenant that a search reads. */
export interface SearchFiles {
  tenant_id: string;
  records: string;
  vectors: string;
}

export type SearchCall =
  | { verb: 'text'; query: TextQuery }
  | { verb: 'documents'; metadata: readonly MetadataCondition[]; limit: number }
  | { verb: 'vectors'; vector: Float32Array; options: VectorSearch }
  /** Closes the tenant's stores, behind every search that was asked before. */
  | { verb: 'close' };

export interface SearchRequest {
  id: number;
  files: SearchFiles;
  call: SearchCall;
}

export type SearchAnswer = { id: number } & ({ value: unknown } | { error: CarriedError });

interface CarriedError {
  code: FrostbyteError['code'];
  message: string;
  kind: ErrorKind;
  details: ErrorDetail[];
}

/** An error as it crosses between threads: without its class, and without what a library may have said. */
export function carry(error: unknown): CarriedError {
  if (isFrostbyteError(error)) {
    const { code, message, kind, details } = error;
    return { code, message, kind, details };
  }
  return { code: 'INTERNAL_ERROR', message: 'The search failed.', kind: 'fault', details: [] };
}

/** The error on the other side. */
export function carried({ code, message, kind, details }: CarriedError): FrostbyteError {
  return new FrostbyteError(code, message, { kind, details });
}
