import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { ReindexRow } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';
import { cancelledEntry, startedEntry } from './entries.ts';

/** Asking for a second index, and giving it up (spec 2 E). Workers build it, `step.ts`. */

export interface ReindexWish {
  /** Left out: the one that the tenant is pinned to, or the appliance's choice. */
  model?: string;
  reason: string;
}

/**
 * Begins to build a second index by another model, or by another version of the same. Throws `VALIDATION_ERROR` for a model
 * that the tenant is not pinned to, `EMBEDDER_UNAVAILABLE` for one that is not here, and `INVALID_STATE_TRANSITION` where
 * there is nothing to do, or another reindex is at work.
 */
export async function startReindex(
  plane: Pick<DataPlane, 'tenant_id' | 'records' | 'embedder' | 'config' | 'clock'>,
  { model, reason }: ReindexWish,
  actor: string,
): Promise<ReindexRow> {
  const { records } = plane;
  const { embedding_model: pin } = (await plane.config()).config;
  if (model !== undefined && pin !== null && model !== pin) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `The tenant is pinned to the model ${pin}. Change embedding_model first, or leave the model out.`,
      { details: [{ field: 'model', value: model, constraint: pin }] },
    );
  }
  const { embed_model } = await records.vectorIndex();
  if (embed_model === null) {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'Nothing is indexed yet, so there is nothing to make anew. What comes goes by the model that the tenant is pinned to, or the appliance’s choice.',
    );
  }
  const embedder = await plane.embedder(model ?? null);
  if (!(await records.isMixed(embedder.model, embedder.version))) {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      `The whole index was made with ${embedder.model} ${embedder.version} already.`,
      { details: [{ field: 'model', value: embedder.model, constraint: 'another than the index’s' }] },
    );
  }
  const request = {
    reindex_id: newId(),
    embed_model: embedder.model,
    embed_version: embedder.version,
    reason,
    requested_by: actor,
    requested_at: plane.clock.iso(),
  };
  const started = await records.startReindex({ ...request, entry: startedEntry(plane, request) });
  if (started !== null) return started;
  const open = await records.openReindex();
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    open?.status === 'building'
      ? `The tenant is being reindexed by ${open.embed_model} already. Wait for its end, or cancel it.`
      : 'The index of the last reindex is being emptied. Try again in a moment.',
    open === null ? {} : { details: [{ field: 'reindex_id', value: open.reindex_id, constraint: 'ended' }] },
  );
}

/**
 * Gives a second index up: what is served stays, what was built goes. Answers where it stands. Throws
 * `RESOURCE_NOT_FOUND`, and `INVALID_STATE_TRANSITION` where it is served, or was given up before.
 */
export async function cancelReindex(
  plane: Pick<DataPlane, 'tenant_id' | 'records' | 'clock'>,
  id: string,
  end: { by: string; error_code: string | null },
): Promise<ReindexRow> {
  const outcome = await plane.records.cancelReindex(id, {
    ...end,
    entry: (row) => cancelledEntry(plane, row, end),
    at: plane.clock.iso(),
  });
  if (outcome === 'over') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'The reindex has ended: there is nothing to cancel. Reindexing by the earlier model goes back to it.',
      { details: [{ field: 'reindex_id', value: id, constraint: 'one that is building' }] },
    );
  }
  const row = outcome === 'unknown' ? null : await plane.records.reindex(id);
  if (row !== null) return row;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such reindex.');
}
