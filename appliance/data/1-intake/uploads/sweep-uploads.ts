import { auditEntry } from '../../../audit/entry.ts';
import { codeFrames } from '../../../kernel/errors.ts';
import { shaped } from '../../../kernel/log-fields.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import { uploadPrefix } from '../../keys.ts';
import type { UploadPlane } from './limits.ts';

/** Uploads that are ended at a time. */
const AT_A_TIME = 100;
/** Longer than any segment waits between its commit and its row. */
const GRACE_MS = 3_600_000;

/** When an object that no segment names was first noticed, per store. Lost with the process. */
const NOTICED = new WeakMap<ObjectStore, Map<string, number>>();

/**
 * Ends uploads whose time is over, and removes objects that belong to none: those of an upload that was taken or ended
 * before a crash, and those that a killed request wrote without recording them. Repeats harmlessly. Answers how many
 * uploads and objects went. O(objects of uploads).
 */
export async function sweepUploads(plane: UploadPlane): Promise<{ uploads: number; objects: number }> {
  return { uploads: await endExpired(plane), objects: await removeLeftovers(plane) };
}

async function endExpired(plane: UploadPlane): Promise<number> {
  const { tenant_id, records, clock } = plane;
  let ended = 0;
  for (;;) {
    const expired = await records.expiredUploads(clock.iso(), AT_A_TIME);
    let gone = 0;
    for (const { upload_id, state, length, received, expires_at } of expired) {
      const entry = auditEntry(clock, 'UPLOAD_DELETED', {
        tenant_id,
        actor: 'system',
        resource_id: upload_id,
        adds: { size_bytes: length, received_bytes: received, cause: 'expired' },
      });
      // What a batch took has become documents: that its row goes is nothing to tell.
      if (await records.endUpload(upload_id, state === 'taken' ? [] : [entry], expires_at)) gone++;
    }
    ended += gone;
    if (expired.length < AT_A_TIME || gone === 0) return ended;
  }
}

async function removeLeftovers(plane: UploadPlane): Promise<number> {
  const { tenant_id, objects, records, clock } = plane;
  const before = NOTICED.get(objects) ?? new Map<string, number>();
  const now = new Map<string, number>();
  NOTICED.set(objects, now);
  let removed = 0;
  let current = '';
  /** Keys that belong to the current upload; null where all must go. */
  let kept: ReadonlySet<string> | null = null;
  for await (const { key } of objects.list(`uploads/${tenant_id}/`)) {
    const id = key.split('/')[2] ?? '';
    if (id !== current) {
      current = id;
      kept = await keysOf(records, id);
    }
    if (kept?.has(key)) continue;
    const since = before.get(key) ?? clock.now();
    // Of an upload that ended nothing is written any more, or whoever does it takes it away again.
    if (kept !== null && clock.now() - since < GRACE_MS) now.set(key, since);
    else {
      await objects.delete(key);
      removed++;
    }
  }
  return removed;
}

async function keysOf(records: UploadPlane['records'], uploadId: string): Promise<ReadonlySet<string> | null> {
  const upload = await records.upload(uploadId);
  if (upload === null || upload.state === 'taken') return null;
  return new Set((await records.uploadSegments(uploadId)).map(({ object_key }) => object_key));
}

/**
 * Removes every object of an upload that ended. Never throws: it has ended whatever the store says, and what is left the
 * sweep finds. O(segments).
 */
export async function removeObjects(
  { tenant_id, objects, logger }: Pick<UploadPlane, 'tenant_id' | 'objects' | 'logger'>,
  uploadId: string,
): Promise<void> {
  try {
    const keys: string[] = [];
    for await (const { key } of objects.list(uploadPrefix(tenant_id, uploadId))) keys.push(key);
    for (const key of keys) await objects.delete(key);
  } catch (error) {
    logger.warn('objects of an upload wait for the sweep', { ...shaped({ tenant_id }), ...codeFrames(error) });
  }
}
