import type { z } from '@hono/zod-openapi';
import type { Role, Scope } from '../kernel/identity.ts';
import { LogId, TenantId } from './schemas/common.ts';

/** A row of the table of routes (`routes.ts`): who may call what, in which state of the tenant, under which limit. */
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

export const ALL: readonly Role[] = ['tenant_user', 'tenant_admin', 'admin', 'auditor'];
export const TENANT_AND_ADMIN: readonly Role[] = ['tenant_user', 'tenant_admin', 'admin'];
export const WRITERS: readonly Role[] = ['tenant_admin', 'admin'];
export const READERS_OF_AUDIT: readonly Role[] = ['tenant_admin', 'admin', 'auditor'];
export const ADMIN: readonly Role[] = ['admin'];
export const TENANT_ADMIN: readonly Role[] = ['tenant_admin'];

export const tenant = { tenant_id: TenantId };
export const log = { tenant_id: LogId };

type Row = Omit<Route, 'plane' | 'scope' | 'limit' | 'states' | 'roles'> &
  Partial<Pick<Route, 'roles' | 'states' | 'limit'>>;

/** Rows of a kind, with what they have in common; a row may say otherwise. */
export const ingestion = (row: Row): Route => ({
  plane: 'data',
  scope: 'ingest',
  limit: 'ingest',
  states: 'active',
  roles: WRITERS,
  ...row,
});
export const querying = (row: Row): Route => ({
  plane: 'data',
  scope: 'query',
  limit: 'query',
  states: 'active',
  roles: TENANT_AND_ADMIN,
  breakGlass: true,
  ...row,
});
export const administration = (row: Row): Route => ({
  plane: 'control',
  scope: 'admin',
  limit: 'admin',
  states: 'any',
  roles: ADMIN,
  ...row,
});
export const auditing = (row: Row): Route => ({
  plane: 'audit',
  scope: 'audit',
  limit: 'audit',
  states: 'any',
  roles: READERS_OF_AUDIT,
  ...row,
});
