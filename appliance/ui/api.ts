import { FORGERY_HEADER } from '../gateway/session-cookie.ts';
import type { ErrorDetail } from '../kernel/errors.ts';

/** Answers a request as it answers everybody's: with the gateway's own checks, limits and audit events. */
export type Ask = (request: Request) => Promise<Response>;

/** A refusal of the API, as a page shows it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly ErrorDetail[];
  readonly requestId: string | null;
  readonly retryAfter: number | null;

  constructor(refused: {
    status: number;
    code: string;
    message: string;
    details?: readonly ErrorDetail[];
    requestId?: string | null;
    retryAfter?: number | null;
  }) {
    super(refused.message);
    this.status = refused.status;
    this.code = refused.code;
    this.details = refused.details ?? [];
    this.requestId = refused.requestId ?? null;
    this.retryAfter = refused.retryAfter ?? null;
  }
}

export interface Answered<T> {
  data: T;
  meta?: { total: number; cursor?: string | null };
}

/** A part of the appliance. */
export interface Part {
  name: string;
  ok: boolean;
  message: string;
}

/** The API, asked with the session of whoever looks at a page. Refusals are thrown (`Refusal`). */
export interface Api {
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Answered<T>>;
  /** Each part of the appliance, and how it is: what `/ready` says to everybody. */
  readiness(): Promise<Part[]>;
  /** Has a file made, as the API answers it: for the browser to save. `mark` as in `send`. */
  file(path: string, mark: string): Promise<Response>;
  /** `mark`: what the form sent as the sign that a page of ours made it. */
  send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: unknown, mark: string): Promise<Answered<T>>;
}

/** Headers by which the gateway knows the session, and that the browser sent the request from a page of ours. */
const TAKEN_ALONG = ['cookie', 'origin', 'sec-fetch-site'] as const;

/** The form of a mark (`forgeryMark`). */
const MARK = /^[A-Za-z0-9_-]{43}$/;

/** The API for one visit. */
export function apiFor(ask: Ask, visitor: Request): Api {
  const base = new URL('/api/v1', visitor.url);
  const answered = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    for (const name of TAKEN_ALONG) {
      const value = visitor.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    const answer = await ask(new Request(`${base}${path}`, { ...init, headers, signal: visitor.signal }));
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  };
  const call = async <T>(path: string, init: RequestInit): Promise<Answered<T>> =>
    (await (await answered(path, init)).json()) as Answered<T>;
  // What is no mark may be nothing that a header can say: the gateway refuses none as it refuses a wrong one.
  const marked = (mark: string) => ({ [FORGERY_HEADER]: MARK.test(mark) ? mark : '' });
  return {
    get(path, query = {}) {
      const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
        value === undefined || value === '' ? [] : [[name, String(value)]],
      );
      const search = new URLSearchParams(pairs).toString();
      return call(search === '' ? path : `${path}?${search}`, { method: 'GET' });
    },
    async readiness() {
      const answer = await ask(new Request(new URL('/ready', visitor.url), { signal: visitor.signal }));
      return ((await answer.json()) as { dependencies: Part[] }).dependencies;
    },
    file: (path, mark) => answered(path, { method: 'POST', headers: marked(mark) }),
    send: (method, path, body, mark) =>
      call(path, {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...marked(mark) },
      }),
  };
}

async function refusalOf(answer: Response): Promise<Refusal> {
  const retryAfter = Number(answer.headers.get('retry-after')) || null;
  const { error } = (await answer.json()) as {
    error: { code: string; message: string; details: ErrorDetail[]; request_id: string };
  };
  const { code, message, details, request_id: requestId } = error;
  return new Refusal({ status: answer.status, code, message, details, requestId, retryAfter });
}
