import { type ErrorCode, FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { ReindexRow } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';
import { embedDocuments } from './embed-documents.ts';
import { switchedEntry } from './entries.ts';
import { cancelReindex } from './start.ts';

/**
 * A reindex goes on in steps, whoever takes them: some documents of the list are embedded and written to the second index;
 * when nothing is on the list the second index is served; then the first is emptied. Each may be killed anywhere: what is
 * noted is done, what is held is taken again when its time is over or its worker known for dead.
 */

/** Chunks of a step: some batches of the embedder, so that writing documents goes on behind the next batch. */
const STEP_CHUNKS = 256;
/** How long a worker holds what it took, from when it last said so: what a worker that died held is free after it. */
export const HOLD_MS = 60_000;
/** How often it says so. A batch may take longer than a hold: a slow host, many who take turns at one embedder. */
const SAY_MS = 15_000;

export interface ReindexHand {
  /** Whose hand it is, as in leases. */
  worker: string;
  /** True when it is to let go: the worker stops, or the tenant is suspended. */
  isStopped(): boolean;
  /** Told where trouble keeps the reindex from coming on: trying again at once would meet the same. */
  onTrouble?(): void;
  /** How often it says, while a batch is embedded, that it holds what it took. */
  sayMs?: number;
}

/**
 * Takes the tenant's reindex one step further. True where there may be more to do at once. Trouble is noted at the reindex,
 * and what never goes ends it; nothing is thrown but what the records throw.
 */
export async function continueReindex(plane: DataPlane, hand: ReindexHand): Promise<boolean> {
  const open = await plane.records.openReindex();
  if (open === null) return false;
  try {
    return open.status === 'building' ? await build(plane, open, hand) : await empty(plane, open, hand);
  } catch (error) {
    await plane.records.leaveReindex(hand.worker, hand.isStopped() ? {} : { error_code: codeOf(error) });
    if (hand.isStopped()) return false;
    hand.onTrouble?.();
    const { tenant_id, logger } = plane;
    logger.warn('a reindex does not come on', { ...shaped({ tenant_id }), code: codeOf(error) });
    if (isFrostbyteError(error, 'DIMENSION_MISMATCH')) await giveUp(plane, open, error.code);
    return false;
  }
}

async function build(plane: DataPlane, open: ReindexRow, hand: ReindexHand): Promise<boolean> {
  const { records, clock } = plane;
  const now = clock.now();
  const { documents, isWhole } = await records.takeToReindex(open.reindex_id, {
    worker: hand.worker,
    chunks: STEP_CHUNKS,
    now: new Date(now).toISOString(),
    until: new Date(now + HOLD_MS).toISOString(),
  });
  if (documents.length > 0) {
    await embedDocuments(plane, { reindex: open, documents, hand, holdMs: HOLD_MS, sayMs: hand.sayMs ?? SAY_MS });
    return true;
  }
  return isWhole && (await serve(plane, open));
}

/** Serves the second index. Throws `INDEX_VERIFY_FAILED` where it has fewer vectors than it was given. */
async function serve(plane: DataPlane, open: ReindexRow): Promise<boolean> {
  const { records, indexes, clock } = plane;
  const row = await records.reindex(open.reindex_id);
  if (row === null || (await indexes[open.number].count()) < row.chunks_done) {
    throw new FrostbyteError(
      'INDEX_VERIFY_FAILED',
      'The second index has fewer vectors than were written to it. Cancel the reindex and begin again.',
    );
  }
  return records.switchReindex(open.reindex_id, (now) => switchedEntry(plane, now), clock.iso());
}

/** Empties the index that is not served. Searches that were at it find out and are made anew. */
async function empty(
  plane: DataPlane,
  { reindex_id, number, status }: ReindexRow,
  hand: ReindexHand,
): Promise<boolean> {
  const { records, indexes, clock } = plane;
  const now = clock.now();
  const wish = {
    worker: hand.worker,
    now: new Date(now).toISOString(),
    until: new Date(now + HOLD_MS).toISOString(),
  };
  if (!(await records.takeToDrop(reindex_id, wish))) return false;
  await indexes[status === 'switched' ? other(number) : number].clear();
  await records.noteDropped(reindex_id, clock.iso());
  return true;
}

const other = (number: 0 | 1): 0 | 1 => (number === 0 ? 1 : 0);

async function giveUp(plane: DataPlane, { reindex_id }: ReindexRow, error_code: ErrorCode): Promise<void> {
  try {
    await cancelReindex(plane, reindex_id, { by: 'system', error_code });
  } catch (error) {
    // Somebody was first.
    if (!isFrostbyteError(error, 'INVALID_STATE_TRANSITION')) throw error;
  }
}

function codeOf(error: unknown): ErrorCode {
  return isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
}
