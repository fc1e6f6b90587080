import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface MortalServer {
  host: string;
  port: number;
  /** Connections that were made so far. */
  connections(): number;
}

/**
 * A server on loopback that takes so many connections and is gone with the end of the last one: its port refuses then.
 * It ends with the test.
 */
export async function mortalServer(
  t: TestContext,
  serve: (socket: Socket, connection: number) => void,
  lives = Number.POSITIVE_INFINITY,
): Promise<MortalServer> {
  const open = new Set<Socket>();
  let made = 0;
  const server = createServer((socket) => {
    made += 1;
    open.add(socket);
    // Before that one ends: whoever comes next finds nobody.
    if (made >= lives) server.close();
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    serve(socket, made);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, connections: () => made };
}
