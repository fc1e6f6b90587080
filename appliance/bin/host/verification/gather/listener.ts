import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Listens on the host as a careless service does: TCP and UDP on every address, and a resolver where one would be asked. It
 * is what proves that nothing came: an error at the sender's side says only that no answer did.
 */
export interface Listener {
  readonly port: number;
  /** Addresses at which no resolver could be put, with why. */
  readonly deaf: ReadonlyMap<string, string>;
  /** Whether a try's token came, by any of them. */
  heard(token: string): boolean;
  close(): void;
}

const DNS_PORT = 53;
/** What a name or a greeting is at most. */
const MOST_BYTES = 512;

/** `resolvers`: the addresses of this host at which a resolver is put. */
export async function listenOnHost(resolvers: readonly string[]): Promise<Listener> {
  const came = new Set<string>();
  const tcp = createServer((socket) => {
    let said = '';
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      said += piece.toString('latin1');
      came.add(said);
      if (said.length > MOST_BYTES) socket.destroy();
    });
    socket.on('end', () => socket.end());
  });
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject).listen(0, '0.0.0.0', resolve);
  });
  const { port } = tcp.address() as { port: number };
  const udp = createSocket('udp4', (message, from) => {
    came.add(message.toString('latin1'));
    udp.send(message, from.port, from.address, () => undefined);
  });
  await bound(udp, port, '0.0.0.0');
  const deaf = new Map<string, string>();
  const opened: Socket[] = [];
  for (const address of resolvers) {
    const resolver = createSocket('udp4', (question, from) => {
      came.add(nameIn(question));
      resolver.send(noSuchName(question), from.port, from.address, () => undefined);
    });
    try {
      await bound(resolver, DNS_PORT, address);
      opened.push(resolver);
    } catch (error) {
      deaf.set(address, (error as NodeJS.ErrnoException).code ?? 'error');
      resolver.close();
    }
  }
  return {
    port,
    deaf,
    heard: (token) => came.has(token),
    close() {
      tcp.close();
      udp.close();
      for (const resolver of opened) resolver.close();
    },
  };
}

function bound(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address, exclusive: true }, () => {
      socket.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
}

/** The name of a question: RFC 1035, 4.1.2. */
function nameIn(message: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; at < message.length && message[at]! > 0; at += 1 + message[at]!)
    labels.push(message.toString('latin1', at + 1, at + 1 + message[at]!));
  return labels.join('.').toLowerCase();
}

function noSuchName(question: Buffer): Buffer {
  const answer = Buffer.from(question);
  if (answer.length >= 4) {
    answer[2]! |= 0x80;
    answer[3] = 0x83;
  }
  return answer;
}
