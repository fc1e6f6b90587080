import type { EmbeddedStores, PlaneStores } from '../../api/plane/handover.ts';
import type { VectorIndexes } from '../../data/indexes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { besideFile } from '../../kernel/names.ts';
import { openFilesystemObjects } from '../../stores/object/filesystem.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import type { JobQueue } from '../../stores/queue/port.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import type { VectorStore } from '../../stores/vector/port.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import { recordsSearchedBy, type SearchThreads, vectorsSearchedBy } from './search-threads.ts';

/** One tenant's stores, open. */
export interface OpenStores {
  /** As the objects lie at rest: sealed, and nobody opens them here. */
  objects: ObjectStore;
  records: RecordStore;
  /** Both vector indexes, by number. */
  indexes: VectorIndexes;
  queue: JobQueue;
}

export interface OpeningStores {
  clock: Clock;
  searching: SearchThreads;
  /** Free bytes on the data disk that intake leaves; undefined: the store's own measure. */
  reserveBytes: number | undefined;
  /** How long a worker's lease usually lasts. */
  leaseMs: number;
  /** What may still be written, where only control can tell (spec 3, "low disk"). */
  room(): Promise<number>;
  /** Whose pools they are: a data plane's own, or a worker's. */
  opener: 'plane' | 'worker';
}

/**
 * Opens what a tenant's plane was handed. Throws what the adapters throw; then nothing is left open. Server stores are
 * reached when they are first used, but for the records, whose version is looked at first.
 */
export async function openPlaneStores(
  tenantId: string,
  stores: PlaneStores,
  options: OpeningStores,
): Promise<OpenStores> {
  if (stores.kind === 'embedded') return openEmbeddedStores(tenantId, stores, options);
  // Loaded here alone: the servers' clients are half of all code, and no appliance on files needs one.
  const { openStackStores } = await import('./stack-plane-stores.ts');
  return openStackStores(tenantId, stores, options);
}

function openEmbeddedStores(
  tenant_id: string,
  stores: EmbeddedStores,
  { clock, searching, reserveBytes }: OpeningStores,
): OpenStores {
  // Files are scanned by threads of their own, so that others are answered meanwhile.
  const searcher = searching.of({ tenant_id, records: stores.records, vectors: stores.vectors });
  const appliedAt = clock.iso();
  return {
    objects: openFilesystemObjects(stores.objects, reserveBytes === undefined ? {} : { reserveBytes }),
    records: recordsSearchedBy(openSqliteRecords(stores.records, { tenant_id, clock }), searcher),
    indexes: fileIndexes(stores.vectors, (file) =>
      vectorsSearchedBy(
        openSqliteVectors(file, { appliedAt }),
        searching.of({ tenant_id, records: stores.records, vectors: file }),
      ),
    ),
    queue: openSqliteQueue(stores.queue, { clock }),
  };
}

/** Both vector indexes of a tenant in files beside each other. */
export function fileIndexes(file: string, open: (file: string) => VectorStore): VectorIndexes {
  return [open(file), open(besideFile(file))];
}

/** Closes all of them, also where one cannot be closed. */
export async function closeStores({
  objects,
  records,
  indexes,
  queue,
}: Pick<OpenStores, 'objects' | 'records' | 'indexes' | 'queue'>): Promise<void> {
  await Promise.all([objects, records, ...indexes, queue].map((store) => store.close()));
}
