import type { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { toHttpError } from '../api/errors.ts';
import { honoMethod, honoPath, OPEN_PATHS, passesBy, ROUTES, type Route, type RouteName } from '../api/routes.ts';
import { TUS_VERSION } from '../api/schemas/uploads.ts';
import { REQUEST_ID_HEADER } from '../api/seam.ts';
import { readJson, validate } from '../api/validate.ts';
import type { ControlVerbs } from '../control/verbs.ts';
import { codeFrames, FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import type { Caller } from '../kernel/identity.ts';
import { newId } from '../kernel/ids.ts';
import { type Endpoint, shaped } from '../kernel/log-fields.ts';
import type { Logger, Meter } from '../kernel/telemetry.ts';
import type { RateLimiter } from '../stores/limits/port.ts';
import { authorize, bearerToken, refuseByState } from './authorize.ts';
import { needsBreakGlass, REASON_HEADER, reasonToOpen, whileOpen } from './break-glass.ts';
import { behindClosedDoor } from './closed.ts';
import { meantRequest } from './method-override.ts';
import { refuseForgery, sessionOf } from './session-cookie.ts';
import { sourceOf } from './source.ts';
import { whileLive } from './while-live.ts';

/**
 * The front door (spec 1, 4): identity, roles, the tenant's state, limits, then routing. It never looks into document
 * content: requests of the data plane go to the tenant's app as they came, with a signed assertion.
 */
export interface GatewayOptions {
  control: ControlVerbs;
  limiter: RateLimiter;
  logger: Logger;
  meter: Meter;
  /** Answers of the planes behind the gateway, by route. */
  handlers: Handlers;
  /** `/health`, `/ready`, `/metrics`, the OpenAPI document and its page. */
  open: Hono;
  /** The user interface; it asks like everybody, through this gateway. */
  pages?: Hono<PagesEnv>;
  /** Whether nobody is let in now but who checks the installation. */
  isClosed(): boolean;
}

/** What pages know and say of a request: its id, and the pattern of their address, for measures. */
export type PagesEnv = { Variables: { requestId: string; endpoint: Endpoint } };

/** A request that has passed every gate. */
export interface Admitted {
  request: Request;
  /** Where the request came over a socket: its body, unread. */
  incoming?: Readable;
  route: Route;
  name: RouteName;
  caller: Caller;
  requestId: string;
  tenantId: string | undefined;
  params: Record<string, string>;
  query: Record<string, unknown>;
  /** Validated JSON; undefined where the route has no body or the data plane reads it itself. */
  body: unknown;
}

export type Handlers = Record<Route['plane'], (admitted: Admitted) => Promise<Response>>;

type Env = { Variables: { requestId: string; endpoint: Endpoint; tenantLabel: string } };

export function createGateway(options: GatewayOptions): Hono<Env> {
  const { logger, meter } = options;
  const app = new Hono<Env>();

  app.use(async (c, next) => {
    const meant = meantRequest(c.req.raw, bodyOnSocket(c) !== undefined);
    return meant === null ? next() : app.fetch(meant, c.env);
  });
  app.use(async (c, next) => {
    const started = performance.now();
    c.set('requestId', newId());
    c.set('endpoint', OPEN_PATHS.find((path) => path === c.req.path) ?? 'unknown');
    c.set('tenantLabel', '');
    await next();
    c.res.headers.set(REQUEST_ID_HEADER, c.get('requestId'));
    c.res.headers.set('x-content-type-options', 'nosniff');
    // Who speaks tus expects its version on refusals too, wherever they come from.
    if (c.req.header('tus-resumable') !== undefined) c.res.headers.set('tus-resumable', TUS_VERSION);
    c.res.headers.set('cache-control', c.res.headers.get('cache-control') ?? 'no-store');
    const seconds = (performance.now() - started) / 1000;
    meter.apiRequest(c.get('tenantLabel'), c.get('endpoint'), c.req.method, c.res.status, seconds);
  });

  app.use(
    '/api/v1/*',
    behindClosedDoor(options.isClosed, (c) => callerOf(options.control, c)),
  );

  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    const path = `/api/v1${honoPath(route.path)}`;
    app.on(honoMethod(route), path, async (c, next) => {
      if (passesBy(route, c.req.raw)) return next();
      c.set('endpoint', `/api/v1${route.path}`);
      const admitted = await admit(options, name, route, c);
      const { caller, tenantId } = admitted;
      const answer = whileLive(options.control, caller, await options.handlers[route.plane](admitted));
      if (tenantId === undefined || !needsBreakGlass(route, caller)) return answer;
      return whileOpen(options.control, caller, tenantId, answer);
    });
  }
  app.route('/', options.open);
  if (options.pages) app.route('/', options.pages);

  app.notFound((c) =>
    refuse(
      c,
      new FrostbyteError(
        'RESOURCE_NOT_FOUND',
        'There is nothing at this address. The reference is at /api/v1/reference.',
      ),
    ),
  );
  app.onError((error, c) => refuse(c, error));
  return app;

  function refuse(c: Context<Env>, error: unknown): Response {
    const requestId = c.get('requestId');
    const answer = toHttpError(error, requestId);
    if (answer.status === 500) {
      logger.error('request failed', {
        ...shaped({ request_id: requestId }),
        route: c.get('endpoint'),
        ...codeFrames(error),
      });
    }
    return c.json(answer.body, answer.status, answer.headers);
  }
}

/** All gates in the order of spec 4. */
async function admit(options: GatewayOptions, name: RouteName, route: Route, c: Context<Env>): Promise<Admitted> {
  const { control, limiter, meter } = options;
  const caller = await identify(control, c);
  const rawParams = c.req.param() as Record<string, string>;
  const tenantId = rawParams.tenant_id;
  authorize(route, caller, tenantId);

  if (tenantId !== undefined && tenantId !== '_appliance') {
    const gate = await control.gate(tenantId);
    if (gate.state !== null) c.set('tenantLabel', tenantId);
    refuseByState(route, gate.state);
  }
  // Behind the state: nobody is told to open what a tenant that serves nobody would refuse.
  const reason = await reasonToOpen(control, route, caller, tenantId, c.req.header(REASON_HEADER));
  // Suspending must work under any load (spec 3).
  if (route.limit && name !== 'suspendTenant') {
    const wait = await limiter.take(route.limit, tenantId ?? '');
    if (wait !== null) {
      meter.rateLimitRejection(c.get('tenantLabel'), c.get('endpoint'));
      throw new FrostbyteError('RATE_LIMIT_EXCEEDED', `Too many requests; try again in ${wait} s.`, {
        retryAfter: wait,
      });
    }
  }

  const params = route.params ? (validate(route.params, rawParams, 'path') as Record<string, string>) : {};
  const query = route.query ? (validate(route.query, c.req.query(), 'query') as Record<string, unknown>) : {};
  const body =
    route.body && route.plane !== 'data' ? validate(route.body, await readJson(c.req.raw), 'body') : undefined;
  if (reason !== null && tenantId !== undefined) {
    await control.openBreakGlass(tenantId, { reason, by: { method: c.req.method, route: route.path } }, caller.subject);
  }
  const incoming = bodyOnSocket(c);
  return {
    request: c.req.raw,
    ...(incoming === undefined ? {} : { incoming }),
    route,
    name,
    caller,
    requestId: c.get('requestId'),
    tenantId,
    params,
    query,
    body,
  };
}

const callerOf = async (control: ControlVerbs, c: Context): Promise<Caller> =>
  control.authenticate(bearerToken(c.req.header('authorization')));

/** By the token of the header, or where there is none by the session of the browser. */
async function identify(control: ControlVerbs, c: Context<Env>): Promise<Caller> {
  const header = c.req.header('authorization');
  const secret = header === undefined ? sessionOf(c.req.raw) : null;
  try {
    if (secret === null) return await callerOf(control, c);
    const caller = await control.session(secret);
    refuseForgery(c.req.raw, secret);
    return caller;
  } catch (error) {
    if (isFrostbyteError(error, 'AUTHENTICATION_REQUIRED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED')) {
      control.authenticationFailed(sourceOf(c), error.code);
    }
    throw error;
  }
}

/** The request as the Node adapter holds it: its body, unread. */
function bodyOnSocket(c: Context<Env>): Readable | undefined {
  return (c.env as { incoming?: Readable } | undefined)?.incoming;
}
