import { setTimeout as wait } from 'node:timers/promises';
import { auditEntry } from '../../audit/entry.ts';
import type { AuditEntry } from '../../kernel/audit-event.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { BlankedBeside } from '../../stores/record/port.ts';
import type { ErasureRow } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';
import { settleBatch } from '../settle.ts';
import { holdsOn, isHeld, refuseHeld, takenBack } from './held.ts';
import { inTurn } from './in-turn.ts';
import { clearStores, inventory, whatIsLeft } from './stores.ts';

export type ErasingPlane = Pick<
  DataPlane,
  'tenant_id' | 'objects' | 'records' | 'vectors' | 'queue' | 'clock' | 'logger' | 'holds'
>;

export interface EraseRequest {
  doc_id: string;
  cause: ErasureRow['cause'];
  reason: string;
  requested_by: string;
}

/** How long a caller waits for workers that are at the document, in milliseconds: a stage notices within a second. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 50;
/** Times that the stores are cleared and looked at before it is left for later. */
const TRIES = 3;

/**
 * Erases a document (spec 3): intent, holds, every store, a second look at each, and one transaction that leaves the
 * deletion receipt. Answers `completed`, or `pending` where a worker does not let go of the document within `patienceMs`
 * or a reader holds a file back: then, as after a crash, maintenance goes on with it. Throws `RESOURCE_NOT_FOUND`,
 * `INVALID_STATE_TRANSITION` for a held document, and what the stores throw; a pending erasure is carried on by the next
 * call, too.
 */
export async function eraseDocument(
  plane: ErasingPlane,
  request: EraseRequest,
  patienceMs = PATIENCE_MS,
): Promise<ErasureRow> {
  const { records, clock } = plane;
  const isPending = (await records.erasing([request.doc_id])).length > 0;
  if (!isPending) {
    if ((await records.document(request.doc_id)) === null) throw await notThere(plane, request.doc_id);
    // Asked before, too, so that a held document does not vanish for the moment of the question.
    await refuseHeld(plane, request.doc_id);
  }
  const erasure = await records.beginErasure({
    ...request,
    deletion_receipt_id: newId(),
    requested_at: clock.iso(),
  });
  if (erasure === null) throw await notThere(plane, request.doc_id);
  return carryErasure(plane, erasure, patienceMs);
}

/**
 * Carries a pending erasure to its end, from wherever it stands. Answers and throws as `eraseDocument` does. One at a time
 * for a document, and only while it is pending: once it is completed the same bytes may be there again.
 */
export function carryErasure(
  plane: ErasingPlane,
  { deletion_receipt_id, doc_id }: Pick<ErasureRow, 'deletion_receipt_id' | 'doc_id'>,
  patienceMs = 0,
): Promise<ErasureRow> {
  return inTurn(plane.records, doc_id, async () => {
    const erasure = await plane.records.erasure(deletion_receipt_id);
    if (erasure === null) throw await takenBack(plane, doc_id);
    return erasure.status === 'completed' ? erasure : carry(plane, erasure, patienceMs);
  });
}

async function carry(plane: ErasingPlane, erasure: ErasureRow, patienceMs: number): Promise<ErasureRow> {
  const { records, clock } = plane;
  const { deletion_receipt_id: id, doc_id } = erasure;
  const now = async (): Promise<ErasureRow> => (await records.erasure(id)) ?? erasure;
  if (erasure.decided_at === null) await decide(plane, erasure);
  if (!(await workersLetGo(plane, doc_id, patienceMs))) return now();
  const counted = erasure.inventory ?? (await records.noteInventory(id, await inventory(plane, doc_id)))?.inventory;
  for (let left = 1; left <= TRIES; left++) {
    await clearStores(plane, doc_id);
    const cleared = await records.clearRows(id);
    if (cleared === null) return now();
    const { verified, left: remains } = await whatIsLeft(plane, doc_id);
    if (remains.length > 0) continue;
    const done = await records.completeErasure(id, {
      verified: [...verified, 'rows', 'full_text', 'dead_letters'],
      entries: (beside) => entriesOf(plane, { ...cleared, inventory: counted ?? null }, beside),
      at: clock.iso(),
    });
    if (done === null) return now();
    // The last transaction left something too: names, and the document's row. Where a reader holds it, maintenance goes on.
    await records.scrub();
    // A batch whose last file under way this was.
    for (const batchId of done.batches) await settleBatch(plane, batchId);
    return done.erasure;
  }
  return now();
}

/**
 * Asks for holds now that the intent is written, so that a hold and an erasure never both win: whoever sets a hold looks
 * for the intent behind it.
 */
async function decide(plane: ErasingPlane, { deletion_receipt_id: id, doc_id }: ErasureRow): Promise<void> {
  const { records, clock } = plane;
  const held = await holdsOn(plane, doc_id);
  if (held.length > 0) {
    await records.takeBackErasure(id);
    throw isHeld(held);
  }
  if (!(await records.decideErasure(id, clock.iso()))) throw await takenBack(plane, doc_id);
}

/** Waits until nobody works on the document: what a stage writes must not come after the deletion. */
async function workersLetGo(
  { queue, records, clock }: ErasingPlane,
  docId: string,
  patienceMs: number,
): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while ((await queue.withdraw(docId)) > 0 || (await records.isReindexing(docId, clock.iso()))) {
    if (performance.now() >= deadline) return false;
    await wait(LOOK_MS);
  }
  return true;
}

function entriesOf(
  plane: ErasingPlane,
  erasure: ErasureRow,
  { refused_files, emptied_batches }: BlankedBeside,
): AuditEntry[] {
  const {
    deletion_receipt_id,
    doc_id,
    cause,
    reason,
    requested_by,
    retention_until,
    inventory: found,
    removed,
  } = erasure;
  const about = { tenant_id: plane.tenant_id, actor: requested_by, resource_id: doc_id };
  const deleted = auditEntry(plane.clock, 'DOCUMENT_DELETED', {
    ...about,
    adds: {
      deletion_receipt_id,
      cause,
      reason,
      objects: found?.objects ?? 0,
      vectors: found?.vectors ?? 0,
      chunks: removed.chunks,
      dead_letters: removed.dead_letters,
      ...(refused_files.length > 0 ? { refused_files } : {}),
      ...(emptied_batches.length > 0 ? { emptied_batches } : {}),
    },
  });
  if (cause === 'request') return [deleted];
  return [auditEntry(plane.clock, 'RETENTION_EXPIRED', { ...about, adds: { retention_until } }), deleted];
}

async function notThere({ records }: ErasingPlane, docId: string): Promise<FrostbyteError> {
  const [last] = (await records.erasures({ doc_id: docId, limit: 1 })).rows;
  if (last === undefined) return new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such document.');
  return new FrostbyteError('RESOURCE_NOT_FOUND', 'The document was erased before; its deletion receipt is kept.', {
    details: [
      { field: 'deletion_receipt_id', value: last.deletion_receipt_id, constraint: 'the receipt of its erasure' },
    ],
  });
}
