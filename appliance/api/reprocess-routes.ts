import { ingestion, type Route } from './route.ts';
import { TenantId, Uuid } from './schemas/common.ts';
import * as reprocess from './schemas/reprocess.ts';
import { z } from './zod.ts';

/** The rows of the table of routes that run documents again. */

const tenant = z.object({ tenant_id: TenantId });

export const REPROCESS_ROUTES = Object.freeze({
  reprocess: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/reprocess',
    params: tenant,
    body: reprocess.ReprocessBody,
    status: 202,
    answer: reprocess.ReprocessAnswer,
    summary: 'Run documents again: one, those of a batch, or all below a version',
  }),
  listReprocesses: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/reprocess',
    params: tenant,
    query: reprocess.ReprocessListQuery,
    status: 200,
    answer: z.array(reprocess.ReprocessAnswer),
    list: true,
    summary: 'List requests to run documents again, newest first',
  }),
  reprocessStatus: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/reprocess/{reprocess_id}',
    params: z.object({ tenant_id: TenantId, reprocess_id: Uuid }),
    status: 200,
    answer: reprocess.ReprocessAnswer,
    summary: 'How far a request to run documents again has come',
  }),
  cancelReprocess: ingestion({
    method: 'delete',
    path: '/ingest/{tenant_id}/reprocess/{reprocess_id}',
    params: z.object({ tenant_id: TenantId, reprocess_id: Uuid }),
    status: 200,
    answer: reprocess.ReprocessAnswer,
    summary: 'Cancel a request to run documents again; what it restarted runs to its end',
  }),
} satisfies Record<string, Route>);
