import { FrostbyteError } from './errors.ts';

export interface CircuitOptions {
  /** What stands behind it, as people call it: "object store". */
  name: string;
  /** Whether an error says that the server is unwell, rather than that it refused this one request. */
  counts: (error: unknown) => boolean;
  /** Failures in a row after which it opens. */
  failures?: number;
  /** How long it stays open at first, in milliseconds; doubled each time the server is still unwell then. */
  firstRestMs?: number;
  longestRestMs?: number;
  /** Milliseconds from any origin, never backwards; tests pass their own. */
  now?: () => number;
}

/**
 * Spares a server that is unwell, and those who would wait for it: after some failures in a row calls are refused at once
 * (`STORE_UNAVAILABLE` with `retryAfter`) for a while; then one call is let through, and how it ends decides for all.
 */
export class Circuit {
  readonly #options: Required<CircuitOptions>;
  #failures = 0;
  /** When the next call may try, while open; null while closed. */
  #restsUntil: number | null = null;
  #restMs: number;
  /** A call is under way that decides whether it closes. */
  #trying = false;

  constructor(options: CircuitOptions) {
    this.#options = {
      failures: 5,
      firstRestMs: 250,
      longestRestMs: 10_000,
      now: () => performance.now(),
      ...options,
    };
    this.#restMs = this.#options.firstRestMs;
  }

  /** Whether calls are refused or one is being tried. */
  get open(): boolean {
    return this.#restsUntil !== null;
  }

  /** Does the work, unless it is open. `anyway` does it nevertheless: what a health check asks, whose answer counts too. */
  async run<T>(work: () => Promise<T>, { anyway = false } = {}): Promise<T> {
    const probes = this.#enter(anyway);
    try {
      const result = await work();
      this.#succeeded();
      return result;
    } catch (error) {
      if (this.#options.counts(error)) this.#failed();
      // A refusal is an answer, and so a sign of life.
      else this.#succeeded();
      throw error;
    } finally {
      if (probes) this.#trying = false;
    }
  }

  /** Whether this call is the one that decides. Throws where it is refused. */
  #enter(anyway: boolean): boolean {
    if (this.#restsUntil === null || anyway) return false;
    const left = this.#restsUntil - this.#options.now();
    if (left > 0 || this.#trying) {
      throw new FrostbyteError(
        'STORE_UNAVAILABLE',
        `The ${this.#options.name} did not answer several times in a row; it is left alone for a moment.`,
        { retryAfter: Math.max(1, Math.ceil(left / 1000)) },
      );
    }
    this.#trying = true;
    return true;
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#restsUntil = null;
    this.#restMs = this.#options.firstRestMs;
  }

  #failed(): void {
    this.#failures++;
    const now = this.#options.now();
    if (this.#restsUntil === null) {
      if (this.#failures >= this.#options.failures) this.#restsUntil = now + this.#restMs;
    } else if (this.#restsUntil <= now) {
      // Calls that began before it opened, and fail after, do not prolong the rest.
      this.#restMs = Math.min(this.#options.longestRestMs, this.#restMs * 2);
      this.#restsUntil = now + this.#restMs;
    }
  }
}
