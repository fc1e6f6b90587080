import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** How long the last thing that is said on a connection may wait to be read. */
const LAST_WORDS_MS = 5000;

/**
 * Lines and bytes in turn from one stream, taken only as they are wanted: what is not read holds the sender back. A
 * connection whose other end is gone is noticed as soon as nothing of it is left to read.
 */
export class Incoming {
  readonly #stream: Readable;
  /** Who waits. Two at once only in the end, when one throws away what the other still waits for. */
  readonly #waiting = new Set<() => void>();
  #over = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    // An error is followed by `close`.
    stream.on('error', () => undefined);
    stream.on('readable', () => {
      // Asks for nothing, and has the stream say that it has ended.
      stream.read(0);
      this.#wake();
    });
    for (const event of ['end', 'close'] as const) {
      stream.on(event, () => {
        this.#over = true;
        this.#wake();
      });
    }
  }

  /**
   * What has come, `most` bytes at most; null once nothing comes any more. A stream that has nothing to say for
   * `silenceMs` is closed.
   */
  async bytes(most: number, silenceMs?: number): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk !== null) {
        if (chunk.length <= most) return chunk;
        this.#stream.unshift(chunk.subarray(most));
        return chunk.subarray(0, most);
      }
      if (this.#over || this.#stream.destroyed) return null;
      await this.#news(silenceMs);
    }
  }

  /** The next line without its end; null where none comes, or one longer than `most` bytes. */
  async line(most: number, silenceMs?: number): Promise<string | null> {
    const parts: Buffer[] = [];
    for (let room = most; room > 0; ) {
      const chunk = await this.bytes(room, silenceMs);
      if (chunk === null) return null;
      const end = chunk.indexOf(10);
      if (end === -1) {
        parts.push(chunk);
        room -= chunk.length;
        continue;
      }
      if (end + 1 < chunk.length) this.#stream.unshift(chunk.subarray(end + 1));
      return Buffer.concat([...parts, chunk.subarray(0, end)]).toString('utf8');
    }
    return null;
  }

  /** Exactly `length` bytes; null where they do not come. */
  async exactly(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const chunk = await this.bytes(left);
      if (chunk === null) return null;
      parts.push(chunk);
      left -= chunk.length;
    }
    return Buffer.concat(parts);
  }

  /** Resolves when nobody sends any more; what comes until then is thrown away. */
  async over(): Promise<void> {
    while ((await this.bytes(Number.POSITIVE_INFINITY)) !== null);
  }

  async #news(silenceMs: number | undefined): Promise<void> {
    const timer = silenceMs === undefined ? undefined : setTimeout(() => this.#stream.destroy(), silenceMs);
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
    clearTimeout(timer);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** Says the last thing on a connection. What the other end still sends is thrown away, else it might lose what was said. */
export function lastWord(socket: Socket, incoming: Incoming, said: string | Uint8Array): void {
  if (socket.destroyed) return;
  socket.end(said);
  void incoming.over();
  const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS);
  socket.once('close', () => clearTimeout(timer));
}
