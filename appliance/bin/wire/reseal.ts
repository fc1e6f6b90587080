import type { ResealedObject } from '../../control/provisioning/port.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import type { StorageKeys } from '../../secrets/port.ts';
import { opensWith, resealObject } from '../../secrets/reseal-object.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import type { ObjectKeys } from './tenant-plane.ts';

/**
 * Seals each object of a store (as it lies at rest, unopened) behind `after` for the newest storage identity, in the order
 * of the keys; these are asked for with every object. In the process that deletes objects of the tenant, or while none
 * does: both take turns.
 */
export async function* resealStore(
  store: ObjectStore,
  { keys, turns }: ObjectKeys,
  after: string | null,
): AsyncGenerator<ResealedObject> {
  for await (const { key, size } of store.list('')) {
    if (after !== null && key <= after) continue;
    const outcome = await resealObject(store, await keys(), turns, key).catch((error: unknown) => {
      if (isFrostbyteError(error, 'OBJECT_CORRUPTED', 'KEY_UNAVAILABLE')) return 'failed' as const;
      throw error;
    });
    yield { key, bytes: size, outcome };
  }
}

/** Whether some object of a store is opened by none of these identities. O(objects). */
export async function needsAnother(store: ObjectStore, identities: StorageKeys['identities']): Promise<boolean> {
  for await (const { key } of store.list('')) {
    const opens = await opensWith(store, identities, key).catch((error: unknown) => {
      // Deleted meanwhile, or no age file: no key would open it.
      if (isFrostbyteError(error, 'OBJECT_MISSING', 'OBJECT_CORRUPTED')) return true;
      throw error;
    });
    if (!opens) return true;
  }
  return false;
}
