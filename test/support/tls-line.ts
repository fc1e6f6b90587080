import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What a client of PostgreSQL sends before all else where it wants TLS: its length, and the number of the request. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export interface TlsLine {
  host: string;
  port: number;
  close(): void;
}

/**
 * A line on loopback to a server that speaks TLS for it. `asks`: as PostgreSQL does, only to whoever asks for it first;
 * whoever does not is not let in. Without a target whoever got as far is left to wait.
 */
export async function tlsLine(
  tls: TlsOptions,
  { target, asks = false }: { target?: { host: string; port: number }; asks?: boolean } = {},
): Promise<TlsLine> {
  const open = new Set<Socket>();
  const keep = (socket: Socket, other: () => Socket | undefined) => {
    open.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => {
        open.delete(socket);
        other()?.destroy();
      });
  };
  const inside = createTlsServer(tls, (clear) => {
    keep(clear, () => far);
    const far = target === undefined ? undefined : connect(target.port, target.host);
    if (far === undefined) return;
    keep(far, () => clear);
    clear.pipe(far).pipe(clear);
  });
  inside.on('tlsClientError', () => undefined);
  const server = createServer((near) => {
    keep(near, () => undefined);
    if (!asks) {
      inside.emit('connection', near);
      return;
    }
    near.once('data', (first: Buffer) => {
      if (first.equals(SSL_REQUEST)) {
        near.write('S');
        inside.emit('connection', near);
      } else near.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
