import { codeFrames, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { ExpiredDocument, RecordStore } from '../../stores/record/port.ts';
import { type ErasingPlane, eraseDocument } from './erase-document.ts';
import { holdsOn } from './held.ts';

const PAGE = 50;
/** The longest one round takes, in milliseconds; the next goes on from there. */
const ROUND_MS = 5000;
/** Erased at the same time: they share the pass over the files behind rows and vectors, which costs most. */
const TOGETHER = 8;
/** So many documents in a row that cannot be erased are no trouble of theirs: the stores, or control, are away. */
const FAILURES_IN_A_ROW = 3;

/** Where the last round stopped, so that documents under a hold, which stay at the head of the list, block nobody. */
const PLACES = new WeakMap<RecordStore, ExpiredDocument | null>();

export interface SweepOptions {
  roundMs?: number;
  /** True once the tenant is suspended: the sweep rests then, at once (spec 3). */
  halted?: () => boolean;
  /** Whether the host's clock can be trusted to say that a time is over; where not, the sweep rests. */
  isClockTrusted?: () => Promise<boolean>;
}

/**
 * Erases documents whose time of retention is over and which no hold keeps, with RETENTION_EXPIRED and DOCUMENT_DELETED
 * (spec 3). Bounded by `roundMs`. One that cannot be erased now is passed over until a later round. Answers how many went
 * or began to go. Throws what the stores throw when that is not one document's trouble.
 */
export async function sweepExpired(
  plane: ErasingPlane,
  { roundMs = ROUND_MS, halted = () => false, isClockTrusted = async () => true }: SweepOptions = {},
): Promise<number> {
  const { records, clock } = plane;
  const deadline = performance.now() + roundMs;
  let count = 0;
  let failures = 0;
  for (;;) {
    // A clock that was set back is believed here, though time does not run backwards elsewhere.
    const now = Math.min(clock.now(), clock.host?.() ?? Number.POSITIVE_INFINITY);
    const expired = await records.expired(new Date(now).toISOString(), PLACES.get(records) ?? null, PAGE);
    // Asked where it matters alone: control may be away while there is nothing to do.
    if (expired.length > 0 && !(await isClockTrusted())) return count;
    for (let at = 0; at < expired.length; at += TOGETHER) {
      if (performance.now() >= deadline || halted()) return count;
      const some = expired.slice(at, at + TOGETHER);
      const outcomes = await Promise.allSettled(some.map(({ doc_id }) => eraseExpired(plane, doc_id)));
      for (const [n, outcome] of outcomes.entries()) {
        if (outcome.status === 'fulfilled') {
          if (outcome.value) count++;
          failures = 0;
          continue;
        }
        if (++failures === FAILURES_IN_A_ROW) throw outcome.reason;
        plane.logger.warn('a document whose time is over waits', {
          ...shaped({ tenant_id: plane.tenant_id, doc_id: some[n]!.doc_id }),
          ...codeFrames(outcome.reason),
        });
      }
      PLACES.set(records, some.at(-1)!);
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
