import { bodyIterator } from '../body.ts';

/** Bytes of a refused body that are read and forgotten, so that its sender gets the answer instead of a reset. */
const DRAIN_BYTES = 64 << 20;

export interface Upstream {
  /** The body, as whoever reads it next may have it. */
  stream: ReadableStream<Uint8Array>;
  /** Call when the answer is made: what is left of the body is read in the background and forgotten. Never throws. */
  finish(): void;
}

/**
 * A request's body that ends where the connection breaks, as if it had been meant so: an upload keeps what came, and its
 * offset tells the sender how much that was. Pulls one chunk at a time. Null where there is no body.
 */
export function upstream(body: ReadableStream<Uint8Array> | null, signal: AbortSignal): Upstream | null {
  if (body === null) return null;
  const source = bodyIterator(body, signal);
  let over = false;
  const next = async (): Promise<Uint8Array | null> => {
    try {
      const { done, value } = await source.next();
      if (!done) return value;
    } catch {
      // The sender is gone.
    }
    over = true;
    return null;
  };
  const drain = async () => {
    for (let seen = 0; !over && seen <= DRAIN_BYTES; ) seen += (await next())?.byteLength ?? 0;
    if (!over) await source.return?.();
  };
  return {
    stream: new ReadableStream(
      {
        async pull(controller) {
          const chunk = await next();
          if (chunk === null) controller.close();
          else controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    ),
    finish: () => void drain(),
  };
}
