import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { ReprocessAnswer, ReprocessBody } from '../../api/schemas/reprocess.ts';
import { codeFrames } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { ReprocessProgress } from '../../stores/record/rows.ts';
import type { DataRoute } from '../app.ts';
import { relayOutbox } from '../outbox.ts';
import { cancelReprocess, type ReprocessWish, startReprocess } from '../reprocess.ts';
import { answer, found } from './answer.ts';

/** Routes that run documents again and tell how far that is (spec 2, "Ids"; spec 4). */
export const REPROCESS_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async reprocess({ plane, body, caller, wake }) {
    const started = await startReprocess(plane, body as ReprocessBody as ReprocessWish, caller.subject);
    // The request is filed, whatever the queue says: its jobs are in the outbox, and the sweep makes them again.
    await relayOutbox(plane).catch((error: unknown) =>
      plane.logger.warn('jobs wait in the outbox', { ...shaped({ tenant_id: plane.tenant_id }), ...codeFrames(error) }),
    );
    wake();
    return answer(progress(plane.tenant_id, started), { status: 202 });
  },

  async listReprocesses({ plane, query }) {
    const page = query as unknown as PageQuery;
    const { rows, total } = await plane.records.reprocesses(placeOf(page));
    return answer(
      rows.map((row) => progress(plane.tenant_id, row)),
      { meta: listMeta(total, page, {}, cursorOf(rows, page.limit, 'reprocess_id')) },
    );
  },

  async reprocessStatus({ plane, params }) {
    const row = found(await plane.records.reprocess(params.reprocess_id!), 'request to run documents again');
    return answer(progress(plane.tenant_id, row));
  },

  async cancelReprocess({ plane, params, caller }) {
    return answer(progress(plane.tenant_id, await cancelReprocess(plane, params.reprocess_id!, caller.subject)));
  },
};

/** A request as its answer: what was asked, and where its documents stand now. */
function progress(tenant_id: string, row: ReprocessProgress): ReprocessAnswer {
  const { from_stage, status, candidates, examined, restarted, skipped, states, ...asked } = row;
  const { processing = 0, indexed = 0, held = 0, quarantined = 0, cancelled = 0 } = states;
  const { parse_failed = 0, policy_failed = 0, embed_failed = 0, index_failed = 0 } = states;
  const failed = parse_failed + policy_failed + embed_failed + index_failed;
  const counted = processing + indexed + held + quarantined + cancelled + failed;
  return {
    ...asked,
    tenant_id,
    from: from_stage,
    status:
      status === 'restarting' || processing > 0 ? 'running' : row.cancelled_at === null ? 'completed' : 'cancelled',
    documents: {
      candidates,
      examined,
      restarted,
      passed_over: examined - restarted - skipped,
      skipped,
      processing,
      indexed,
      held,
      quarantined,
      failed,
      cancelled,
      superseded: restarted - counted,
    },
  };
}
