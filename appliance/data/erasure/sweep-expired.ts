import { isFrostbyteError } from '../../kernel/errors.ts';
import type { ExpiredDocument, RecordStore } from '../../stores/record/port.ts';
import { type ErasingPlane, eraseDocument } from './erase-document.ts';
import { holdsOn } from './held.ts';

const PAGE = 50;
/** The longest one round takes, in milliseconds; the next goes on from there. */
const ROUND_MS = 5000;

/** Where the last round stopped, so that documents under a hold, which stay at the head of the list, block nobody. */
const PLACES = new WeakMap<RecordStore, ExpiredDocument | null>();

/**
 * Erases documents whose time of retention is over and which no hold keeps, with RETENTION_EXPIRED and DOCUMENT_DELETED
 * (spec 3). Bounded by `roundMs`. Answers how many went or began to go.
 */
export async function sweepExpired(plane: ErasingPlane, roundMs = ROUND_MS): Promise<number> {
  const { records, clock } = plane;
  const deadline = performance.now() + roundMs;
  let count = 0;
  for (;;) {
    const expired = await records.expired(clock.iso(), PLACES.get(records) ?? null, PAGE);
    for (const document of expired) {
      if (performance.now() >= deadline) return count;
      if (await eraseExpired(plane, document.doc_id)) count++;
      PLACES.set(records, document);
    }
    if (expired.length < PAGE) {
      PLACES.set(records, null);
      return count;
    }
  }
}

/** False where a hold keeps it, or somebody else erased it. */
async function eraseExpired(plane: ErasingPlane, docId: string): Promise<boolean> {
  if ((await holdsOn(plane, docId)).length > 0) return false;
  const request = {
    doc_id: docId,
    cause: 'retention',
    reason: 'the time of retention is over',
    requested_by: 'system',
  } as const;
  try {
    await eraseDocument(plane, request, 0);
    return true;
  } catch (error) {
    if (isFrostbyteError(error, 'INVALID_STATE_TRANSITION', 'RESOURCE_NOT_FOUND')) return false;
    throw error;
  }
}
