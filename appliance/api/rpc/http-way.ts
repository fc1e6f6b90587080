import { Agent, type IncomingMessage, request } from 'node:http';
import { addAbortSignal, type Duplex } from 'node:stream';

/**
 * A way from one of our processes to another: HTTP over connections that are kept. By Node's own client: a call over a
 * unix socket costs a tenth of a millisecond, where others wait a whole one before they use a kept connection again.
 */
export interface HttpWay {
  /** Resolves when the head of the answer is there. `body` is sent as it comes, held back by whoever takes it. */
  send(asked: Asked): Promise<IncomingMessage>;
  /** Breaks off what is under way. */
  destroy(): void;
}

export interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** A stream is asked for once there is a connection: of a request that never left nothing was read. */
  body: string | (() => AsyncIterable<Uint8Array>) | null;
  /** Ends the call; where a body is sent, once what there was of it has left. */
  signal?: AbortSignal;
  /** Silence on the connection after which the call is given up; none: it may last. */
  silenceMs?: number;
}

export type Where = { socket: string } | { host: string; port: number } | { connection: Duplex };

/** A kept connection is closed after this; the other end must keep it for longer. */
const KEPT_MS = 30_000;

export function httpWay(where: Where, connections: number): HttpWay {
  const isGiven = 'connection' in where;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ...(isGiven ? {} : { timeout: KEPT_MS }) });
  const to = isGiven ? {} : 'socket' in where ? { socketPath: where.socket } : where;
  if (isGiven) overOneConnection(agent, where.connection);
  const send: HttpWay['send'] = (asked) =>
    ask(asked).catch((error: unknown) => {
      // A kept connection that the other end had closed, unseen: nobody there has got it.
      if (error instanceof NothingSent && typeof asked.body !== 'function') return ask(asked);
      throw error;
    });
  return { send, destroy: () => agent.destroy() };

  function ask({ method, path, headers, body, signal, silenceMs = 0 }: Asked): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const isStream = typeof body === 'function';
    const asking = request({ ...to, agent, method, path, headers, ...(signal && !isStream ? { signal } : {}) });
    asking.setTimeout(silenceMs, silenceMs === 0 ? undefined : () => asking.destroy(new Error('no answer in time')));
    asking.on('error', (error: NodeJS.ErrnoException) =>
      reject(asking.reusedSocket && error.code === 'EPIPE' ? new NothingSent(error) : error),
    );
    asking.on('response', (answer) => {
      // Whoever answers before the body has come does not want the rest, and the connection cannot be used again.
      answer.once('end', () => {
        if (!asking.writableEnded) asking.destroy();
      });
      resolve(answer);
    });
    if (!isStream) asking.end(body ?? undefined);
    else {
      whenConnected(asking, async () => {
        try {
          await pump(body(), asking);
          if (signal) addAbortSignal(signal, asking);
        } catch (error) {
          asking.destroy(error as Error);
        }
      });
    }
    return promise;
  }
}

class NothingSent extends Error {
  constructor(cause: Error) {
    super('the connection was closed before anything was sent', { cause });
  }
}

function whenConnected(asking: ReturnType<typeof request>, begin: () => unknown): void {
  asking.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', begin);
    else begin();
  });
}

/** Sends a body. Resolves, or throws what broke it, once all that came of it has left for the other side. */
async function pump(body: AsyncIterable<Uint8Array>, asking: ReturnType<typeof request>): Promise<void> {
  let unsent = 0;
  let wake = () => {};
  const whenLeft = () => {
    unsent--;
    wake();
  };
  asking.on('drain', () => wake()).on('close', () => wake());
  const woken = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  try {
    for await (const chunk of body) {
      if (asking.destroyed) return;
      unsent++;
      if (!asking.write(chunk, whenLeft)) while (asking.writableNeedDrain && !asking.destroyed) await woken();
    }
    if (!asking.destroyed) asking.end();
  } finally {
    while (unsent > 0 && !asking.destroyed) await woken();
  }
}
/** Has an agent use a connection that is there already, and no other: once it is gone, nobody is asked. */
function overOneConnection(agent: Agent, connection: Duplex): void {
  let isTaken = false;
  agent.createConnection = (_options, done) => {
    if (!isTaken && !connection.destroyed) {
      isTaken = true;
      return connection;
    }
    process.nextTick(() => done?.(new Error('the connection is gone'), undefined as never));
    return undefined;
  };
}

/** True where a request never left: the other side was not there to be asked. */
export function neverLeft(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.syscall === 'connect';
}
