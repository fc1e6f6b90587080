import { createServer, type Server, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { codeFrames, FrostbyteError } from '../../../kernel/errors.ts';
import { FairSlots } from '../../../kernel/fair-slots.ts';
import { Incoming, lastWord } from '../../../kernel/incoming.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import type { ParserBudget } from '../sandbox/resource-limits.ts';
import type { SandboxRunner } from '../sandbox/runner.ts';
import { Ask, failed, line, MOST_LINE_BYTES } from './wire.ts';

export interface ParserServerOptions {
  /** Runs documents within a budget; without one, within the last. */
  runner(budget?: ParserBudget): SandboxRunner;
  /** Documents at work at once; more wait. */
  atOnce: number;
  /** How long a connection may be silent where something is to come. */
  silenceMs: number;
  logger: Logger;
}

/** Connections that wait for their turn; more are told so. */
const MOST_WAITING = 256;
const PIECE = 256 * 1024;

/**
 * The parser's end of the socket: each document goes straight into a process of its own, and what that says goes straight
 * back. Nothing is kept and no file is written. Who goes away has the process ended at once.
 */
export function parserServer({ runner, atOnce, silenceMs, logger }: ParserServerOptions): Server {
  const slots = new FairSlots({ total: atOnce, each: atOnce, waiting: MOST_WAITING });
  return createServer((socket) => {
    serve(socket).catch((error: unknown) => {
      logger.error('a question to the parser failed', codeFrames(error));
      socket.destroy();
    });
  });

  async function serve(socket: Socket): Promise<void> {
    const incoming = new Incoming(socket);
    const ask = await readAsk(incoming, silenceMs);
    if (ask === null) return void socket.destroy();
    const gone = new AbortController();
    socket.once('close', () => gone.abort(GONE));
    if (ask.ask === 'layers') {
      return lastWord(socket, incoming, line({ say: 'layers', layers: await runner(ask.budget).layers() }));
    }
    try {
      const release = await slots.take('', gone.signal);
      if (release === null) throw tooMany();
      try {
        const { request, budget } = ask;
        socket.write(line({ say: 'ready' }));
        const send = (to: Writable) => pass(incoming, request.size, to, silenceMs);
        const answer = await runner(budget).run(request, send, gone.signal);
        socket.write(line({ say: 'answer', length: answer.length }));
        lastWord(socket, incoming, answer);
      } finally {
        release();
      }
    } catch (error) {
      if (error !== GONE) lastWord(socket, incoming, line(failed(error)));
    }
  }
}

const GONE = new Error('nobody waits for the document any more');
const tooMany = () => new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', 'Too many documents wait for the parser.');

async function readAsk(incoming: Incoming, silenceMs: number): Promise<Ask | null> {
  const text = await incoming.line(MOST_LINE_BYTES, silenceMs);
  if (text === null) return null;
  try {
    return Ask.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * Passes `size` bytes on. Where the sender stops before, the connection is closed, and that ends the process; where the
 * process ends before, its end tells why.
 */
async function pass(incoming: Incoming, size: number, to: Writable, silenceMs: number): Promise<void> {
  const closed = new Promise<null>((resolve) => to.once('close', () => resolve(null)));
  for (let left = size; left > 0; ) {
    const chunk = await Promise.race([incoming.bytes(Math.min(PIECE, left), silenceMs), closed]);
    if (chunk === null) return;
    left -= chunk.length;
    await Promise.race([new Promise<void>((resolve) => to.write(chunk, () => resolve())), closed]);
    if (to.destroyed) return;
  }
  to.end();
}
