import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { toHttpError } from '../api/errors.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';

/**
 * Answers bytes that are no HTTP request (spec 4: every refusal has its envelope), and closes the connection: nothing
 * behind them can be told apart. Headers beyond the server's limit are `PAYLOAD_TOO_LARGE`.
 */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const requestId = newId();
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new FrostbyteError('PAYLOAD_TOO_LARGE', 'The headers are too large.')
      : new FrostbyteError('VALIDATION_ERROR', 'This is not an HTTP request that can be read.');
  const { status, body } = toHttpError(refusal, requestId);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${status === 413 ? 'Payload Too Large' : 'Bad Request'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

/**
 * The answer to a request that is HTTP but names no address of ours: a host or path that no URL can hold. Any other
 * error that comes past the gateway is our fault.
 */
export function unreadableAnswer(error: unknown): Response {
  const requestId = newId();
  const cause =
    error instanceof RequestError
      ? new FrostbyteError('VALIDATION_ERROR', 'The request’s host or path cannot be read.')
      : error;
  const { status, body, headers } = toHttpError(cause, requestId);
  return Response.json(body, {
    status,
    headers: { ...headers, 'x-request-id': requestId, 'cache-control': 'no-store' },
  });
}
