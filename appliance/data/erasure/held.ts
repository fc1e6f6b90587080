import { FrostbyteError } from '../../kernel/errors.ts';
import type { DataPlane } from '../plane.ts';

type HoldingPlane = Pick<DataPlane, 'records' | 'holds'>;

/** The scopes of the holds on a document, of any of its batches. Throws where control cannot be asked. */
export async function holdsOn(plane: HoldingPlane, docId: string) {
  return plane.holds(docId, await plane.records.batchesOf(docId));
}

/** Throws `INVALID_STATE_TRANSITION` while a hold keeps the document. */
export async function refuseHeld(plane: HoldingPlane, docId: string): Promise<void> {
  const held = await holdsOn(plane, docId);
  if (held.length > 0) throw isHeld(held);
}

/** The refusal of an erasure that holds of these scopes block. */
export function isHeld(scopes: readonly string[]): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `The document is under a legal hold (${scopes.join(', ')}) and stays. An administrator can lift the hold.`,
    { details: scopes.map((value) => ({ field: 'hold', value, constraint: 'blocks the erasure' })) },
  );
}

/** What to tell whoever finds that another took the intent back. */
export async function takenBack(plane: HoldingPlane, docId: string): Promise<FrostbyteError> {
  const held = await holdsOn(plane, docId);
  if (held.length > 0) return isHeld(held);
  return new FrostbyteError('SERVICE_UNAVAILABLE', 'A hold came in between, and is lifted again. Ask once more.', {
    retryAfter: 1,
  });
}
