import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { ReindexAnswer, ReindexBody } from '../../api/schemas/reindex.ts';
import type { ReindexRow } from '../../stores/record/rows.ts';
import type { DataRoute } from '../app.ts';
import { cancelReindex, type ReindexWish, startReindex } from '../reindex/start.ts';
import { answer, found } from './answer.ts';

/** Routes that build the tenant's vector index anew by another model, and tell how far that is (spec 2 E). */
export const REINDEX_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async reindex({ plane, body, caller, wake }) {
    const started = await startReindex(plane, body as ReindexBody as ReindexWish, caller.subject);
    wake();
    return answer(progress(plane.tenant_id, started), { status: 202 });
  },

  async listReindexes({ plane, query }) {
    const page = query as unknown as PageQuery;
    const { rows, total } = await plane.records.reindexes(placeOf(page));
    return answer(
      rows.map((row) => progress(plane.tenant_id, row)),
      { meta: listMeta(total, page, {}, cursorOf(rows, page.limit, 'reindex_id')) },
    );
  },

  async reindexStatus({ plane, params }) {
    return answer(progress(plane.tenant_id, found(await plane.records.reindex(params.reindex_id!), 'reindex')));
  },

  async cancelReindex({ plane, params, caller, wake }) {
    const end = { by: caller.subject, error_code: null };
    const cancelled = await cancelReindex(plane, params.reindex_id!, end);
    wake();
    return answer(progress(plane.tenant_id, cancelled));
  },
};

function progress(tenant_id: string, row: ReindexRow): ReindexAnswer {
  const { number: _number, documents, documents_done, ...told } = row;
  return { ...told, tenant_id, documents: { total: documents, done: documents_done } };
}
