import type { Lock, Locker } from '@tus/server';
import { FrostbyteError } from '../../../kernel/errors.ts';

/** How long a request waits for the one before it; the holder is asked to end, which takes it about a second. */
const WAIT_MS = 20_000;

interface Waiting {
  askHolder: () => void;
  enter: () => void;
}

/**
 * One request at a time works on an upload. Who comes asks the holder to end: a sender whose line broke comes back
 * before the server has noticed, and must not wait for its own dead connection. First come, first served.
 */
export class UploadLocks implements Locker {
  readonly #waitMs: number;
  /** By upload: what asks the holder to end, and who waits. No entry means free. */
  readonly #held = new Map<string, { askToEnd: () => void; waiting: Waiting[] }>();

  constructor(waitMs = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  newLock(id: string): Lock {
    return {
      lock: (signal, requestRelease) => this.#enter(id, signal, () => void requestRelease()),
      unlock: async () => this.#leave(id),
    };
  }

  async #enter(id: string, signal: AbortSignal, askToEnd: () => void): Promise<void> {
    const entry = this.#held.get(id);
    if (entry === undefined) {
      this.#held.set(id, { askToEnd, waiting: [] });
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = { askHolder: askToEnd, enter: () => settle(resolve) };
      const settle = (done: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        done();
      };
      const giveUp = () => {
        entry.waiting.splice(entry.waiting.indexOf(waiting), 1);
        settle(() => reject(busy()));
      };
      const timer = setTimeout(giveUp, this.#waitMs);
      signal.addEventListener('abort', giveUp, { once: true });
      entry.waiting.push(waiting);
      entry.askToEnd();
    });
  }

  #leave(id: string): void {
    const entry = this.#held.get(id);
    const next = entry?.waiting.shift();
    if (entry === undefined) return;
    if (next === undefined) {
      this.#held.delete(id);
      return;
    }
    entry.askToEnd = next.askHolder;
    next.enter();
    if (entry.waiting.length > 0) entry.askToEnd();
  }
}

function busy(): FrostbyteError {
  return new FrostbyteError('SERVICE_UNAVAILABLE', 'Another request is at work on this upload.', { retryAfter: 2 });
}
