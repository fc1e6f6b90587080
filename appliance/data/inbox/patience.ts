import type { FileHandle } from 'node:fs/promises';

/**
 * A share may hang, and a call into it then holds one of the few threads that do all file work of this process, for as
 * long as the share likes. So the inboxes together have a part of them only, and nobody waits for a call for ever.
 */

/** Calls into the inboxes at the same time: half of the threads that Node has by default. */
const AT_ONCE = 2;
const PATIENCE_MS = 30_000;

/** A call into an inbox that has not come back. Bears no errno name: it says nothing about one file or batch. */
export class ShareSilent extends Error {
  override readonly name = 'ShareSilent';
  /** Resolves once the call came back after all. Never rejects. */
  readonly back: Promise<void>;

  constructor(back: Promise<void>) {
    super('the folder of an inbox does not answer');
    this.back = back;
  }
}

export class Patience {
  readonly #atOnce: number;
  patienceMs: number;
  #running = 0;
  readonly #queue: (() => void)[] = [];
  /** What was waited for in vain and has not come back. */
  readonly #silent = new Set<Promise<void>>();

  constructor(atOnce = AT_ONCE, patienceMs = PATIENCE_MS) {
    this.#atOnce = atOnce;
    this.patienceMs = patienceMs;
  }

  /** Calls that hang now. */
  get hanging(): number {
    return this.#silent.size;
  }

  /**
   * Makes a call once there is a place for it. Throws what it throws, or `ShareSilent` after `patienceMs`, at once where
   * every place is held by a call that hangs. `late` gets the result of a call that came back after that.
   */
  async call<T>(work: () => Promise<T>, late: (result: T) => void = () => {}): Promise<T> {
    await this.#enter();
    const done = work();
    const back = done.then(
      () => undefined,
      () => undefined,
    );
    void back.then(() => this.#leave(back));
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#silent.add(back);
        done.then(late, () => undefined);
        // Whoever waits for a place may wait for ever: the next look decides.
        if (this.#silent.size >= this.#atOnce) for (const enter of this.#queue.splice(0)) enter();
        reject(new ShareSilent(back));
      }, this.patienceMs);
    });
    try {
      return await Promise.race([done, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Closes a handle once nothing hangs any more: until then a call that is under way may still go by its number, which
   * must not become another file's. Never throws.
   */
  async close(handle: Pick<FileHandle, 'close'>): Promise<void> {
    const close = () => this.call(() => handle.close()).catch(() => undefined);
    if (this.#silent.size === 0) return close();
    void Promise.all(this.#silent).then(() => this.close(handle));
  }

  async #enter(): Promise<void> {
    while (this.#running >= this.#atOnce) {
      if (this.#silent.size >= this.#atOnce) throw new ShareSilent(Promise.race(this.#silent));
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#running++;
  }

  #leave(back: Promise<void>): void {
    this.#running--;
    this.#silent.delete(back);
    this.#queue.shift()?.();
  }
}

/** That of this process, as its threads are. */
export const INBOX_PATIENCE = new Patience();
