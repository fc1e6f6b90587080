import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line to a server that breaks where a test wants it to. */
export interface BreakingLine {
  url: string;
  /** How often it broke. */
  breaks(): number;
  close(): void;
}

/**
 * A TCP proxy on loopback. Each number is how many bytes of a connection go to the server before both ends are cut; only
 * connections that send as many count, and once all numbers are used up the line holds.
 */
export async function breakingLine(target: string, cuts: readonly number[]): Promise<BreakingLine> {
  const { hostname, port } = new URL(target);
  const left = [...cuts];
  const open = new Set<Socket>();
  let breaks = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    let sent = 0;
    let cut = false;
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        // What was written before the cut is not thrown away with it: that side closes when it has sent it.
        if (!(cut && other === far)) other.destroy();
      });
    }
    far.pipe(near);
    near.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      if (left[0] !== undefined && sent > left[0]) {
        left.shift();
        breaks++;
        cut = true;
        // What lay before the cut arrives.
        far.end(chunk.subarray(0, chunk.length - 1));
        near.destroy();
      } else if (!far.write(chunk)) {
        near.pause();
        far.once('drain', () => near.resume());
      }
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    breaks: () => breaks,
    close() {
      proxy.close();
      for (const socket of open) socket.destroy();
    },
  };
}
