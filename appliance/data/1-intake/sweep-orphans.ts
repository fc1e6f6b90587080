import type { Clock } from '../../kernel/clock.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import type { RecordStore } from '../../stores/record/port.ts';

/** Longer than any request takes between its first commit and its transaction. */
const GRACE_MS = 3_600_000;

/** When an object without a document was first noticed, per store: the port tells no age. Lost with the process. */
const NOTICED = new WeakMap<ObjectStore, Map<string, number>>();

/**
 * Removes what a crash in the middle of an intake left: raw and quarantined objects that no document points to and that
 * were seen so an hour ago already, and drafts as old. Returns how many went. O(objects under raw/ and quarantine/).
 */
export async function sweepOrphans(plane: {
  tenant_id: string;
  objects: ObjectStore;
  records: Pick<RecordStore, 'document' | 'erasing'>;
  clock: Clock;
}): Promise<{ objects: number; drafts: number }> {
  const { objects, records, clock, tenant_id } = plane;
  const before = NOTICED.get(objects) ?? new Map<string, number>();
  const now = new Map<string, number>();
  NOTICED.set(objects, now);
  let removed = 0;
  for (const prefix of [`raw/${tenant_id}/`, `quarantine/${tenant_id}/`]) {
    for await (const { key } of objects.list(prefix)) {
      const docId = key.split('/')[2] ?? '';
      if ((await records.document(docId))?.storage_path === key) continue;
      // Its erasure may still be taken back, and deletes what there is otherwise.
      if ((await records.erasing([docId])).length > 0) continue;
      const since = before.get(key) ?? clock.now();
      if (clock.now() - since < GRACE_MS) now.set(key, since);
      else {
        await objects.delete(key);
        removed++;
      }
    }
  }
  return { objects: removed, drafts: await objects.sweepDrafts(GRACE_MS) };
}
