import { createServer, type Socket } from 'node:net';

export interface ClamdDouble {
  /** What `scanner.clamd` takes. */
  address: string;
  close(): void;
}

/** A scanner that speaks clamd's protocol and finds what `find` names in the bytes; null is clean. */
export async function clamdDouble(find: (bytes: Buffer) => string | null): Promise<ClamdDouble> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let held = Buffer.alloc(0);
    const content: Buffer[] = [];
    let scanning = false;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      held = Buffer.concat([held, data]);
      if (!scanning) {
        const end = held.indexOf(0);
        if (end < 0) return;
        const command = held.subarray(0, end).toString();
        held = held.subarray(end + 1);
        if (command !== 'zINSTREAM') return void socket.end('PONG\0');
        scanning = true;
      }
      while (held.length >= 4) {
        const length = held.readUInt32BE(0);
        if (length === 0) {
          const name = find(Buffer.concat(content));
          return void socket.end(name === null ? 'stream: OK\0' : `stream: ${name} FOUND\0`);
        }
        if (held.length < 4 + length) return;
        content.push(held.subarray(4, 4 + length));
        held = held.subarray(4 + length);
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const at = server.address();
  return {
    address: `127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
