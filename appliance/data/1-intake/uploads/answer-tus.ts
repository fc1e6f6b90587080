import { ERRORS, Server } from '@tus/server';
import { CHECKSUM_ALGORITHMS, TUS_VERSION } from '../../../api/schemas/uploads.ts';
import { REQUEST_ID_HEADER } from '../../../api/seam.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { DataPlane } from '../../plane.ts';
import { fileLimit } from '../judge-file.ts';
import { lackOfRoom } from '../refusals.ts';
import { Checksum, ChecksumMismatch } from './checksum.ts';
import { UPLOAD_LIMITS, type UploadLimits, type UploadPlane } from './limits.ts';
import { UploadLocks } from './locks.ts';
import { checkMetadata } from './metadata.ts';
import { SegmentStore } from './segment-store.ts';
import { upstream } from './upstream.ts';

const OFFSET_TYPE = 'application/offset+octet-stream';

/** Locks of a tenant's uploads; one process serves a tenant. */
const LOCKS = new WeakMap<object, UploadLocks>();

export interface TusInput {
  request: Request;
  /** Ends the body as if the sender had broken off; the request's own by default. */
  signal?: AbortSignal;
  /** The caller's subject. */
  subject: string;
  /** The upload that the path names; undefined where it names the collection. */
  uploadId: string | undefined;
  limits?: UploadLimits;
}

/**
 * Answers a request of tus 1.0 (creation, creation-with-upload, expiration, termination, checksum). The protocol is the
 * library's; what is ours is where bytes go, who may send how much, and that refusals have the API's envelope.
 *
 * Throws a FrostbyteError for a refusal with a status of the API's own; the others (412, 415, 460) are answered.
 */
export async function answerTus(
  plane: UploadPlane & Pick<DataPlane, 'config'>,
  { request, signal = request.signal, subject, uploadId, limits = UPLOAD_LIMITS }: TusInput,
): Promise<Response> {
  const { method, headers } = request;
  if (method !== 'OPTIONS' && headers.get('tus-resumable') !== TUS_VERSION)
    return refusal(request, 412, `Say which version of tus this is: Tus-Resumable: ${TUS_VERSION}.`, 'tus-resumable');
  if (method === 'PATCH' && headers.get('content-type') !== OFFSET_TYPE)
    return refusal(request, 415, `The body of a PATCH is ${OFFSET_TYPE}.`, 'content-type');
  const metadata = headers.get('upload-metadata');
  if (method === 'POST' && metadata) checkMetadata(metadata);

  const { config } = await plane.config();
  const checksumHeader = headers.get('upload-checksum');
  const checksum = checksumHeader === null ? null : new Checksum(checksumHeader);
  const store = new SegmentStore(plane, { subject, config, checksum, limits });
  let failure: unknown = null;
  const { pathname } = new URL(request.url);
  const server = new Server({
    path: pathname,
    datastore: store,
    locker: locksOf(plane.records),
    lockDrainTimeout: limits.handoverMs,
    maxSize: fileLimit(config),
    // Relative to the host: right behind whatever stands before the gateway.
    relativeLocation: true,
    namingFunction: () => newId(),
    getFileIdFromRequest: () => uploadId,
    onResponseError: (_request, error) => {
      failure = error;
      return undefined;
    },
  });
  const body = method === 'PATCH' || method === 'POST' ? upstream(request.body, signal) : null;
  const response = await server.handleWeb(
    new Request(request.url, { method, headers, body: body?.stream ?? null, duplex: 'half' } as RequestInit),
  );
  body?.finish();
  if (method === 'POST' && isBodyWrong(failure)) await store.takeBack();
  if (failure instanceof ChecksumMismatch)
    return refusal(request, 460, 'The body does not have its checksum; nothing of it was kept.', 'upload-checksum');
  if (failure !== null) return lackOfRoom(Promise.reject(asOurs(failure)));
  if (response.status >= 400) throw asOurs({ status_code: response.status });
  return withOurHeaders(response, store, method);
}

/** A body that is not what its headers say: whoever sent it with a creation was told of no upload to go on with. */
function isBodyWrong(failure: unknown): boolean {
  return failure instanceof ChecksumMismatch || (failure as { status_code?: unknown } | null)?.status_code === 413;
}

function locksOf(records: UploadPlane['records']): UploadLocks {
  const known = LOCKS.get(records) ?? new UploadLocks();
  LOCKS.set(records, known);
  return known;
}

/** What the library throws, in the API's words. Its own texts stay behind: they may repeat what was sent. */
function asOurs(error: unknown): unknown {
  if (error === ERRORS.ABORTED)
    return new FrostbyteError('INVALID_STATE_TRANSITION', 'Another request has taken this upload over.');
  switch ((error as { status_code?: unknown }).status_code) {
    case 400:
    case 403:
    case 501:
      return new FrostbyteError('VALIDATION_ERROR', 'The headers are not those of tus 1.0; see the reference.', {
        details: [
          { field: 'headers', constraint: 'as in the reference: upload-length, upload-offset, upload-metadata' },
        ],
      });
    case 404:
    case 410:
      return new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such upload.');
    case 409:
      return new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        'The upload stands at another offset. Ask for it (HEAD) and go on from there.',
        { details: [{ field: 'upload-offset', constraint: 'the offset of the upload' }] },
      );
    case 413:
      return new FrostbyteError('PAYLOAD_TOO_LARGE', 'These are more bytes than were announced, or than are taken.', {
        details: [{ field: 'upload-length', constraint: 'at most max_file_size_mb, and not exceeded by the body' }],
      });
    default:
      return error instanceof Error ? error : new FrostbyteError('INTERNAL_ERROR', 'The upload server failed.');
  }
}

/** An answer in a status that tus has and the API has not. */
function refusal(request: Request, status: number, message: string, field: string): Response {
  const error = {
    code: 'VALIDATION_ERROR',
    message,
    details: [{ field, constraint: 'see the message' }],
    request_id: request.headers.get(REQUEST_ID_HEADER) ?? '',
  };
  return Response.json(
    { success: false, error },
    { status, headers: { 'tus-resumable': TUS_VERSION, 'tus-version': TUS_VERSION } },
  );
}

/** No page of another origin is meant to call this: the library's CORS headers go. */
function withOurHeaders(response: Response, { upload }: SegmentStore, method: string): Response {
  const headers = new Headers(response.headers);
  for (const name of [...headers.keys()]) if (name.startsWith('access-control-')) headers.delete(name);
  if (method === 'OPTIONS') headers.set('tus-checksum-algorithm', CHECKSUM_ALGORITHMS.join(','));
  else if (upload !== null && method !== 'DELETE')
    headers.set('upload-expires', new Date(upload.expires_at).toUTCString());
  return new Response(response.status === 204 || method === 'HEAD' ? null : response.body, {
    status: response.status,
    headers,
  });
}
