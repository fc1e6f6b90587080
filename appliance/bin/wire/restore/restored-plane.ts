import { servedVectors } from '../../../data/indexes.ts';
import type { DataPlane } from '../../../data/plane.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { shaped } from '../../../kernel/log-fields.ts';
import { tenantPaths } from '../../../kernel/names.ts';
import { silentLogger } from '../../../observability/logger.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { sealObjects } from '../../../secrets/sealed-objects.ts';
import { watchStorageKeys } from '../../../secrets/watch-storage-keys.ts';
import { objectTurns } from '../object-turns.ts';
import { closeStores } from '../plane-stores.ts';
import { searchThreads } from '../search-threads.ts';
import type { RestoredStores } from './restored-stores.ts';

/** A tenant's stores while it is restored: nothing serves them, and nobody works on them. */
export type RestoredPlane = Pick<
  DataPlane,
  'tenant_id' | 'objects' | 'records' | 'vectors' | 'indexes' | 'queue' | 'clock' | 'logger' | 'holds'
>;

/** Opens a restored tenant's stores for `work`, and closes them. */
export async function withRestoredPlane<T>(
  { dataFolder, root, clock, into }: { dataFolder: string; root: KeyPair; clock: Clock; into: RestoredStores },
  tenant_id: string,
  work: (plane: RestoredPlane) => Promise<T>,
): Promise<T> {
  const searching = searchThreads();
  const stores = await into.open(tenant_id, { clock, searching });
  try {
    const { objects, records, indexes, queue } = stores;
    return await work({
      tenant_id,
      objects: sealObjects(
        objects,
        watchStorageKeys(root, tenantPaths(dataFolder, tenant_id).secrets),
        objectTurns(tenant_id),
      ),
      records,
      indexes,
      vectors: servedVectors(records, indexes),
      queue,
      clock,
      logger: silentLogger.child('data-plane', shaped({ tenant_id })),
      // What is erased once more was erased when no hold kept it.
      holds: async () => [],
    });
  } finally {
    await searching.closeAll();
    await closeStores(stores);
  }
}
