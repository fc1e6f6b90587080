import type { BackupManifest } from '../../../bundle/backup/manifest.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import type { SealedPart } from './sealed-part.ts';

/** What a backup is made of, as it lies where tenants are kept: in files below the data folder, or on servers. */
export interface BackupSource {
  mode: BackupManifest['mode'];
  /** A tenant's stores, to be read. `temporary`: a folder for copies. Throws what the stores throw. */
  tenant(tenantId: string, temporary: string): Promise<TenantSource>;
  /** Writes a log, as it is now, into a SQLite file that is not there yet. */
  copyLog(logId: string, file: string): Promise<void>;
  /** The logs of tenants that there are, also of those that are gone. */
  logs(): Promise<string[]>;
  close(): Promise<void>;
}

/** One tenant's stores while they are copied: its ingestion goes on. */
export interface TenantSource {
  /** Adds the rows as they are at one moment. */
  addRows(part: SealedPart): Promise<CopiedRows>;
  /** Adds the vectors, where they are not made anew of the documents' own. */
  addVectors(part: SealedPart): Promise<void>;
  /** As the objects lie at rest. */
  objects: ObjectStore;
  /** Those of the documents that are not in the rows any more, or on their way out. */
  gone(docIds: readonly string[]): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** What the rows of a part say. */
export interface CopiedRows {
  documents: number;
  chunks: number;
  /** Each document with the objects that nobody can make anew. Until the source is closed. */
  named(): AsyncIterable<NamedObjects> | Iterable<NamedObjects>;
}

export interface NamedObjects {
  doc_id: string;
  storage_path: string;
  /** SHA-256 of the canonical document that is served; null where none is. */
  canonical: string | null;
}
