import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { Incoming } from '../../../kernel/incoming.ts';
import { checkAnswer } from '../sandbox/check-answer.ts';
import { checkPicture } from '../sandbox/check-picture.ts';
import { timeout } from '../sandbox/explain-end.ts';
import type { SandboxLayers } from '../sandbox/layers.ts';
import { type Parser, type ParserFile, requestOnWire } from '../sandbox/parse-file.ts';
import { MAX_ANSWER_BYTES, type ParseRequest } from '../sandbox/protocol.ts';
import type { ParserBudget } from '../sandbox/resource-limits.ts';
import { sendDocument } from '../sandbox/send-document.ts';
import { type Ask, line, MOST_LINE_BYTES, Said } from './wire.ts';

export interface SocketParserOptions extends ParserBudget {
  /** Where the parser listens. */
  socket: string;
  /** How long a parser that is being started again is waited for, and one that is there may take beyond its limits. */
  patienceMs?: number;
}

const PATIENCE_MS = 10_000;
const AGAIN_MS = 100;

/**
 * The parser as another process, asked over a unix socket: that of a container without a network (spec 2 B, stack mode).
 * It is believed no more than a process of our own: its answers are checked here, its errors are of a short list.
 */
export function socketParser({ socket: path, patienceMs = PATIENCE_MS, ...budget }: SocketParserOptions): Parser {
  const closing = new AbortController();

  return {
    async layers() {
      try {
        const socket = await reach(path, 0);
        return await until(socket, budget.timeoutMs, silent(), undefined, () => askLayers(socket, budget));
      } catch {
        return unreachable(path);
      }
    },

    async parse(file, request, signal) {
      const wire = requestOnWire(file, request);
      return checkAnswer(await asked(file, wire, signal), wire);
    },

    draw: async (file, request, order, signal) =>
      checkPicture(await asked(file, requestOnWire(file, request, order), signal)),

    async close() {
      closing.abort();
    },
  };

  async function asked(file: ParserFile, wire: ParseRequest, signal: AbortSignal | undefined): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (closing.signal.aborted) throw new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', 'The parser is closed.');
    return parseOver(await reach(path, patienceMs, signal), file, wire, signal);
  }

  async function parseOver(
    socket: Socket,
    file: ParserFile,
    request: ParseRequest,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const incoming = new Incoming(socket);
    const longest = budget.timeoutMs + patienceMs;
    await until(socket, longest, silent(), signal, async () => {
      socket.write(line({ ask: 'parse', budget, request }));
      if ((await hear(incoming, silent)).say !== 'ready') throw silent();
    });
    return until(socket, longest, timeout(), signal, async (stop) => {
      const fd = await file.open();
      const sending = sendDocument(fd, request.size, request.raw_sha256, into(socket)).catch(stop);
      try {
        const said = await hear(incoming, died);
        if (said.say !== 'answer') throw died();
        if (said.length > MAX_ANSWER_BYTES) throw tooLong();
        const answer = await incoming.exactly(said.length);
        if (answer === null) throw died();
        return answer;
      } finally {
        // The caller closes the descriptor next, so no read of it may still be under way.
        socket.destroy();
        await sending;
      }
    });
  }
}

const silent = () => new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', 'The parser does not answer.');
const died = () => new FrostbyteError('PARSER_ERROR', 'The parser died while it read this document.');
const tooLong = () => new FrostbyteError('PARSER_ERROR', 'The parser gave a longer answer than a document can have.');

/** Connects; a parser that is not there yet is waited for. */
async function reach(path: string, patienceMs: number, signal?: AbortSignal): Promise<Socket> {
  for (const deadline = performance.now() + patienceMs; ; ) {
    const socket = connect(path);
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.on('error', () => undefined);
    if (connected) return socket;
    if (performance.now() >= deadline) throw silent();
    await wait(AGAIN_MS);
    signal?.throwIfAborted();
  }
}

/** Runs `work` on a connection, and closes it where that takes too long, is stopped, or fails: then it throws the reason. */
async function until<T>(
  socket: Socket,
  ms: number,
  late: FrostbyteError,
  signal: AbortSignal | undefined,
  work: (stop: (error: unknown) => void) => Promise<T>,
): Promise<T> {
  let stopped: { error: unknown } | undefined;
  const stop = (error: unknown) => {
    stopped ??= { error };
    socket.destroy();
  };
  const timer = setTimeout(() => stop(late), ms);
  const abort = () => stop(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    const result = await work(stop);
    if (stopped !== undefined) throw stopped.error;
    return result;
  } catch (error) {
    socket.destroy();
    throw stopped === undefined ? error : stopped.error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** The next thing that is said; throws what the parser says went wrong, and `broken` where it says nothing sensible. */
async function hear(incoming: Incoming, broken: () => FrostbyteError): Promise<Said> {
  const text = await incoming.line(MOST_LINE_BYTES);
  if (text === null) throw broken();
  const said = Said.safeParse(json(text));
  if (!said.success) throw new FrostbyteError('PARSER_ERROR', 'The parser’s answer does not hold together (form).');
  if (said.data.say === 'failed') throw new FrostbyteError(said.data.code, said.data.message);
  return said.data;
}

async function askLayers(socket: Socket, budget: ParserBudget): Promise<SandboxLayers> {
  const ask: Ask = { ask: 'layers', budget };
  socket.write(line(ask));
  const said = await hear(new Incoming(socket), silent);
  socket.destroy();
  if (said.say !== 'layers') throw silent();
  return said.layers;
}

function unreachable(path: string): SandboxLayers {
  const message = `The parser does not answer at ${path}. See that its container runs.`;
  return {
    mode: 'contained',
    ok: false,
    layers: [{ name: 'parser_role', state: 'missing', required: true, message }],
  };
}

/** Writes to the connection and leaves it open behind the last byte: to close it means to go away. */
function into(socket: Socket): Writable {
  const to = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => void socket.write(chunk, () => done()),
  });
  socket.once('close', () => to.destroy());
  return to;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
