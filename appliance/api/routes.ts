import { ADMIN_ROUTES } from './admin-routes.ts';
import { AUDIT_ROUTES } from './audit-routes.ts';
import { DECISION_ROUTES } from './decision-routes.ts';
import { INGEST_ROUTES } from './ingest-routes.ts';
import { KEY_ROUTES } from './key-routes.ts';
import { QUERY_ROUTES } from './query-routes.ts';
import { REINDEX_ROUTES } from './reindex-routes.ts';
import { REPROCESS_ROUTES } from './reprocess-routes.ts';
import { ALL, type Route } from './route.ts';
import { UPLOAD_ROUTES } from './upload-routes.ts';
import { z } from './zod.ts';

export type { Route } from './route.ts';

/**
 * The one table of routes (spec 4): who may call what, in which state of the tenant, under which limit, with which
 * bodies. The gateway enforces it, the tenant's app answers from it, OpenAPI and the reference page are made from it,
 * and a test holds the command line's pages against it.
 */
export const ROUTES = Object.freeze({
  ...INGEST_ROUTES,
  ...UPLOAD_ROUTES,
  ...DECISION_ROUTES,
  ...REPROCESS_ROUTES,
  ...REINDEX_ROUTES,
  ...QUERY_ROUTES,
  ...ADMIN_ROUTES,
  ...KEY_ROUTES,
  ...AUDIT_ROUTES,

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

/** Addresses that need no token. */
export const OPEN_PATHS = [
  '/health',
  '/ready',
  '/metrics',
  '/api/v1/openapi.json',
  '/api/v1/reference',
  '/api/v1/tokens/redeem',
] as const;

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
