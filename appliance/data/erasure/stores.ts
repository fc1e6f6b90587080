import { sideBySide } from '../../kernel/side-by-side.ts';
import { OBJECT_PREFIXES, type ObjectStore } from '../../stores/object/port.ts';
import type { ErasureInventory } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';

type Stores = Pick<DataPlane, 'tenant_id' | 'objects' | 'records' | 'vectors' | 'queue'>;

/** Deletions at the same time: each is an unlink and a sync. */
const PARALLEL = 8;

/** What there is of a document outside its records. O(objects and vectors of the document). */
export async function inventory(plane: Stores, docId: string): Promise<ErasureInventory> {
  let objects = 0;
  let object_bytes = 0;
  for await (const { size } of objectsOf(plane, docId)) {
    objects++;
    object_bytes += size;
  }
  return { objects, object_bytes, vectors: await plane.vectors.countDocument(docId) };
}

/** Deletes the document's objects (every prefix, every version) and its vectors. Repeating it is harmless. */
export async function clearStores(plane: Stores, docId: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of objectsOf(plane, docId)) keys.push(key);
  await deleteAll(plane.objects, keys);
  await plane.vectors.removeDocument(docId);
}

/**
 * Looks at the stores again, and at the files behind rows and vectors. `verified`: what holds nothing of the document any
 * more; `left`: what still does.
 */
export async function whatIsLeft(plane: Stores, docId: string): Promise<{ verified: string[]; left: string[] }> {
  const looks: [name: string, isClear: () => Promise<boolean>][] = [
    ['objects', async () => (await objectsOf(plane, docId).next()).done === true],
    ['vectors', async () => (await plane.vectors.countDocument(docId)) === 0],
    ['queue', async () => (await plane.queue.withdraw(docId)) === 0],
    ['journals', async () => (await plane.records.scrub()) && (await plane.vectors.scrub())],
  ];
  const verified: string[] = [];
  const left: string[] = [];
  for (const [name, isClear] of looks) ((await isClear()) ? verified : left).push(name);
  return { verified, left };
}

/** Deletes objects, several at a time. */
export function deleteAll(objects: Pick<ObjectStore, 'delete'>, keys: readonly string[]): Promise<void> {
  return sideBySide(keys, PARALLEL, (key) => objects.delete(key));
}

/** Everything under a document's own prefixes, whatever the kind. */
export async function* objectsOf(
  { objects, tenant_id }: Pick<Stores, 'objects' | 'tenant_id'>,
  docId: string,
): AsyncGenerator<{ key: string; size: number }> {
  for (const prefix of OBJECT_PREFIXES) yield* objects.list(`${prefix}/${tenant_id}/${docId}/`);
}
