import { codeFrames, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import type { ErasureRow } from '../../stores/record/rows.ts';
import { carryErasure, type ErasingPlane } from './erase-document.ts';
import { deleteAll, objectsOf } from './stores.ts';

/** Erasures looked at in one go. */
const PAGE = 100;
/**
 * When an erasure is looked after: a worker that stood still while its lease ran out, and then wrote, has noticed long
 * before.
 */
const SETTLED_AFTER_MS = 15 * 60_000;

/** The files are scrubbed at least so long apart, and a hundred times as long as it took: 1 % of the time at most. */
const SCRUB_MS = 30_000;
const TIMES = 100;
/** When the files behind a tenant's stores are due: right after a start, and from then on now and then. */
const DUE = new WeakMap<RecordStore, number>();

/**
 * What keeps erasures whole: pending ones, left by a crash or by a worker that did not let go, are carried on; the
 * files behind rows and vectors are scrubbed of what a killed process left, and of texts that a new run replaced; and
 * completed ones are looked after once more. One that fails does not keep the others from going on.
 */
export async function carryErasures(plane: ErasingPlane): Promise<void> {
  const { records, clock } = plane;
  for (let after: string | null = null; ; ) {
    const pending = await records.pendingErasures(after, PAGE);
    for (const erasure of pending) await tried(plane, erasure, () => carryErasure(plane, erasure));
    if (pending.length < PAGE) break;
    after = pending.at(-1)!.deletion_receipt_id;
  }
  await scrubWhenDue(plane);
  const before = new Date(clock.now() - SETTLED_AFTER_MS).toISOString();
  for (const erasure of await records.unsettledErasures(before, PAGE)) {
    await tried(plane, erasure, () => lookAfter(plane, erasure));
  }
}

async function scrubWhenDue({ records, vectors }: ErasingPlane): Promise<void> {
  const began = performance.now();
  if (began < (DUE.get(records) ?? 0) || !(await records.scrub()) || !(await vectors.scrub())) return;
  const now = performance.now();
  DUE.set(records, now + Math.max(SCRUB_MS, (now - began) * TIMES));
}

/**
 * Deletes what a worker wrote behind an erasure. Where the document has come again there is nothing to do: what is there
 * is its own. Raw files are the orphan sweep's, which knows of uploads under way.
 */
async function lookAfter(plane: ErasingPlane, { deletion_receipt_id, doc_id }: ErasureRow): Promise<void> {
  const { records, vectors, objects, clock } = plane;
  const late: string[] = [];
  for await (const { key } of objectsOf(plane, doc_id)) if (!/^(?:raw|quarantine)\//.test(key)) late.push(key);
  const points = await vectors.countDocument(doc_id);
  const isGone = (await records.document(doc_id)) === null && (await records.erasing([doc_id])).length === 0;
  if (isGone && late.length + points > 0) {
    plane.logger.warn('what came in behind an erasure was deleted', {
      ...shaped({ tenant_id: plane.tenant_id, doc_id }),
      count: late.length + points,
    });
    await deleteAll(objects, late);
    await vectors.removeDocument(doc_id);
  }
  if (!(await records.scrub()) || !(await vectors.scrub())) return;
  await records.settleErasure(deletion_receipt_id, clock.iso());
}

async function tried(plane: ErasingPlane, { doc_id }: ErasureRow, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A hold that came first: the intent was taken back, as it should be.
    if (isFrostbyteError(error, 'INVALID_STATE_TRANSITION')) return;
    plane.logger.warn('an erasure waits', {
      ...shaped({ tenant_id: plane.tenant_id, doc_id }),
      ...codeFrames(error),
    });
  }
}
