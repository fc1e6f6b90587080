import { ingestion, type Route, tenant } from './route.ts';
import { Uuid } from './schemas/common.ts';
import * as uploads from './schemas/uploads.ts';
import { z } from './zod.ts';

/** What tus answers in its own statuses. */
const TUS_REFUSALS = { 412: 'Tus-Resumable is missing, or names another version than ours' };
const TUS_BODY_REFUSALS = {
  ...TUS_REFUSALS,
  415: 'The body is not application/offset+octet-stream',
  460: 'The body does not have the checksum that Upload-Checksum names; nothing of it was kept',
};

/** Resumable uploads by tus 1.0: rows of the table of routes. */
export const UPLOAD_ROUTES = Object.freeze({
  createUpload: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/uploads',
    params: z.object(tenant),
    headers: uploads.CreateUploadHeaders,
    bodyType: 'offset',
    status: 201,
    answer: null,
    answerHeaders: ['Location', 'Upload-Offset', 'Upload-Expires'],
    refusals: TUS_BODY_REFUSALS,
    summary: 'Begin a resumable upload (tus 1.0), with its first bytes or without',
  }),
  listUploads: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/uploads',
    params: z.object(tenant),
    query: uploads.UploadListQuery,
    status: 200,
    answer: z.array(uploads.UploadAnswer),
    list: true,
    summary: 'List resumable uploads, newest first',
  }),
  uploadOptions: ingestion({
    method: 'options',
    path: '/ingest/{tenant_id}/uploads',
    params: z.object(tenant),
    status: 204,
    answer: null,
    answerHeaders: ['Tus-Version', 'Tus-Extension', 'Tus-Max-Size', 'Tus-Checksum-Algorithm'],
    summary: 'What of tus is spoken here',
  }),
  // Before the GET of the same address: a HEAD that finds no row of its own is answered as a GET.
  uploadOffset: ingestion({
    method: 'head',
    path: '/ingest/{tenant_id}/uploads/{upload_id}',
    params: z.object({ ...tenant, upload_id: Uuid }),
    headers: uploads.TusHeaders,
    limit: 'upload',
    status: 200,
    answer: null,
    answerHeaders: ['Upload-Offset', 'Upload-Length', 'Upload-Metadata', 'Upload-Expires'],
    refusals: TUS_REFUSALS,
    summary: 'How far a resumable upload has come',
  }),
  upload: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/uploads/{upload_id}',
    params: z.object({ ...tenant, upload_id: Uuid }),
    status: 200,
    answer: uploads.UploadAnswer,
    summary: 'State of a resumable upload',
  }),
  appendUpload: ingestion({
    method: 'patch',
    path: '/ingest/{tenant_id}/uploads/{upload_id}',
    params: z.object({ ...tenant, upload_id: Uuid }),
    headers: uploads.AppendUploadHeaders,
    bodyType: 'offset',
    limit: 'upload',
    status: 204,
    answer: null,
    answerHeaders: ['Upload-Offset', 'Upload-Expires'],
    refusals: TUS_BODY_REFUSALS,
    summary: 'Go on with a resumable upload; what came before a broken connection is kept',
  }),
  deleteUpload: ingestion({
    method: 'delete',
    path: '/ingest/{tenant_id}/uploads/{upload_id}',
    params: z.object({ ...tenant, upload_id: Uuid }),
    headers: uploads.TusHeaders,
    status: 204,
    answer: null,
    refusals: TUS_REFUSALS,
    summary: 'Give a resumable upload up and delete its bytes',
  }),
} satisfies Record<string, Route>);
