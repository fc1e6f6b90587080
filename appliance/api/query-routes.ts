import { querying, type Route, tenant, WRITERS } from './route.ts';
import { ChunkId, DocId, Uuid } from './schemas/common.ts';
import * as diff from './schemas/diff.ts';
import * as preview from './schemas/preview.ts';
import * as query from './schemas/query.ts';
import { z } from './zod.ts';

/** Search, documents, erasures: rows of the table of routes. */
export const QUERY_ROUTES = Object.freeze({
  search: querying({
    method: 'post',
    path: '/query/{tenant_id}/search',
    params: z.object(tenant),
    body: query.SearchBody,
    status: 200,
    answer: query.RetrievalProof,
    summary: 'Search; answers a retrieval proof',
  }),
  listDocuments: querying({
    method: 'get',
    path: '/query/{tenant_id}/documents',
    params: z.object(tenant),
    query: query.DocumentListQuery,
    status: 200,
    answer: z.array(query.DocumentListItem),
    list: true,
    summary: 'List documents, newest first',
  }),
  document: querying({
    method: 'get',
    path: '/query/{tenant_id}/document/{doc_id}',
    params: z.object({ ...tenant, doc_id: DocId }),
    query: query.ChunkPageQuery,
    status: 200,
    answer: query.DocumentAnswer,
    summary: 'A document: metadata, chunks, lineage',
  }),
  preview: querying({
    method: 'get',
    path: '/query/{tenant_id}/document/{doc_id}/preview',
    params: z.object({ ...tenant, doc_id: DocId }),
    query: preview.PreviewQuery,
    status: 200,
    answer: preview.PreviewAnswer,
    summary: 'A page of a document: where its chunks, figures, hidden text and dropped content stand',
  }),
  pagePicture: querying({
    method: 'get',
    path: '/query/{tenant_id}/document/{doc_id}/preview/picture',
    params: z.object({ ...tenant, doc_id: DocId }),
    query: preview.PictureQuery,
    roles: WRITERS,
    status: 200,
    answer: { contentType: 'image/png' },
    summary: 'The picture of a page, in which passages that a gate changed are painted over',
  }),
  diff: querying({
    method: 'get',
    path: '/query/{tenant_id}/document/{doc_id}/diff',
    params: z.object({ ...tenant, doc_id: DocId }),
    query: diff.DiffQuery,
    status: 200,
    answer: diff.DiffAnswer,
    summary: 'What changed since an earlier parse of a document, or between two revisions of a file',
  }),
  eraseDocument: querying({
    method: 'delete',
    path: '/query/{tenant_id}/document/{doc_id}',
    params: z.object({ ...tenant, doc_id: DocId }),
    body: query.EraseBody,
    status: 200,
    answer: query.DeletionReceipt,
    roles: WRITERS,
    summary: 'Erase a document from every store; answers the deletion receipt',
  }),
  listErasures: querying({
    method: 'get',
    path: '/query/{tenant_id}/erasures',
    params: z.object(tenant),
    query: query.ErasureListQuery,
    status: 200,
    answer: z.array(query.DeletionReceipt),
    list: true,
    roles: WRITERS,
    summary: 'List deletion receipts, newest first',
  }),
  erasure: querying({
    method: 'get',
    path: '/query/{tenant_id}/erasures/{deletion_receipt_id}',
    params: z.object({ ...tenant, deletion_receipt_id: Uuid }),
    status: 200,
    answer: query.DeletionReceipt,
    roles: WRITERS,
    summary: 'One deletion receipt',
  }),
  chunk: querying({
    method: 'get',
    path: '/query/{tenant_id}/chunk/{chunk_id}',
    params: z.object({ ...tenant, chunk_id: ChunkId }),
    status: 200,
    answer: query.ChunkAnswer,
    summary: 'A chunk: text, metadata, lineage',
  }),
} satisfies Record<string, Route>);
