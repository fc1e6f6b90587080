import { z } from '@hono/zod-openapi';
import type { Role, Scope } from '../kernel/identity.ts';
import { DECISION_ROUTES } from './decision-routes.ts';
import { BatchReceipt, ReceiptAnswer } from './receipts.ts';
import { REPROCESS_ROUTES } from './reprocess-routes.ts';
import * as admin from './schemas/admin.ts';
import * as audit from './schemas/audit.ts';
import * as glass from './schemas/break-glass.ts';
import { BatchId, ChunkId, DocId, LogId, TenantId, Uuid } from './schemas/common.ts';
import * as fields from './schemas/custom-fields.ts';
import { InboxQuery, InboxStatus } from './schemas/inbox.ts';
import * as ingest from './schemas/ingest.ts';
import * as query from './schemas/query.ts';
import * as uploads from './schemas/uploads.ts';

/**
 * The one table of routes (spec 4): who may call what, in which state of the tenant, under which limit, with which
 * bodies. The gateway enforces it, the tenant's app answers from it, OpenAPI and the reference page are made from it,
 * and a test holds the command line's pages against it.
 */
export interface Route {
  method: 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';
  /** Below `/api/v1`, OpenAPI style. */
  path: string;
  /** Who answers: the tenant's own app, control, the audit plane, or the gateway itself. */
  plane: 'data' | 'control' | 'audit' | 'gateway';
  roles: readonly Role[];
  scope: Scope | null;
  /** `upload` is for the pieces of an upload that was counted under `ingest` when it began. */
  limit: 'ingest' | 'upload' | 'query' | 'admin' | 'audit' | null;
  /** `active`: only an ACTIVE tenant is served; `any`: in every state. */
  states: 'active' | 'any';
  /**
   * An admin's call is break-glass: it needs a live grant or opens one by `X-Break-Glass-Reason`. Whoever answers such a
   * route writes an event of its own for each look.
   */
  breakGlass?: true;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** Headers that the route reads, by their lower-case names. */
  headers?: z.ZodObject;
  body?: z.ZodType;
  /** `multipart`: a batch, also as its manifest alone in JSON; `offset`: bytes of an upload. */
  bodyType?: 'json' | 'multipart' | 'offset';
  status: 200 | 201 | 202 | 204;
  /** Null: headers only. */
  answer: z.ZodType | { contentType: string } | null;
  /** Another form of the same answer, for who accepts it before JSON, or asks for it by a parameter. */
  orAs?: { contentType: string };
  /** Headers that a success carries beside those of every answer. */
  answerHeaders?: readonly string[];
  /** Refusals of a protocol with statuses of its own. */
  refusals?: Readonly<Record<number, string>>;
  /** The answer has `meta`. */
  list?: true;
  summary: string;
}

const ALL: readonly Role[] = ['tenant_user', 'tenant_admin', 'admin', 'auditor'];
const TENANT_AND_ADMIN: readonly Role[] = ['tenant_user', 'tenant_admin', 'admin'];
const WRITERS: readonly Role[] = ['tenant_admin', 'admin'];
const READERS_OF_AUDIT: readonly Role[] = ['tenant_admin', 'admin', 'auditor'];
const ADMIN: readonly Role[] = ['admin'];
const TENANT_ADMIN: readonly Role[] = ['tenant_admin'];

const tenant = { tenant_id: TenantId };
const log = { tenant_id: LogId };

type Row = Omit<Route, 'plane' | 'scope' | 'limit' | 'states' | 'roles'> &
  Partial<Pick<Route, 'roles' | 'states' | 'limit'>>;

/** What tus answers in its own statuses. */
const TUS_REFUSALS = { 412: 'Tus-Resumable is missing, or names another version than ours' };
const TUS_BODY_REFUSALS = {
  ...TUS_REFUSALS,
  415: 'The body is not application/offset+octet-stream',
  460: 'The body does not have the checksum that Upload-Checksum names; nothing of it was kept',
};

const ingestion = (row: Row): Route => ({
  plane: 'data',
  scope: 'ingest',
  limit: 'ingest',
  states: 'active',
  roles: WRITERS,
  ...row,
});
const querying = (row: Row): Route => ({
  plane: 'data',
  scope: 'query',
  limit: 'query',
  states: 'active',
  roles: TENANT_AND_ADMIN,
  breakGlass: true,
  ...row,
});
const administration = (row: Row): Route => ({
  plane: 'control',
  scope: 'admin',
  limit: 'admin',
  states: 'any',
  roles: ADMIN,
  ...row,
});
const auditing = (row: Row): Route => ({
  plane: 'audit',
  scope: 'audit',
  limit: 'audit',
  states: 'any',
  roles: READERS_OF_AUDIT,
  ...row,
});

export const ROUTES = Object.freeze({
  // Ingest
  submitBatch: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/batch',
    params: z.object(tenant),
    bodyType: 'multipart',
    status: 202,
    answer: BatchReceipt,
    summary: 'Submit a batch: a manifest and its files, as parts or as finished uploads that it names',
  }),
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
  listBatches: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/batches',
    params: z.object(tenant),
    query: ingest.BatchListQuery,
    status: 200,
    answer: z.array(ingest.BatchListItem),
    list: true,
    roles: TENANT_AND_ADMIN,
    summary: 'List batches, newest first',
  }),
  batchStatus: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/batch/{batch_id}',
    params: z.object({ ...tenant, batch_id: BatchId }),
    status: 200,
    answer: ingest.BatchStatus,
    roles: TENANT_AND_ADMIN,
    summary: 'Status of a batch, stages per file, the acceptance report when done',
  }),
  batchStream: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/batch/{batch_id}/stream',
    params: z.object({ ...tenant, batch_id: BatchId }),
    headers: ingest.StreamHeaders,
    status: 200,
    answer: { contentType: 'text/event-stream' },
    roles: TENANT_AND_ADMIN,
    summary: 'Progress per file and stage as server-sent events, resumable with Last-Event-ID',
  }),
  batchReport: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/batch/{batch_id}/report',
    params: z.object({ ...tenant, batch_id: BatchId }),
    status: 200,
    answer: ingest.AcceptanceReport,
    orAs: { contentType: 'text/html' },
    roles: TENANT_AND_ADMIN,
    summary: 'The latest acceptance report of a batch; a printable page for who accepts text/html before JSON',
  }),
  batchReportPage: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/batch/{batch_id}/report.html',
    params: z.object({ ...tenant, batch_id: BatchId }),
    status: 200,
    answer: { contentType: 'text/html' },
    roles: TENANT_AND_ADMIN,
    summary: 'The latest acceptance report as a printable page',
  }),
  cancelBatch: ingestion({
    method: 'delete',
    path: '/ingest/{tenant_id}/batch/{batch_id}',
    params: z.object({ ...tenant, batch_id: BatchId }),
    status: 200,
    answer: ingest.BatchStatus,
    summary: 'Cancel what has not started of a batch; what runs is finished',
  }),
  receipt: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/receipt/{receipt_id}',
    params: z.object({ ...tenant, receipt_id: Uuid }),
    status: 200,
    answer: ReceiptAnswer,
    roles: TENANT_AND_ADMIN,
    summary: 'One receipt',
  }),
  inboxStatus: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/inbox',
    params: z.object(tenant),
    query: InboxQuery,
    status: 200,
    answer: InboxStatus,
    summary: 'The tenant’s inbox folder: what waits and why, what was taken',
  }),
  listDeadLetters: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/dlq',
    params: z.object(tenant),
    query: ingest.DeadLetterQuery,
    status: 200,
    answer: z.array(ingest.DeadLetterAnswer),
    list: true,
    summary: 'List dead letters, newest first',
  }),
  decideDeadLetters: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/dlq',
    params: z.object(tenant),
    body: ingest.DeadLettersDecision,
    status: 200,
    answer: ingest.DeadLettersDecided,
    summary: 'Decide about all pending dead letters, or those of a stage, a page at a time',
  }),
  deadLetter: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/dlq/{dlq_entry_id}',
    params: z.object({ ...tenant, dlq_entry_id: Uuid }),
    status: 200,
    answer: ingest.DeadLetterAnswer,
    summary: 'One dead letter',
  }),
  decideDeadLetter: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/dlq/{dlq_entry_id}',
    params: z.object({ ...tenant, dlq_entry_id: Uuid }),
    body: ingest.DeadLetterDecision,
    status: 200,
    answer: ingest.DeadLetterAnswer,
    summary: 'Retry, skip or note the manual mend of a dead letter',
  }),
  customFields: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/custom-fields',
    params: z.object(tenant),
    status: 200,
    answer: fields.CustomFieldsAnswer,
    roles: TENANT_AND_ADMIN,
    summary: 'The schema that the metadata of batches and files are held against',
  }),
  validateMetadata: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/custom-fields/validate',
    params: z.object(tenant),
    body: fields.ValidateMetadataBody,
    status: 200,
    answer: fields.MetadataVerdict,
    summary: 'Try metadata against the schema; nothing is stored',
  }),

  ...DECISION_ROUTES,
  listNotices: {
    ...ingestion({
      method: 'get',
      path: '/ingest/{tenant_id}/notices',
      params: z.object(tenant),
      query: glass.NoticeListQuery,
      status: 200,
      answer: z.array(glass.NoticeAnswer),
      list: true,
      roles: TENANT_AND_ADMIN,
      states: 'any',
      summary: 'What the tenant is told: suspensions, openings of break-glass; newest first',
    }),
    plane: 'control',
  } as Route,
  acknowledgeNotice: {
    ...ingestion({
      method: 'post',
      path: '/ingest/{tenant_id}/notices/{notice_id}/acknowledge',
      params: z.object({ ...tenant, notice_id: Uuid }),
      status: 200,
      answer: glass.NoticeAnswer,
      roles: TENANT_ADMIN,
      states: 'any',
      summary: 'Note that a notice was read',
    }),
    plane: 'control',
  } as Route,
  ...REPROCESS_ROUTES,

  // Query
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

  // Admin
  createTenant: administration({
    method: 'post',
    path: '/admin/tenants',
    body: admin.CreateTenantBody,
    status: 201,
    answer: admin.TenantAnswer,
    summary: 'Create a tenant; provisioning starts',
  }),
  listTenants: administration({
    method: 'get',
    path: '/admin/tenants',
    query: admin.TenantListQuery,
    status: 200,
    answer: z.array(admin.TenantAnswer),
    list: true,
    summary: 'List tenants',
  }),
  tenant: administration({
    method: 'get',
    path: '/admin/tenants/{tenant_id}',
    params: z.object(tenant),
    status: 200,
    answer: admin.TenantAnswer,
    summary: 'A tenant: state, config, usage, endpoints',
  }),
  configureTenant: administration({
    method: 'patch',
    path: '/admin/tenants/{tenant_id}',
    params: z.object(tenant),
    body: admin.ConfigureBody,
    status: 200,
    answer: admin.ConfigureAnswer,
    summary: 'Change a tenant’s configuration',
  }),
  setCustomFields: administration({
    method: 'put',
    path: '/admin/tenants/{tenant_id}/custom-fields',
    params: z.object(tenant),
    body: fields.SetCustomFieldsBody,
    status: 200,
    answer: admin.ConfigureAnswer,
    summary: 'Set the schema of a tenant’s metadata; a changed one carries a larger schema_version',
  }),
  clearCustomFields: administration({
    method: 'delete',
    path: '/admin/tenants/{tenant_id}/custom-fields',
    params: z.object(tenant),
    query: fields.ClearCustomFieldsQuery,
    status: 200,
    answer: admin.ConfigureAnswer,
    summary: 'Remove the schema of a tenant’s metadata; metadata are then taken as they come',
  }),
  suspendTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/suspend',
    params: z.object(tenant),
    body: admin.SuspendBody,
    status: 200,
    answer: admin.StateChangeAnswer,
    summary: 'Kill-switch: refuse everything of this tenant at once',
  }),
  resumeTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/resume',
    params: z.object(tenant),
    body: admin.ReasonBody,
    status: 200,
    answer: admin.StateChangeAnswer,
    summary: 'Resume a suspended tenant',
  }),
  deprovisionTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/deprovision',
    params: z.object(tenant),
    body: admin.DeprovisionBody,
    status: 202,
    answer: admin.StateChangeAnswer,
    summary: 'Delete a tenant and everything it has',
  }),
  retryTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/retry',
    params: z.object(tenant),
    status: 202,
    answer: admin.StateChangeAnswer,
    summary: 'Provision a failed tenant again',
  }),
  abandonTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/abandon',
    params: z.object(tenant),
    status: 202,
    answer: admin.StateChangeAnswer,
    summary: 'Give a failed tenant up and delete what there is of it',
  }),
  holdTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/hold',
    params: z.object(tenant),
    body: admin.HoldBody,
    status: 200,
    answer: admin.HoldAnswer,
    summary: 'Set or lift a legal hold on a tenant, a batch or a document',
  }),
  listHolds: administration({
    method: 'get',
    path: '/admin/tenants/{tenant_id}/hold',
    params: z.object(tenant),
    query: admin.HoldListQuery,
    status: 200,
    answer: z.array(admin.HoldAnswer),
    list: true,
    summary: 'List legal holds, newest first',
  }),
  verifyTenant: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/verify',
    params: z.object(tenant),
    status: 200,
    answer: admin.IsolationAnswer,
    summary: 'Run the isolation check',
  }),
  openBreakGlass: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/break-glass',
    params: z.object(tenant),
    body: glass.OpenBreakGlassBody,
    status: 201,
    answer: glass.BreakGlassAnswer,
    summary: 'Break-glass: look at a tenant’s content for some minutes, with a reason that the tenant is told',
  }),
  listBreakGlass: administration({
    method: 'get',
    path: '/admin/tenants/{tenant_id}/break-glass',
    params: z.object(tenant),
    query: glass.BreakGlassListQuery,
    status: 200,
    answer: z.array(glass.BreakGlassAnswer),
    list: true,
    summary: 'List break-glass grants of a tenant, newest first',
  }),
  closeBreakGlass: administration({
    method: 'post',
    path: '/admin/tenants/{tenant_id}/break-glass/{grant_id}/close',
    params: z.object({ ...tenant, grant_id: Uuid }),
    status: 200,
    answer: glass.BreakGlassAnswer,
    summary: 'End a break-glass grant before its time',
  }),
  issueToken: administration({
    method: 'post',
    path: '/admin/tokens',
    body: admin.IssueTokenBody,
    status: 201,
    answer: admin.IssuedTokenAnswer,
    summary: 'Issue a token',
  }),
  revokeTokens: administration({
    method: 'post',
    path: '/admin/tokens/revoke',
    body: admin.RevokeTokensBody,
    status: 200,
    answer: z.object({ revoked: z.number().int() }),
    summary: 'Revoke tokens by id, subject or tenant',
  }),

  // Audit
  auditEvents: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/events',
    params: z.object(log),
    query: audit.AuditQuery,
    status: 200,
    answer: z.array(audit.AuditEventAnswer),
    list: true,
    summary: 'Audit events, filtered, newest first',
  }),
  auditEvent: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/events/{event_id}',
    params: z.object({ ...log, event_id: Uuid }),
    status: 200,
    answer: audit.AuditEventDetail,
    summary: 'One audit event with its place in the lineage',
  }),
  auditExport: auditing({
    method: 'post',
    path: '/audit/{tenant_id}/export',
    params: z.object(log),
    body: audit.ExportBody,
    status: 202,
    answer: audit.ExportAnswer,
    summary: 'Export a range of the log as JSON Lines or CSV',
  }),
  auditExportStatus: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/export/{export_id}',
    params: z.object({ ...log, export_id: Uuid }),
    status: 200,
    answer: audit.ExportAnswer,
    summary: 'State of an export',
  }),
  auditExportDownload: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/export/{export_id}/download',
    params: z.object({ ...log, export_id: Uuid }),
    status: 200,
    answer: { contentType: 'application/octet-stream' },
    summary: 'The exported file, for 24 hours',
  }),
  auditExportManifest: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/export/{export_id}/manifest',
    params: z.object({ ...log, export_id: Uuid }),
    status: 200,
    answer: { contentType: 'application/json' },
    summary: 'audit_export_manifest.json: range, count and SHA-256 of the exported file',
  }),
  auditLedger: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/ledger',
    params: z.object(log),
    query: audit.LedgerQuery,
    status: 200,
    answer: z.array(audit.LedgerAnswer),
    list: true,
    summary: 'The ledger of erasures, holds, suspensions and revocations, oldest first; all of it under _appliance',
  }),
  auditChain: auditing({
    method: 'get',
    path: '/audit/{tenant_id}/chain/{resource_id}',
    params: z.object({ ...log, resource_id: z.string().min(1).max(300) }),
    query: audit.ChainQuery,
    status: 200,
    answer: audit.ChainAnswer,
    summary: 'The provenance chain of a resource, verified',
  }),

  // The gateway itself
  status: {
    method: 'get',
    path: '/status',
    plane: 'gateway',
    roles: ALL,
    scope: null,
    limit: null,
    states: 'any',
    status: 200,
    answer: z.object({ version: z.string(), mode: z.enum(['embedded', 'stack']), uptime_seconds: z.number() }),
    summary: 'Version and uptime',
  } as Route,
} satisfies Record<string, Route>);

export type RouteName = keyof typeof ROUTES;

/** Routes outside `/api/v1` that need no token. */
export const OPEN_PATHS = ['/health', '/ready', '/metrics', '/api/v1/openapi.json', '/api/v1/reference'] as const;

/** The method that Hono looks a route up by: it asks for a HEAD as for a GET. */
export function honoMethod({ method }: Pick<Route, 'method'>): string {
  return method === 'head' ? 'GET' : method.toUpperCase();
}

/** True where Hono's look-up has found a row for HEAD with a request that is none. */
export function passesBy({ method }: Pick<Route, 'method'>, request: Request): boolean {
  return method === 'head' && request.method !== 'HEAD';
}

/** An OpenAPI path as Hono writes it: `{id}` becomes `:id`. */
export function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/**
 * Holds handlers against the table: every route of `plane` has one, and there is none without a route. Start refuses a
 * half-wired system (throws a TypeError).
 */
export function checkHandlers(plane: Route['plane'], handlers: object): void {
  const wanted = Object.entries(ROUTES).flatMap(([name, route]) => ((route as Route).plane === plane ? [name] : []));
  const missing = wanted.filter((name) => !Object.hasOwn(handlers, name));
  const unknown = Object.keys(handlers).filter((name) => !wanted.includes(name));
  if (missing.length + unknown.length === 0) return;
  throw new TypeError(
    `routes of the plane ${plane} without a handler: ${missing.join(', ') || 'none'}; handlers without a route: ${unknown.join(', ') || 'none'}`,
  );
}
