import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface CannedHttp {
  url: string;
  /** Every request, in order. */
  seen: { method: string; path: string; headers: IncomingHttpHeaders; body: string }[];
  close(): void;
}

/** A server on loopback that answers each request with what `answer` says; with certificates, over TLS. */
export async function cannedHttp(
  answer: (path: string, count: number) => { status: number; body: unknown },
  tls?: { cert: string; key: string },
): Promise<CannedHttp> {
  const seen: CannedHttp['seen'] = [];
  const listener: RequestListener = (request, response) => {
    const asked = { method: request.method!, path: request.url!, headers: request.headers, body: '' };
    seen.push(asked);
    request.setEncoding('utf8').on('data', (part: string) => (asked.body += part));
    request.on('end', () => {
      const { status, body } = answer(request.url!, seen.length);
      const content = JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) });
      response.end(content);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
