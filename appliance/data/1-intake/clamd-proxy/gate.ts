/**
 * What of a connection may go on to clamd: one command of three, spelt in full (`zPING`, `nVERSION`, `zINSTREAM`), and
 * behind `INSTREAM` its chunks up to the empty one. clamd obeys `SHUTDOWN`, `RELOAD` and scans of its own files from
 * anyone, so everything else ends here. The answer does not depend on how the bytes come in pieces.
 */

/**
 * `command`: it is not whole yet. `stream`: chunks come. `complete`: clamd has all it needs, and what follows is dropped.
 * `refused`: the command is none of the three. `too_large`: the chunks are more than is scanned.
 */
export type GateState = 'command' | 'stream' | 'complete' | 'refused' | 'too_large';

/** First letter of a command → the byte that ends it, and its answer. */
const ENDS: Readonly<Record<string, number>> = Object.freeze({ z: 0, n: 10 });
const ALLOWED: readonly string[] = ['PING', 'VERSION', 'INSTREAM'];
const LONGEST_COMMAND = 1 + Math.max(...ALLOWED.map(({ length }) => length));
const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

export class ClamdGate {
  readonly #mostBytes: number;
  #state: GateState = 'command';
  #command = NOTHING;
  /** Of the chunk that comes now: what of its length has come, and how many of its bytes have not. */
  #lengthBytes = 0;
  #length = 0;
  #left = 0;
  #total = 0;

  /** `mostBytes`: of the content of all chunks together. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get state(): GateState {
    return this.#state;
  }

  /** Whether the command is one that a stream follows; known once the state is no longer `command`. */
  get streams(): boolean {
    return this.#command.toString('latin1', 1) === 'INSTREAM';
  }

  /** The byte that ends an answer to this client. */
  get end(): number {
    return ENDS[String.fromCharCode(this.#command[0] ?? 0)] ?? 10;
  }

  /** Takes what came, and gives what of it goes on. */
  take(chunk: Buffer): Buffer {
    if (this.#state === 'stream') return this.#takeStream(chunk);
    return this.#state === 'command' ? this.#takeCommand(chunk) : NOTHING;
  }

  #takeCommand(chunk: Buffer): Buffer {
    const known = this.#command.length;
    const held = Buffer.concat([this.#command, chunk.subarray(0, LONGEST_COMMAND + 1 - known)]);
    const first = ENDS[String.fromCharCode(held[0] ?? 0)];
    const end = first === undefined ? -1 : held.indexOf(first);
    this.#command = end === -1 ? held : held.subarray(0, end);
    if (end !== -1 && ALLOWED.includes(this.#command.toString('latin1', 1))) {
      const whole = held.subarray(0, end + 1);
      if (!this.streams) {
        this.#state = 'complete';
        return whole;
      }
      this.#state = 'stream';
      return Buffer.concat([whole, this.#takeStream(chunk.subarray(end + 1 - known))]);
    }
    const isHopeless = held.length > 0 && (first === undefined || end !== -1 || held.length > LONGEST_COMMAND);
    if (isHopeless) this.#state = 'refused';
    return NOTHING;
  }

  #takeStream(chunk: Buffer): Buffer {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      this.#length = this.#length * 256 + chunk[at]!;
      this.#lengthBytes += 1;
      at += 1;
      if (this.#lengthBytes < LENGTH_BYTES) continue;
      this.#left = this.#length;
      this.#total += this.#length;
      this.#lengthBytes = 0;
      this.#length = 0;
      if (this.#left === 0) {
        this.#state = 'complete';
        break;
      }
      if (this.#total > this.#mostBytes) {
        this.#state = 'too_large';
        return NOTHING;
      }
    }
    return chunk.subarray(0, at);
  }
}
