import type { ObjectDraft, ObjectStore } from '../../stores/object/port.ts';
import { refuseWithoutRoom } from './refusals.ts';

/** How many bytes of a draft go by between two looks at the disk: so much may it take of the reserve, beside others alike. */
export const LOOK_BYTES = 8 << 20;

/**
 * A draft for what comes from outside. Whatever was announced, and whoever writes beside it: it looks at the disk again as
 * it grows, and takes no more once the reserve is reached that keeps databases on that disk alive (spec 3, "low disk"). It
 * then throws `QUOTA_EXCEEDED`; what the store throws passes through.
 */
export async function beginWithRoom(objects: Pick<ObjectStore, 'begin' | 'room'>): Promise<ObjectDraft> {
  const draft = await objects.begin();
  let unseen = LOOK_BYTES;
  return {
    async write(chunk, done) {
      unseen += chunk.length;
      if (unseen >= LOOK_BYTES) {
        unseen = 0;
        await refuseWithoutRoom(objects, 0);
      }
      await draft.write(chunk, done);
    },
    end: () => draft.end(),
    commit: (key) => draft.commit(key),
    abort: () => draft.abort(),
  };
}
