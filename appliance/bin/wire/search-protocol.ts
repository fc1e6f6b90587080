import type { CarriedError } from '../../kernel/carry-error.ts';
import type { MetadataCondition, TextQuery } from '../../stores/record/port.ts';
import type { VectorSearch } from '../../stores/vector/port.ts';

/** What the daemon and its search threads tell each other. */

/** The files of one tenant that a search reads. What a server keeps is searched there. */
export interface SearchFiles {
  tenant_id: string;
  records: string | null;
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
