import type { TenantConfig } from '../api/tenant-config.ts';
import type { Clock } from '../kernel/clock.ts';
import type { HoldScope } from '../kernel/holds.ts';
import type { Logger, Meter } from '../kernel/telemetry.ts';
import type { Embedder } from '../models/embedder/port.ts';
import type { ObjectStore } from '../stores/object/port.ts';
import type { JobQueue } from '../stores/queue/port.ts';
import type { RecordStore } from '../stores/record/port.ts';
import type { VectorStore } from '../stores/vector/port.ts';
import type { Parser } from './2-parse/sandbox/parse-file.ts';
import type { VectorIndexes } from './indexes.ts';

/**
 * The data plane of one tenant: its stores and nobody else's. Wired in `bin/wire/`; a function asks for the members it
 * uses (`Pick<DataPlane, 'records' | 'clock'>`), not for the whole.
 */
export interface DataPlane {
  readonly tenant_id: string;
  /** Sealed: every object at rest is an age file for the tenant's storage identity. */
  readonly objects: ObjectStore;
  readonly records: RecordStore;
  /** Of what is served. What is removed here goes from the index that is being built as well. */
  readonly vectors: VectorStore;
  readonly indexes: VectorIndexes;
  readonly queue: JobQueue;
  /**
   * What this tenant's texts and questions become vectors by: the model of its index, or the one that is named. Null, and
   * while nothing is indexed: the one that the tenant is pinned to, or the appliance's choice. Throws
   * `EMBEDDER_UNAVAILABLE` where that model is not there; another never stands in.
   */
  embedder(model?: string | null): Promise<Embedder>;
  readonly parser: Parser;
  readonly scanner: Scanner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** The tenant's current configuration. */
  config(): Promise<{ config: TenantConfig; config_version: number }>;
  /**
   * Scopes of the legal holds on a document that came with these batches: with one it stays. Throws where control cannot
   * be asked, and then nothing is erased.
   */
  holds(docId: string, batchIds: readonly string[]): Promise<HoldScope[]>;
  /** Whether the host's clock can be trusted to say that a document's time is over. Throws where nobody can tell. */
  isClockTrusted(): Promise<boolean>;
  /** Folder for unlinked temporary files, on the data disk. */
  readonly temporary: string;
}

/** Malware scan of a stream (spec 2 A, step 4). */
export interface Scanner {
  /** `skipped` when no scanner is configured: receipts say so. */
  readonly configured: boolean;
  begin(): Promise<Scan>;
  check(): Promise<void>;
}

export interface Scan {
  /** Resolves when the next chunk may come; `done` is called when the scan needs this one no more, if it gets there. */
  write(chunk: Uint8Array, done?: (chunk: Uint8Array) => void): Promise<void>;
  /** Throws `SERVICE_UNAVAILABLE` when the scanner does not answer: never "clean" by default. */
  end(): Promise<ScanVerdict>;
  abort(): void;
}

export type ScanVerdict =
  | { result: 'clean' | 'skipped' | 'unscannable' }
  | { result: 'quarantined'; signature: string };
