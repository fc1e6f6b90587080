/** Of tus 1.0, for senders behind a proxy that lets no PATCH through. */
const OVERRIDE_HEADER = 'x-http-method-override';
const AN_UPLOAD = /^\/api\/v1\/ingest\/[^/]+\/uploads\/[^/]+$/;
const METHODS = new Set(['PATCH', 'HEAD', 'DELETE']);

/**
 * The request that a POST to an upload stands for, by its `X-HTTP-Method-Override` (tus 1.0); null where it means what it
 * says. Every gate is passed as that other method. A body that came over a socket stays there, unread.
 */
export function meantRequest(request: Request, onSocket: boolean): Request | null {
  const method = request.headers.get(OVERRIDE_HEADER)?.toUpperCase();
  if (request.method !== 'POST' || method === undefined || !METHODS.has(method)) return null;
  if (!AN_UPLOAD.test(new URL(request.url).pathname)) return null;
  const headers = new Headers(request.headers);
  headers.delete(OVERRIDE_HEADER);
  const body = onSocket || method === 'HEAD' ? null : request.body;
  return new Request(request.url, { method, headers, body, duplex: 'half', signal: request.signal } as RequestInit);
}
