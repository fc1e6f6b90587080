import { Hono } from 'hono';
import { toHttpError } from '../api/errors.ts';
import { checkHandlers, honoMethod, honoPath, passesBy, ROUTES, type Route, type RouteName } from '../api/routes.ts';
import type { InboxQuery, InboxStatus } from '../api/schemas/inbox.ts';
import { REQUEST_ID_HEADER, type SeamKey, verifyAssertion } from '../api/seam.ts';
import type { SpentAssertions } from '../api/spent-assertions.ts';
import { readJson, validate } from '../api/validate.ts';
import { codeFrames, FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import type { Caller } from '../kernel/identity.ts';
import { shaped } from '../kernel/log-fields.ts';
import type { DataPlane } from './plane.ts';
import { CUSTOM_FIELD_ROUTES } from './routes/custom-fields.ts';
import { DIFF_ROUTES } from './routes/diff.ts';
import { ERASURE_ROUTES } from './routes/erasure.ts';
import { INGEST_ROUTES } from './routes/ingest.ts';
import { ORIGINALS_ROUTES } from './routes/originals.ts';
import { PREVIEW_ROUTES } from './routes/preview.ts';
import { QUARANTINE_ROUTES } from './routes/quarantine.ts';
import { QUERY_ROUTES } from './routes/query.ts';
import { REINDEX_ROUTES } from './routes/reindex.ts';
import { REPROCESS_ROUTES } from './routes/reprocess.ts';
import { REVIEW_ROUTES } from './routes/review.ts';
import { UPLOAD_ROUTES } from './routes/uploads.ts';

/**
 * The HTTP face of one tenant's data plane: a `Request` in, a `Response` out (spec 1). The same app answers in process
 * and in a container of its own; either way only requests with the gateway's signed assertion are served.
 */
export interface DataAppOptions {
  plane: DataPlane;
  /** Verifies assertions of the gateway. */
  seamKey: SeamKey;
  /** Where others can reach the app beside the gateway: assertions count once. */
  spent?: SpentAssertions;
  /** Fires when the plane is about to close: bodies that still come are taken for broken off. */
  ending?: AbortSignal;
  /** Tells a worker that there is work. */
  wake(): void;
  /** What is known of the tenant's inbox; without it the appliance has none. */
  inbox?: (query: InboxQuery) => InboxStatus;
}

/** A request that carries a valid assertion, its parameters validated. */
export interface DataRequest extends DataAppOptions {
  request: Request;
  /** The sender is gone, or the plane is about to close. */
  signal: AbortSignal;
  caller: Caller;
  params: Record<string, string>;
  query: Record<string, unknown>;
  body: unknown;
}

export type DataRoute = (request: DataRequest) => Promise<Response>;

const HANDLERS: Partial<Record<RouteName, DataRoute>> = {
  ...INGEST_ROUTES,
  ...UPLOAD_ROUTES,
  ...CUSTOM_FIELD_ROUTES,
  ...QUERY_ROUTES,
  ...PREVIEW_ROUTES,
  ...DIFF_ROUTES,
  ...ERASURE_ROUTES,
  ...REVIEW_ROUTES,
  ...QUARANTINE_ROUTES,
  ...ORIGINALS_ROUTES,
  ...REPROCESS_ROUTES,
  ...REINDEX_ROUTES,
};

export function createDataApp(options: DataAppOptions): Hono {
  const { plane, seamKey, spent } = options;
  checkHandlers('data', HANDLERS);
  const app = new Hono();
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    if (route.plane !== 'data') continue;
    const handler = HANDLERS[name]!;
    app.on(honoMethod(route), `/api/v1${honoPath(route.path)}`, async (c, next) => {
      if (passesBy(route, c.req.raw)) return next();
      const caller = await verifyAssertion(seamKey, c.req.raw, plane.tenant_id, spent);
      const params = route.params ? (validate(route.params, c.req.param(), 'path') as Record<string, string>) : {};
      const query = route.query ? (validate(route.query, c.req.query(), 'query') as Record<string, unknown>) : {};
      if (route.headers) validate(route.headers, c.req.header(), 'header');
      const body = route.body ? validate(route.body, await readJson(c.req.raw), 'body') : undefined;
      const request = c.req.raw;
      const signal = options.ending ? AbortSignal.any([request.signal, options.ending]) : request.signal;
      return handler({ ...options, request, signal, caller, params, query, body });
    });
  }
  app.notFound((c) => refuse(c.req.raw, new FrostbyteError('RESOURCE_NOT_FOUND', 'There is nothing at this address.')));
  app.onError((error, c) => refuse(c.req.raw, error));
  return app;

  function refuse(request: Request, error: unknown): Response {
    const requestId = request.headers.get(REQUEST_ID_HEADER) ?? '';
    const answer = toHttpError(error, requestId);
    const about = () => ({
      ...shaped({ tenant_id: plane.tenant_id, request_id: requestId }),
      ...codeFrames(error),
    });
    // Where we ask to come again, or have no room, nothing has failed: the answer says so to the sender.
    if (answer.status === 507 || isFrostbyteError(error, 'SERVICE_UNAVAILABLE')) {
      plane.logger.warn('request refused', about());
    } else if (answer.status >= 500) plane.logger.error('request failed', about());
    return Response.json(answer.body, { status: answer.status, headers: answer.headers });
  }
}
