import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What becomes of a piece on its way: it goes on (changed or not), is swallowed, or the connection is cut. */
export type Fate = Buffer | 'swallow' | 'cut';

export interface Meddling {
  /** Towards the server; `sofar` bytes of this connection went before. */
  up?: (chunk: Buffer, sofar: number) => Fate;
  /** Towards the client. */
  down?: (chunk: Buffer, sofar: number) => Fate;
  /** Speaks TLS with the client. */
  tls?: TlsOptions;
}

export interface MeddlingLine {
  /** `http://127.0.0.1:port`, or `https:` with TLS. */
  url: string;
  close(): void;
}

/** A proxy on loopback in front of a server, through which a test meddles with the traffic. */
export async function meddlingLine(target: string, meddling: Meddling): Promise<MeddlingLine> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const serve = (near: Socket) => {
    const far = connect(Number(port), hostname);
    carry(near, far, meddling.up, open);
    carry(far, near, meddling.down, open);
  };
  const proxy: Server = meddling.tls === undefined ? createServer(serve) : createTlsServer(meddling.tls, serve);
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `${meddling.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close() {
      proxy.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function carry(from: Socket, to: Socket, meddle: Meddling['up'], open: Set<Socket>): void {
  let sofar = 0;
  open.add(from);
  from.on('error', () => undefined);
  from.on('close', () => {
    open.delete(from);
    to.destroy();
  });
  from.on('data', (chunk: Buffer) => {
    const fate = meddle?.(chunk, sofar) ?? chunk;
    sofar += chunk.byteLength;
    if (fate === 'cut') from.destroy();
    else if (fate !== 'swallow' && !to.write(fate)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
}
