import assert from 'node:assert/strict';
import { z } from '@hono/zod-openapi';
import { ErrorEnvelope, STATUS } from '../../appliance/api/errors.ts';
import { ROUTES, type Route } from '../../appliance/api/routes.ts';
import { ListMeta } from '../../appliance/api/schemas/common.ts';
import type { ApiCode } from '../../appliance/kernel/errors.ts';

/**
 * A caller that holds every answer against the table of routes: status, envelope, schema, and that nothing comes out
 * which the schema does not name. What the OpenAPI document promises is thereby what the daemon does.
 */
export interface Caller {
  /** A JSON answer; its `data` (and `meta`) when it succeeded. */
  <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered<T>>;
  raw(method: string, path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>;
}

export interface Answered<T> {
  status: number;
  /** Empty when it succeeded. */
  code: ApiCode | '';
  data: T;
  meta: z.infer<typeof ListMeta>;
  error: z.infer<typeof ErrorEnvelope>['error'];
  headers: Headers;
}

const PATTERNS = Object.values(ROUTES as Record<string, Route>).map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** `token` null: without one. Paths are below `/api/v1`. */
export function callerOf(url: () => string, token: string | null, reason?: string): Caller {
  const raw: Caller['raw'] = (method, path, init = {}) =>
    fetch(`${url()}/api/v1${path}`, {
      ...init,
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(reason === undefined ? {} : { 'x-break-glass-reason': reason }),
        ...(init.headers as Record<string, string> | undefined),
      },
    });
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const json = body !== undefined && !(body instanceof FormData);
    const response = await raw(method, path, {
      headers: { ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as FormData) }),
    });
    return read(method, path, response);
  };
  return Object.assign(call, { raw }) as Caller;
}

/** Reads and checks an answer. */
export async function read(method: string, path: string, response: Response): Promise<Answered<never>> {
  const id = response.headers.get('x-request-id');
  assert.match(id ?? '', /^[0-9a-f-]{36}$/, 'every answer has a request id');
  const body = (await response.json()) as { data: unknown; meta?: unknown };
  if (response.status >= 400) {
    const { error } = ErrorEnvelope.parse(body);
    assert.equal(STATUS[error.code], response.status, `${error.code} has its status`);
    assert.equal(error.request_id, id);
    return { status: response.status, code: error.code, error, headers: response.headers } as Answered<never>;
  }
  checkAnswer(method, path, response.status, body);
  return {
    status: response.status,
    code: '',
    data: body.data,
    meta: body.meta,
    headers: response.headers,
  } as unknown as Answered<never>;
}

/** An answer is what its route promises, and no more. */
export function checkAnswer(method: string, path: string, status: number, body: unknown): void {
  const below = path.split('?')[0]!;
  const route = PATTERNS.find(
    ({ route: one, pattern }) => one.method === method.toLowerCase() && pattern.test(below),
  )?.route;
  assert.ok(route, `${method} ${path} is a route`);
  assert.equal(status, route.status, `${method} ${path}`);
  assert.ok(route.answer instanceof z.ZodType, `${method} ${path} answers JSON`);
  const envelope = z.strictObject({
    success: z.literal(true),
    data: route.answer,
    ...(route.list ? { meta: ListMeta } : {}),
  });
  const parsed = envelope.safeParse(body);
  assert.ok(parsed.success, `${method} ${path}: ${JSON.stringify(parsed.error?.issues.slice(0, 5))}`);
  assert.deepEqual(
    body,
    JSON.parse(JSON.stringify(parsed.data)),
    `${method} ${path} answers what its schema does not name`,
  );
}
