import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { toHttpError } from '../api/errors.ts';
import type { PlaneAddress } from '../api/plane/handover.ts';
import { CHANNEL_PATH, CHANNEL_PROTOCOL, INTERNAL_PREFIX } from '../api/plane/tables.ts';
import { listenOnSocket } from '../api/rpc/listen-on-socket.ts';
import { ASSERTION_HEADER } from '../api/seam.ts';
import { bodyStream } from '../gateway/body-stream.ts';
import { unreadableAnswer } from '../gateway/unreadable.ts';

/** The one address of a tenant's process: what gateways forward, what control asks, and the channel that control opens. */
export interface PlaneServerOptions {
  /** The tenant's app; it checks the gateway's assertion itself. */
  fetch(request: Request): Promise<Response> | Response;
  /** Answers control, behind its assertion. */
  internal: RequestListener;
  /** Throws where an assertion is not control's. */
  admitControl(path: string, assertion: string | undefined): Promise<void>;
  /** Takes control's channel. */
  attach(connection: Duplex): void;
}

const HEADERS_MS = 20_000;
/** Longer than the other end keeps a silent connection, so that nobody sends into a closing one. */
const KEEP_ALIVE_MS = 60_000;

export function planeServer({ fetch, internal, admitControl, attach }: PlaneServerOptions): Server {
  const tenant = getRequestListener(
    (request, env) => fetch(withOwnBody(request, (env as { incoming: Readable }).incoming)),
    { errorHandler: unreadableAnswer },
  );
  const server = createServer(
    { requestTimeout: 0, headersTimeout: HEADERS_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const path = request.url ?? '';
      if (!path.startsWith(`${INTERNAL_PREFIX}/`)) return void tenant(request, response);
      admitControl(path, assertionOf(request)).then(
        () => {
          request.url = path.slice(INTERNAL_PREFIX.length);
          internal(request, response);
        },
        (error: unknown) => {
          const { status, body, headers } = toHttpError(error, '');
          response.writeHead(status, { ...headers, 'content-type': 'application/json', connection: 'close' });
          response.end(JSON.stringify(body));
        },
      );
    },
  );
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const isChannel = request.url === CHANNEL_PATH && request.headers.upgrade === CHANNEL_PROTOCOL;
    socket.on('error', () => undefined);
    admitControl(CHANNEL_PATH, isChannel ? assertionOf(request) : undefined).then(
      () => {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${CHANNEL_PROTOCOL}\r\n\r\n`);
        attach(socket);
      },
      () => socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
    );
  });
  return server;
}

export function listenAt(server: Server, address: PlaneAddress): Promise<void> {
  if ('socket' in address) return listenOnSocket(server, address.socket, address.owner);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function assertionOf({ headers }: IncomingMessage): string | undefined {
  const value = headers[ASSERTION_HEADER];
  return typeof value === 'string' ? value : undefined;
}

/** The request with its body as the chunks lie, as the gateway hands it to an app in its own process. */
function withOwnBody(request: Request, incoming: Readable): Request {
  if (request.method === 'GET' || request.method === 'HEAD') return request;
  return new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body: bodyStream(incoming),
    duplex: 'half',
    signal: request.signal,
  } as RequestInit);
}
