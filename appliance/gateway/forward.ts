import { type HttpWay, neverLeft } from '../api/rpc/http-way.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { bodyStream } from './body-stream.ts';
import type { TenantFetch } from './data-plane.ts';

/** Ways to the tenants' data planes. */
export interface PlaneWays {
  /** The way that is known, or found by asking control. Throws `SERVICE_UNAVAILABLE`. */
  to(tenantId: string): Promise<HttpWay>;
  /** Forgets a way that led nowhere, so that the next request asks again. */
  forget(tenantId: string, way: HttpWay): void;
}

/** Headers of an answer that are of one connection, and not of what it carries. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date']);

/**
 * Sends requests to the tenants' data planes. Bodies stream both ways as they come, each held back by whoever takes them;
 * a client that goes away takes its request with it. Where a data plane is not there, or breaks off before it answers,
 * that is `SERVICE_UNAVAILABLE`: nothing is sent twice but a question, and a request that never left.
 */
export function forwardingFetch(ways: PlaneWays): TenantFetch {
  return async (tenantId, request) => {
    const way = await ways.to(tenantId);
    try {
      return await send(way, request);
    } catch (error) {
      if (request.signal.aborted) throw error;
      ways.forget(tenantId, way);
      // A question may be asked again; anything else only where it never left.
      const isQuestion = request.method === 'GET' || request.method === 'HEAD';
      if (!isQuestion && !neverLeft(error)) throw unavailable(error);
      const again = await ways.to(tenantId);
      return await send(again, request).catch((cause: unknown) => {
        ways.forget(tenantId, again);
        throw unavailable(cause);
      });
    }
  };
}

async function send(way: HttpWay, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const { body } = request;
  const answer = await way.send({
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: { ...Object.fromEntries(request.headers), host: url.host },
    // Whoever answers early leaves the rest unread; it is not ours to hang up on the sender for that.
    body: body === null ? null : () => body.values({ preventCancel: true }),
    signal: request.signal,
    // A batch is read and scanned whole before the answer begins, and a stream of events may be silent for long. One that
    // hangs is ended by control, and then the connection breaks.
  });
  answer.on('error', () => undefined);
  const { statusCode = 500, headers } = answer;
  if (statusCode === 401) {
    answer.destroy();
    throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The tenant’s data plane does not know this gateway yet.');
  }
  const answered = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (OF_THE_CONNECTION.has(name) || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) answered.append(name, one);
  }
  const empty = statusCode === 204 || statusCode === 304 || request.method === 'HEAD';
  if (empty) answer.resume();
  return new Response(empty ? null : bodyStream(answer), { status: statusCode, headers: answered });
}

function unavailable(cause: unknown): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    'The tenant’s data plane does not answer at present. Try again in a moment; what was accepted is kept.',
    { retryAfter: 1, cause },
  );
}
