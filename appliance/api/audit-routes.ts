import { auditing, log, type Route } from './route.ts';
import * as audit from './schemas/audit.ts';
import { Uuid } from './schemas/common.ts';
import { z } from './zod.ts';

/** The audit log: events, exports, chains: rows of the table of routes. */
export const AUDIT_ROUTES = Object.freeze({
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
} satisfies Record<string, Route>);
