import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface MortalServer {
  host: string;
  port: number;
  /** Listens at its port again, and from now on for good. */
  revive(): Promise<void>;
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
  let last = lives;
  const server = createServer((socket) => {
    made += 1;
    open.add(socket);
    // Before that one ends: whoever comes next finds nobody.
    if (made === last) server.close();
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    serve(socket, made);
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    host: '127.0.0.1',
    port,
    async revive() {
      last = Number.POSITIVE_INFINITY;
      if (!server.listening) await listen(port);
    },
  };
}
