import type { KeyObject } from 'node:crypto';
import { ASSERTION_HEADER, REQUEST_ID_HEADER, signAssertion } from '../api/seam.ts';
import type { Admitted } from './app.ts';
import { bodyStream } from './body-stream.ts';

/** Sends a request to a tenant's app: in process (embedded), or over the tenant's network (stack). */
export type TenantFetch = (tenantId: string, request: Request) => Promise<Response>;

/** Headers that cross the seam. Cookies, authorisation and anything else stay at the door. */
const FORWARDED = [
  'content-type',
  'content-length',
  'last-event-id',
  'accept',
  'tus-resumable',
  'upload-length',
  'upload-defer-length',
  'upload-offset',
  'upload-metadata',
  'upload-checksum',
  'upload-concat',
] as const;

/** Forwards an admitted request with its signed assertion; the body streams through untouched. */
export function dataPlaneHandler(
  tenantFetch: TenantFetch,
  key: KeyObject,
  keyId?: string,
): (admitted: Admitted) => Promise<Response> {
  return async ({ request, incoming, caller, requestId, tenantId }) => {
    const headers = new Headers();
    for (const name of FORWARDED) {
      const value = request.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    const { pathname: path, search: query } = new URL(request.url);
    const length = request.headers.get('content-length');
    headers.set(REQUEST_ID_HEADER, requestId);
    headers.set(
      ASSERTION_HEADER,
      await signAssertion(key, {
        tenant_id: tenantId!,
        caller,
        method: request.method,
        path,
        query,
        length,
        ...(keyId === undefined ? {} : { key_id: keyId }),
      }),
    );
    const bodiless = request.method === 'GET' || request.method === 'HEAD';
    const body = bodiless || incoming === undefined ? null : bodyStream(incoming);
    const forwarded = new Request(request.url, {
      method: request.method,
      headers,
      body: body ?? request.body,
      duplex: 'half',
      signal: request.signal,
    } as RequestInit);
    return await tenantFetch(tenantId!, forwarded).finally(() => body?.dropRest());
  };
}
