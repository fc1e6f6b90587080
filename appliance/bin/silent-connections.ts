import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Closes a connection on which nothing moves for `ms`, however long it has lasted: time limits follow progress (spec 2
 * A). While a request has come whole, and its answer is neither at its end nor waiting to be read, the silence is ours
 * and no reason to hang up: a batch that names large uploads is read and scanned before a byte goes back.
 */
export function endSilence(server: Server | TlsServer, ms: number): void {
  const latest = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();
  server.on('request', (request, response) => void latest.set(request.socket, { request, response }));
  server.setTimeout(ms, (socket) => {
    const exchange = latest.get(socket);
    const { request, response } = exchange ?? {};
    const isOurTurn = request?.complete && !response?.writableEnded && socket.writableLength === 0;
    if (isOurTurn) socket.setTimeout(ms);
    else socket.destroy();
  });
}
