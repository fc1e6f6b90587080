import { connect, createServer, type Server, type Socket } from 'node:net';
import { codeFrames } from '../../../kernel/errors.ts';
import { FairSlots } from '../../../kernel/fair-slots.ts';
import { Incoming, lastWord } from '../../../kernel/incoming.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import { clamdAddress } from '../clamd.ts';
import { ClamdGate } from './gate.ts';

export interface ClamdProxyOptions {
  /** clamd's own address: `host:port`, or the path of a socket. */
  clamd: string;
  /** The most that a file may have; clamd's `StreamMaxLength` decides where that is less. */
  mostBytes: number;
  times?: Partial<ProxyTimes>;
  logger: Logger;
}

/** Milliseconds. */
export interface ProxyTimes {
  /** Until a command is whole, and until clamd takes a connection. */
  begin: number;
  /** Without a byte from a sender, or without clamd taking one. */
  silence: number;
  /** Until clamd has judged what it was sent. */
  answer: number;
  /** For one file, however slowly it comes. */
  longest: number;
}

const TIMES: Readonly<ProxyTimes> = Object.freeze({
  begin: 10_000,
  silence: 120_000,
  answer: 300_000,
  longest: 2 * 3_600_000,
});
/** Files at once: as many as clamd has threads; of one tenant a part of them, so that it cannot hold up the others. */
const FILES = { total: 16, each: 4, waiting: 64 };
/** clamd answers these besides, whatever it is busy with. */
const QUESTIONS = { total: 16, each: 4, waiting: 16 };
const MOST_CONNECTIONS = 1024;
const MOST_ANSWER_BYTES = 4096;
const PIECE = 64 * 1024;

/**
 * The proxy before clamd, which it alone reaches (spec 2 A, step 4): one command a connection, of those that `gate.ts`
 * lets through, streamed and never kept. Tenants are told apart by the address they come from.
 */
export function clamdProxy({ clamd, mostBytes, times: given, logger }: ClamdProxyOptions): Server {
  const times = { ...TIMES, ...given };
  const address = clamdAddress(clamd);
  const files = new FairSlots(FILES);
  const questions = new FairSlots(QUESTIONS);
  const server = createServer({ noDelay: true }, (client) => {
    serve(client).catch((error: unknown) => {
      // A name is no secret, but what was sent may be.
      logger.warn('the malware scanner could not be asked', codeFrames(error));
      client.destroy();
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  return server;

  async function serve(client: Socket): Promise<void> {
    const incoming = new Incoming(client);
    const gone = new AbortController();
    client.once('close', () => gone.abort());
    const gate = new ClamdGate(mostBytes);
    const first = await closing(client, times.begin, () => readCommand(incoming, gate));
    if (first === null) return void client.destroy();
    if (gate.state === 'refused') {
      logger.warn('an order to the malware scanner was refused');
      return lastWord(client, incoming, answer(gate, 'UNKNOWN COMMAND'));
    }
    const slots = gate.streams ? files : questions;
    const release = await slots.take(client.remoteAddress ?? '', gone.signal).catch(() => null);
    // It hangs up on who asks for too much, and nobody takes that for a clean file.
    if (release === null) return void client.destroy();
    const scanner = connect(address);
    scanner.setNoDelay(true);
    try {
      const said = await closing(scanner, times.longest, () => relay(incoming, gate, first, scanner, client));
      if (said === null) client.destroy();
      else lastWord(client, incoming, said);
    } finally {
      scanner.destroy();
      release();
    }
  }

  /** Sends what may be sent, and gives clamd's answer, or ours; null where either end is gone or silent. */
  async function relay(
    incoming: Incoming,
    gate: ClamdGate,
    first: Buffer,
    scanner: Socket,
    client: Socket,
  ): Promise<Buffer | null> {
    client.once('close', () => scanner.destroy());
    const heard = hear(new Incoming(scanner));
    if (!(await connected(scanner, times.begin))) return null;
    // clamd may answer before it has been sent everything, and then reads no more.
    return Promise.race([heard, sendAll().then((own) => own ?? closing(scanner, times.answer, () => heard))]);

    async function sendAll(): Promise<Buffer | null> {
      for (let chunk: Buffer | null = first; chunk !== null; ) {
        if (chunk.length > 0) await sent(scanner, chunk, times.silence);
        if (gate.state === 'too_large') return answer(gate, 'INSTREAM size limit exceeded. ERROR');
        if (gate.state === 'complete') return null;
        const came = await incoming.bytes(PIECE, times.silence);
        chunk = came === null ? null : gate.take(came);
      }
      scanner.destroy();
      return null;
    }
  }
}

/** What goes on to clamd once the command is whole; null where none comes. */
async function readCommand(incoming: Incoming, gate: ClamdGate): Promise<Buffer | null> {
  while (gate.state === 'command') {
    const chunk = await incoming.bytes(PIECE);
    if (chunk === null) return null;
    const first = gate.take(chunk);
    if (gate.state !== 'command') return first;
  }
  return null;
}

/** All that clamd says until it hangs up; null where that is nothing. */
async function hear(incoming: Incoming): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for (let part = await incoming.bytes(PIECE); part !== null; part = await incoming.bytes(PIECE)) {
    size += part.length;
    if (size > MOST_ANSWER_BYTES) return null;
    parts.push(part);
  }
  return size === 0 ? null : Buffer.concat(parts);
}

function answer(gate: ClamdGate, words: string): Buffer {
  return Buffer.concat([Buffer.from(words), Buffer.from([gate.end])]);
}

function connected(socket: Socket, ms: number): Promise<boolean> {
  return closing(
    socket,
    ms,
    () =>
      new Promise((resolve) => {
        socket.once('connect', () => resolve(true)).once('close', () => resolve(false));
      }),
  );
}

/** Resolves when more may be sent, or nothing any more. */
async function sent(socket: Socket, chunk: Buffer, ms: number): Promise<void> {
  if (socket.destroyed || socket.write(chunk)) return;
  await closing(
    socket,
    ms,
    () =>
      new Promise<void>((resolve) => {
        socket.once('drain', resolve).once('close', resolve);
      }),
  );
}

/** Closes a connection where `work` takes longer. */
async function closing<T>(socket: Socket, ms: number, work: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => socket.destroy(), ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
