import { administration, type Route, tenant } from './route.ts';
import { Uuid } from './schemas/common.ts';
import * as reindex from './schemas/reindex.ts';
import { z } from './zod.ts';

/** The rows of the table of routes that build a tenant's vector index anew by another model. */

const one = z.object({ ...tenant, reindex_id: Uuid });

/** The tenant's own app answers: its documents are embedded there. */
const reindexing = (row: Parameters<typeof administration>[0]): Route => ({
  ...administration({ states: 'active', ...row }),
  plane: 'data',
});

export const REINDEX_ROUTES = Object.freeze({
  reindex: reindexing({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/reindex',
    params: z.object(tenant),
    body: reindex.ReindexBody,
    status: 202,
    answer: reindex.ReindexAnswer,
    summary:
      'Build a second vector index by another model beside the one that is served, and serve it when it is whole',
  }),
  listReindexes: reindexing({
    method: 'get',
    path: '/admin/tenants/{tenant_id}/reindex',
    params: z.object(tenant),
    query: reindex.ReindexListQuery,
    status: 200,
    answer: z.array(reindex.ReindexAnswer),
    list: true,
    summary: 'List reindexes of a tenant, newest first',
  }),
  reindexStatus: reindexing({
    method: 'get',
    path: '/admin/tenants/{tenant_id}/reindex/{reindex_id}',
    params: one,
    status: 200,
    answer: reindex.ReindexAnswer,
    summary: 'How far a reindex has come',
  }),
  cancelReindex: reindexing({
    method: 'delete',
    path: '/admin/tenants/{tenant_id}/reindex/{reindex_id}',
    params: one,
    status: 200,
    answer: reindex.ReindexAnswer,
    summary: 'Give a reindex up; what is served stays',
  }),
} satisfies Record<string, Route>);
