import { Readable } from 'node:stream';

/**
 * A request's body as an iterator. When `signal` fires, a waiting read ends as if the body had: the sender is gone.
 * `return` tells the sender to stop.
 */
export function bodyIterator(
  body: ReadableStream<Uint8Array> | Readable,
  signal?: AbortSignal,
): AsyncIterator<Uint8Array> {
  const { next, stop } = body instanceof Readable ? fromNode(body) : fromWeb(body);
  let over = signal?.aborted ?? false;
  const abort = () => {
    over = true;
    stop();
  };
  signal?.addEventListener('abort', abort, { once: true });
  return {
    async next() {
      const step: IteratorResult<Uint8Array> = over ? { done: true, value: undefined } : await next();
      if (step.done) {
        signal?.removeEventListener('abort', abort);
        return { done: true, value: undefined };
      }
      return step;
    },
    async return() {
      abort();
      signal?.removeEventListener('abort', abort);
      return { done: true, value: undefined };
    },
  };
}

interface Source {
  next: () => Promise<IteratorResult<Uint8Array>>;
  stop: () => void;
}

function fromNode(body: Readable): Source {
  const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return { next: () => iterator.next(), stop: () => body.destroy() };
}

function fromWeb(body: ReadableStream<Uint8Array>): Source {
  const reader = body.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
    stop: () => void reader.cancel().catch(() => undefined),
  };
}

/** Reads what is left of a body and forgets it, at most `limit` bytes; then the sender is told to stop. Never throws. */
export async function drainBody(source: AsyncIterator<Uint8Array>, limit: number): Promise<void> {
  try {
    for (let seen = 0; seen <= limit; ) {
      const { done, value } = await source.next();
      if (done) return;
      seen += value.byteLength;
    }
    await source.return?.();
  } catch {
    // The sender is gone: nothing left to drain.
  }
}
