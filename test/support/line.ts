import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line to a server that a test can cut, hold and mend. */
export interface Line {
  host: string;
  port: number;
  /** Ends every connection and refuses new ones, as a server does that was killed. */
  cut(): Promise<void>;
  /** Lets connections be made again, at the same port. */
  mend(): Promise<void>;
  /** Nothing passes any more, in either direction, and nothing ends: as a server does that hangs. */
  hold(): void;
  /** What was held passes. */
  release(): void;
  /** Connections that were made so far. */
  connections(): number;
  close(): Promise<void>;
}

/** A TCP proxy on loopback. */
export async function lineTo(target: { host: string; port: number }): Promise<Line> {
  const open = new Set<Socket>();
  let held = false;
  let made = 0;
  const proxy = createServer((near) => {
    made += 1;
    const far = connect(target.port, target.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      if (held) socket.pause();
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => other.write(chunk));
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      if (held) socket.pause();
    }
  });
  const listen = async (port: number) => {
    proxy.listen(port, '127.0.0.1');
    await once(proxy, 'listening');
  };
  await listen(0);
  const { port } = proxy.address() as AddressInfo;
  const cut = async () => {
    const closed = proxy.listening ? once(proxy, 'close') : undefined;
    proxy.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  return {
    host: '127.0.0.1',
    port,
    cut,
    mend: () => listen(port),
    hold() {
      held = true;
      for (const socket of open) socket.pause();
    },
    release() {
      held = false;
      for (const socket of open) socket.resume();
    },
    connections: () => made,
    close: cut,
  };
}
