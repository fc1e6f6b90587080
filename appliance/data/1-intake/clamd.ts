import { connect, type Socket } from 'node:net';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Scan, Scanner, ScanVerdict } from '../plane.ts';

/** Milliseconds that clamd may take to answer a connection, and to take or judge what it was sent. */
export interface ClamdTimeouts {
  connect: number;
  /** Scanning goes on for a while after the last byte of a large file. */
  answer: number;
}

export interface ClamdOptions {
  timeouts?: ClamdTimeouts;
  /**
   * clamd's `StreamMaxLength` in bytes. A longer file is `unscannable` and is not sent beyond it: clamd would hang up
   * in the middle, which nobody can tell from a scanner that died.
   */
  streamMaxBytes?: number;
}

/** clamd's own default. */
const STREAM_MAX_BYTES = 100 * 1024 * 1024;
const TIMEOUTS: Readonly<ClamdTimeouts> = Object.freeze({ connect: 5000, answer: 120_000 });
/** A longer answer is not clamd's. */
const LONGEST_ANSWER = 4096;

/** No scanner is configured: receipts say `skipped`, never `clean`. */
export function noScanner(): Scanner {
  return {
    configured: false,
    begin: async () => ({
      write: async (chunk, done) => done?.(chunk),
      end: async () => ({ result: 'skipped' }),
      abort: () => undefined,
    }),
    check: async () => undefined,
  };
}

/**
 * Scans through clamd's INSTREAM (spec 2 A, step 4). `address` is `host:port`, or the path of a unix socket. A scanner
 * that does not answer, breaks off or answers anything unknown throws `SERVICE_UNAVAILABLE`; a file beyond its limits
 * is `unscannable`. Nothing is ever taken for clean but clamd's own `OK`.
 */
export function clamdScanner(address: string, options: ClamdOptions = {}): Scanner {
  const { timeouts = TIMEOUTS, streamMaxBytes = STREAM_MAX_BYTES } = options;
  return {
    configured: true,
    begin: async () => {
      const session = await Session.open(address, timeouts);
      await session.send([Buffer.from('zINSTREAM\0')]);
      return new ClamdScan(session, streamMaxBytes);
    },
    check: async () => {
      const session = await Session.open(address, timeouts);
      await session.send([Buffer.from('zPING\0')]);
      if ((await session.answer()) !== 'PONG') throw unavailable('The malware scanner does not answer as clamd does.');
    },
  };
}

class ClamdScan implements Scan {
  readonly #session: Session;
  /** Bytes that clamd still takes; below zero the file is beyond its reach. */
  #room: number;

  constructor(session: Session, room: number) {
    this.#session = session;
    this.#room = room;
  }

  async write(chunk: Uint8Array, done?: (chunk: Uint8Array) => void): Promise<void> {
    // An early answer (the stream's limit) settles it: clamd reads no further.
    if (chunk.byteLength === 0 || this.#room < 0 || this.#session.answered) {
      done?.(chunk);
      return;
    }
    this.#room -= chunk.byteLength;
    if (this.#room < 0) {
      this.#session.close();
      done?.(chunk);
      return;
    }
    const length = Buffer.alloc(4);
    length.writeUInt32BE(chunk.byteLength);
    await this.#session.send([length, chunk], () => done?.(chunk));
  }

  async end(): Promise<ScanVerdict> {
    if (this.#room < 0) return { result: 'unscannable' };
    if (!this.#session.answered) await this.#session.send([Buffer.alloc(4)]);
    return verdict(await this.#session.answer());
  }

  abort(): void {
    this.#session.close();
  }
}

/** clamd's words as ours. Throws `SERVICE_UNAVAILABLE` for whatever is not understood. */
export function verdict(answer: string): ScanVerdict {
  if (answer === 'stream: OK') return { result: 'clean' };
  if (/^INSTREAM size limit exceeded\. ERROR$/i.test(answer)) return { result: 'unscannable' };
  const signature = /^stream: ([\x21-\x7e]{1,200}) FOUND$/.exec(answer)?.[1];
  if (signature === undefined) throw unavailable('The malware scanner could not scan the file.');
  // With AlertExceedsMax clamd reports by this name what it could not look into.
  if (/^Heuristics\.(?:Limits\.Exceeded|Encrypted)/.test(signature)) return { result: 'unscannable' };
  return { result: 'quarantined', signature };
}

/** One connection: one command, one answer that ends with a zero byte. */
class Session {
  readonly #socket: Socket;
  readonly #timeouts: ClamdTimeouts;
  #text = '';
  #ended = false;
  #wake: () => void = () => undefined;

  static async open(address: string, timeouts: ClamdTimeouts): Promise<Session> {
    const socket = connect(clamdAddress(address));
    const session = new Session(socket, timeouts);
    await session.#until(() => !socket.connecting, timeouts.connect);
    return session;
  }

  private constructor(socket: Socket, timeouts: ClamdTimeouts) {
    this.#socket = socket;
    this.#timeouts = timeouts;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => {
      if (this.#text.length < LONGEST_ANSWER) this.#text += data.toString('latin1');
      this.#wake();
    });
    for (const event of ['connect', 'drain', 'end'] as const) socket.on(event, () => this.#wake());
    // An error is followed by close; an answer that came before it still counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  get answered(): boolean {
    return this.#text.includes('\0');
  }

  /** Sends; resolves when more may be sent. `sent` is called once the kernel has all of it. */
  async send(pieces: readonly Uint8Array[], sent?: () => void): Promise<void> {
    if (this.#ended && !this.answered) throw unavailable('The malware scanner closed the connection.');
    this.#socket.cork();
    for (const [n, piece] of pieces.entries()) {
      this.#socket.write(piece, (error) => {
        if (!error && n === pieces.length - 1) sent?.();
      });
    }
    this.#socket.uncork();
    await this.#until(() => !this.#socket.writableNeedDrain || this.answered, this.#timeouts.answer);
  }

  async answer(): Promise<string> {
    await this.#until(() => this.answered, this.#timeouts.answer);
    const [answer = ''] = this.#text.split('\0');
    this.close();
    return answer.trim();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(ready: () => boolean, timeout: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeout);
    try {
      while (!ready()) {
        if (this.#ended) throw unavailable('The malware scanner closed the connection.');
        if (late) throw unavailable('The malware scanner did not answer in time.');
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      // `connecting` also turns false when the connection was refused.
      if (this.#socket.destroyed && !this.answered) throw unavailable('The malware scanner does not take connections.');
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Where a scanner listens: `host:port`, or the path of a socket. Throws `CONFIG_INVALID`. */
export function clamdAddress(address: string): { path: string } | { host: string; port: number } {
  if (address.includes('/')) return { path: address };
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(address) ?? [];
  if (host !== '' && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw new FrostbyteError('CONFIG_INVALID', 'The scanner’s address must be host:port or the path of a socket.', {
    details: [{ field: 'scanner.clamd', constraint: 'host:port, or a path' }],
  });
}

function unavailable(message: string): FrostbyteError {
  return new FrostbyteError('SERVICE_UNAVAILABLE', message, { retryAfter: 30 });
}
