import { STATUS } from '../api/errors.ts';
import { type ApiCode, type ErrorDetail, FrostbyteError } from '../kernel/errors.ts';
import { tlsRefusal } from '../kernel/server-tls.ts';
import { withinLimits } from './waiting.ts';

/** Talks to a gateway. Every refusal comes back as the FrostbyteError that the gateway threw. */
export interface ClientOptions {
  url: string;
  /** Null: for what needs none. */
  token: string | null;
  /** Why an administrator reads a tenant's content (break-glass). */
  reason?: string;
}

export interface Answer<T> {
  data: T;
  meta?: { total: number; pages: number; cursor?: string | null };
  headers: Headers;
}

export interface Client {
  get<T>(path: string, query?: Record<string, string | number | undefined>): Promise<Answer<T>>;
  /**
   * Every page of a list, by its cursor where it has one; a limit of requests is waited for. A `limit` in the query is that
   * of a page.
   */
  all<T>(path: string, query?: Record<string, string | number | undefined>): Promise<T[]>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer<T>>;
  /** A body of its own (multipart, streams). */
  upload<T>(path: string, body: FormData, headers: Record<string, string>): Promise<Answer<T>>;
  /** The raw answer, for streams and downloads. Throws as the others do when it is a refusal. */
  raw(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Any method with headers and a body of its own; the raw answer. Throws as the others do when it is a refusal. */
  call(method: string, path: string, init: Pick<RequestInit, 'headers' | 'body' | 'signal'>): Promise<Response>;
}

/** Rows of a page: what every list allows. */
const PAGE = 100;

/** What a header can carry as it is. */
const HEADER_TEXT = /^[\u0020-\u00ff]*$/;

/** What a connection says that was there and went. */
const CUT: readonly unknown[] = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

function wasCut(error: unknown): boolean {
  return error instanceof Error && CUT.includes((error.cause as { code?: unknown } | undefined)?.code);
}

/** Throws `VALIDATION_ERROR` for a reason that no header can carry. */
export function createClient({ url, token, reason }: ClientOptions): Client {
  if (reason !== undefined && !HEADER_TEXT.test(reason)) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      'A reason in letters that no header carries is named once, with `frostbyte tenant break-glass open`; then look without --reason.',
      { details: [{ field: '--reason', constraint: 'Latin letters' }] },
    );
  }
  const base = `${url.replace(/\/+$/, '')}/api/v1`;
  const common = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(reason ? { 'x-break-glass-reason': reason } : {}),
  };

  async function call(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...common, ...(init.headers as Record<string, string> | undefined) };
    const ask = () => fetch(`${base}${path}`, { ...init, headers });
    const first = ask();
    // An idle connection that the gateway closes while it is used again: what only reads is asked once more.
    const answer = init.method === 'GET' ? first.catch((error: unknown) => (wasCut(error) ? ask() : first)) : first;
    const response = await answer.catch((cause: unknown) => {
      const refusal = tlsRefusal(cause, `the appliance at ${url}`);
      throw new FrostbyteError(
        'SERVICE_UNAVAILABLE',
        refusal === null
          ? `No appliance answers at ${url}. Is it running (frostbyte serve)?`
          : `${refusal} --ca names it.`,
        {
          cause,
          details: [{ field: 'url', value: url, constraint: 'must be reachable' }],
        },
      );
    });
    if (response.ok) return response;
    throw await refusal(response);
  }

  async function read<T>(response: Response): Promise<Answer<T>> {
    const { data, meta } = (await response.json()) as { data: T; meta?: Answer<T>['meta'] };
    return { data, headers: response.headers, ...(meta ? { meta } : {}) };
  }

  return {
    async get(path, query = {}) {
      const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]],
      );
      const search = new URLSearchParams(pairs).toString();
      return read(await call(search ? `${path}?${search}` : path, { method: 'GET' }));
    },
    async all<T>(path: string, query: Record<string, string | number | undefined> = {}) {
      const rows: T[] = [];
      let at: { page?: number; cursor?: string } = { page: 1 };
      for (let page = 1; ; page++) {
        const { data, meta } = await withinLimits(() => this.get<T[]>(path, { limit: PAGE, ...query, ...at }));
        rows.push(...data);
        if (meta?.cursor === null || (meta?.cursor === undefined && page >= (meta?.pages ?? 1))) return rows;
        at = meta?.cursor === undefined ? { page: page + 1 } : { cursor: meta.cursor };
      }
    },
    async send(method, path, body) {
      const json =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      return read(await call(path, { method, ...json }));
    },
    async upload(path, body, headers) {
      return read(await call(path, { method: 'POST', body, headers, duplex: 'half' } as RequestInit));
    },
    raw: (path, headers = {}) => call(path, { method: 'GET', headers }),
    call: (method, path, init) => call(path, { ...init, method, duplex: 'half' } as RequestInit),
  };
}

/** What a status says by itself: the answer to a HEAD has no body. */
const BODILESS: Readonly<Record<number, ApiCode>> = Object.freeze({
  400: 'VALIDATION_ERROR',
  401: 'AUTHENTICATION_REQUIRED',
  403: 'INSUFFICIENT_PERMISSIONS',
  404: 'RESOURCE_NOT_FOUND',
  409: 'INVALID_STATE_TRANSITION',
  429: 'RATE_LIMIT_EXCEEDED',
  503: 'SERVICE_UNAVAILABLE',
});

async function refusal(response: Response): Promise<FrostbyteError> {
  const body = (await response.json().catch(() => null)) as {
    error?: { code: string; message: string; details: ErrorDetail[]; request_id: string };
  } | null;
  const error = body?.error;
  if (!error || !Object.hasOwn(STATUS, error.code)) {
    const code = BODILESS[response.status];
    if (code && response.headers.get('x-request-id'))
      return new FrostbyteError(code, `The gateway answered ${response.status}.`, retryOf(response));
    return new FrostbyteError('INTERNAL_ERROR', `The gateway answered ${response.status} in a form that is not ours.`);
  }
  return new FrostbyteError(error.code as ApiCode, `${error.message} (request ${error.request_id})`, {
    details: error.details,
    ...retryOf(response),
  });
}

function retryOf(response: Response): { retryAfter?: number } {
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  return retryAfter ? { retryAfter } : {};
}
