/** How much goes on at once, shared fairly between those who ask. */
export interface FairSlotsOptions {
  /** At work at once, all together. */
  total: number;
  /** Of one who asks. */
  each: number;
  /** The most of one who asks that wait. */
  waiting: number;
}

interface Asker {
  working: number;
  /** When it was last given a slot, or came: counted, not timed. */
  turn: number;
  queue: (() => void)[];
}

/**
 * Slots for work. Whoever asks under a name that has fewest at work comes first, then whose last turn is longest ago: one
 * who asks for everything holds nobody else up, also where there is one slot for all.
 */
export class FairSlots {
  readonly #options: FairSlotsOptions;
  readonly #askers = new Map<string, Asker>();
  #working = 0;
  #turns = 0;

  constructor(options: FairSlotsOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what gives the slot back (once; again changes nothing), or at once with null where too many wait under
   * this name. Rejects with the signal's reason where it is aborted before there is a slot.
   */
  async take(name: string, signal?: AbortSignal): Promise<(() => void) | null> {
    signal?.throwIfAborted();
    const asker = this.#askers.get(name) ?? { working: 0, turn: ++this.#turns, queue: [] };
    this.#askers.set(name, asker);
    if (!this.#hasRoom(asker) || asker.queue.length > 0) {
      if (asker.queue.length >= this.#options.waiting) return null;
      await this.#wait(name, asker, signal);
    } else this.#start(asker);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      asker.working -= 1;
      this.#working -= 1;
      this.#forget(name, asker);
      this.#next();
    };
  }

  #hasRoom(asker: Asker): boolean {
    return this.#working < this.#options.total && asker.working < this.#options.each;
  }

  #start(asker: Asker): void {
    asker.working += 1;
    asker.turn = ++this.#turns;
    this.#working += 1;
  }

  #wait(name: string, asker: Asker, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        asker.queue.splice(asker.queue.indexOf(begin), 1);
        this.#forget(name, asker);
        reject(signal?.reason);
      };
      asker.queue.push(begin);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #next(): void {
    let best: Asker | undefined;
    for (const asker of this.#askers.values()) {
      if (asker.queue.length === 0 || !this.#hasRoom(asker)) continue;
      if (best === undefined || isBefore(asker, best)) best = asker;
    }
    if (best === undefined) return;
    this.#start(best);
    best.queue.shift()!();
  }

  #forget(name: string, asker: Asker): void {
    if (asker.working === 0 && asker.queue.length === 0) this.#askers.delete(name);
  }
}

function isBefore(a: Asker, b: Asker): boolean {
  return a.working === b.working ? a.turn < b.turn : a.working < b.working;
}
