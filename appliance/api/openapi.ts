import { OpenAPIHono, z } from '@hono/zod-openapi';
import { ErrorEnvelope, STATUS } from './errors.ts';
import { Manifest } from './manifest.ts';
import { ROUTES, type Route } from './routes.ts';
import { IssuedTokenAnswer, RedeemCodeBody } from './schemas/admin.ts';
import { ListMeta } from './schemas/common.ts';

/** OpenAPI 3.1 from the table of routes, so that code and document cannot differ (spec 4). */

type Registration = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0];
type Responses = Registration['responses'];

const ERROR_TEXT: Record<number, string> = {
  400: 'The request is not as it should be; `details` names every problem',
  401: 'No token, or one that is not accepted',
  403: 'The token may not do this, or the tenant is suspended',
  404: 'No such thing (also for what belongs to another tenant)',
  409: 'Not possible in the present state',
  413: 'The body is too large',
  429: 'Too many requests; wait for `Retry-After` seconds',
  500: 'Our fault; nothing was lost',
  503: 'A store or service is down; wait for `Retry-After` seconds',
  507: 'The quota or the disk is full',
};

/** The document as plain data, keys in a stable order. */
export function openApiDocument(version: string): Record<string, unknown> {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][])
    app.openAPIRegistry.registerPath(registration(name, route));
  app.openAPIRegistry.registerPath(redeeming());
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Frostbyte Appliance',
      version,
      description:
        'Document in, structure out, stored in a relational database and a vector index, every step provable afterwards.',
    },
    servers: [{ url: '/api/v1' }],
  }) as unknown as Record<string, unknown>;
}

function registration(name: string, route: Route): Registration {
  return {
    method: route.method,
    path: route.path,
    operationId: name,
    summary: route.summary,
    description: describe(route),
    tags: [route.path.split('/')[1] ?? 'status'],
    security: [{ bearer: [] }],
    request: {
      ...(route.params ? { params: route.params } : {}),
      ...(route.query ? { query: route.query } : {}),
      ...headersOf(route),
      ...(route.body ? { body: { required: true, content: { 'application/json': { schema: route.body } } } } : {}),
      ...(route.bodyType === 'multipart'
        ? {
            body: {
              required: true,
              content: { 'multipart/form-data': { schema: MULTIPART }, 'application/json': { schema: Manifest } },
            },
          }
        : {}),
      ...(route.bodyType === 'offset'
        ? { body: { required: route.method === 'patch', content: { 'application/offset+octet-stream': OCTETS } } }
        : {}),
    },
    responses: { [route.status]: success(route), ...errors(route) },
  } as Registration;
}

/** The one address that answers for itself although no token was shown: it gives one, for a one-time code. */
function redeeming(): Registration {
  const summary = 'Exchange a one-time code, which the appliance printed, for a token';
  const data = z.object({ success: z.literal(true), data: IssuedTokenAnswer });
  const refusals = [400, 401, 413, 500, 503].map((status) => [
    status,
    { description: ERROR_TEXT[status], content: { 'application/json': { schema: ErrorEnvelope } } },
  ]);
  return {
    method: 'post',
    path: '/tokens/redeem',
    operationId: 'redeemCode',
    summary,
    description: 'Needs no token. A code counts once, and for minutes.',
    tags: ['tokens'],
    security: [],
    request: { body: { required: true, content: { 'application/json': { schema: RedeemCodeBody } } } },
    responses: {
      201: { description: summary, content: { 'application/json': { schema: data } } },
      ...Object.fromEntries(refusals),
    },
  } as Registration;
}

const REASON_HEADER = z.string().max(500).optional().openapi({
  description: 'Why an administrator looks at a tenant’s content, where no break-glass is open; opens one',
});

/** The headers that a route reads, break-glass with them. */
function headersOf({ headers, breakGlass }: Route): { headers?: z.ZodObject } {
  if (!breakGlass) return headers ? { headers } : {};
  return { headers: (headers ?? z.object({})).extend({ 'x-break-glass-reason': REASON_HEADER }) };
}

const MULTIPART = z
  .object({
    manifest: z.string().openapi({ description: 'The manifest, JSON; the first part' }),
    file: z.any().openapi({ type: 'string', format: 'binary', description: 'One part a file, named by its file_id' }),
  })
  .openapi('BatchUpload');

const OCTETS = { schema: z.any().openapi({ type: 'string', format: 'binary' }) };

function success(route: Route): Responses[string] {
  const headers = Object.fromEntries(
    (route.answerHeaders ?? []).map((name) => [name, { schema: { type: 'string' as const } }]),
  );
  if (route.answer === null) return { description: route.summary, headers };
  if (!(route.answer instanceof z.ZodType)) {
    return { description: route.summary, content: { [route.answer.contentType]: { schema: z.string() } } };
  }
  const envelope = z.object({
    success: z.literal(true),
    data: route.answer,
    ...(route.list ? { meta: ListMeta } : {}),
  });
  const other = route.orAs ? { [route.orAs.contentType]: { schema: z.string() } } : {};
  return { description: route.summary, content: { 'application/json': { schema: envelope }, ...other } };
}

function errors(route: Route): Responses {
  const codes = [401, 403, 500, 503];
  if (route.params || route.query || route.body || route.bodyType || route.headers) codes.push(400);
  if (route.params || route.scope === 'admin') codes.push(404, 409);
  if (route.limit) codes.push(429);
  if (route.body || route.bodyType) codes.push(413);
  if (!READING.has(route.method) || route.breakGlass) codes.push(507);
  const content = { 'application/json': { schema: ErrorEnvelope } };
  const described = Object.fromEntries(
    codes
      .sort()
      .map((status) => [status, { description: `${ERROR_TEXT[status]}. Codes: ${codesOf(status)}`, content }]),
  );
  for (const [status, text] of Object.entries(route.refusals ?? {}))
    described[status] = { description: `${text}. Code: VALIDATION_ERROR`, content };
  return described;
}

const READING: ReadonlySet<Route['method']> = new Set(['get', 'head', 'options']);

function codesOf(status: number): string {
  return Object.entries(STATUS)
    .filter(([, value]) => value === status)
    .map(([code]) => code)
    .join(', ');
}

function describe(route: Route): string {
  const parts = [`Roles: ${route.roles.join(', ')}.`];
  if (route.scope) parts.push(`Scope: ${route.scope}.`);
  if (route.breakGlass)
    parts.push(
      'An admin needs a live break-glass grant, or names the reason in X-Break-Glass-Reason, which opens one; the tenant is told.',
    );
  return parts.join(' ');
}
