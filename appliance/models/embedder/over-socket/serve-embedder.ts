import { createServer, type Server, type Socket } from 'node:net';
import { float32LittleEndian } from '../../../kernel/digest.ts';
import { codeFrames, FrostbyteError } from '../../../kernel/errors.ts';
import { FairSlots } from '../../../kernel/fair-slots.ts';
import { Incoming, lastWord } from '../../../kernel/incoming.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import type { LoadedModel, TextKind } from '../onnx/load-model.ts';
import { Ask, failed, line, MOST_LINE_BYTES, type Status, Texts, WAIT_MS } from './wire.ts';

export interface EmbedderServerOptions {
  /** The model for texts of a kind, loaded when first asked for; asked again where that failed. */
  model(kind: TextKind): Promise<LoadedModel>;
  /** How it is; what waits is known here. */
  status(): Omit<Status, 'waiting'>;
  /**
   * Where tenants connect on ways of their own: who comes by this one, whatever it says of itself. Not given, or null for a
   * connection: whoever gets here may ask in any name.
   */
  origin?: (socket: Socket) => Origin | null;
  /** Told how many ask for vectors, whenever that changes: those at work and those that wait. */
  onAsked?: (now: number) => void;
  /** How many embed documents at a time, and wait. */
  documents?: { total: number; each: number; waiting: number };
  /** How long the texts of a question may take to come. */
  textsMs?: number;
  logger: Logger;
}

/** Whose connection it is, and whether it may ask how the embedder is. */
export interface Origin {
  by: string;
  mayAskStatus: boolean;
}

/** Where nothing else is said, documents of one at a time: a batch takes all cores. Questions are a few tokens each, and run beside them. */
const DOCUMENTS = { total: 1, each: 1, waiting: 256 };
const QUESTIONS = { total: 4, each: 4, waiting: 256 };
/** Connections of one tenant at a time: more than a data plane and its workers have any use for. */
const MOST_CONNECTIONS = 64;
/** How long a connection may be silent where something is to come. */
const SILENCE_MS = 30_000;
/** How long the texts of one question may take in all, once it is their turn: until then nobody else has the place. */
const TEXTS_MS = 15_000;

/**
 * The embedder's end of the socket. Texts are taken only when it is their turn, so what is in memory is bounded however
 * many wait; those who wait under different names take turns. Nothing is kept. Who goes away is embedded for no further
 * than the batch of now.
 */
export function embedderServer(options: EmbedderServerOptions): Server {
  const { model, status, origin = () => null, onAsked = () => undefined, documents = DOCUMENTS, logger } = options;
  const { textsMs = TEXTS_MS } = options;
  const slots = { document: new FairSlots(documents), query: new FairSlots(QUESTIONS) };
  let waiting = 0;
  let asking = 0;
  /** Connections by whose they are. */
  const open = new Map<string, number>();
  return createServer((socket) => {
    socket.on('error', () => undefined);
    const from = origin(socket);
    if (from !== null && !letIn(socket, from.by)) return void socket.end(line(failed(tooMany())));
    serve(socket, from).catch((error: unknown) => {
      logger.error('a question to the embedder failed', codeFrames(error));
      socket.destroy();
    });
  });

  /** Whoever opens more than it has any use for must not take the places of others. */
  function letIn(socket: Socket, by: string): boolean {
    const count = (open.get(by) ?? 0) + 1;
    if (count > MOST_CONNECTIONS) return false;
    open.set(by, count);
    socket.once('close', () => {
      const left = open.get(by)! - 1;
      if (left === 0) open.delete(by);
      else open.set(by, left);
    });
    return true;
  }

  async function serve(socket: Socket, from: Origin | null): Promise<void> {
    const incoming = new Incoming(socket);
    const ask = await readAsk(incoming);
    if (ask === null) return void socket.destroy();
    if (ask.ask === 'status') {
      if (from !== null && !from.mayAskStatus) return void socket.destroy();
      return lastWord(socket, incoming, line({ say: 'status', status: { ...status(), waiting } }));
    }
    const gone = new AbortController();
    socket.once('close', () => gone.abort(GONE));
    const beating = setInterval(() => socket.write(line({ say: 'wait' })), WAIT_MS);
    onAsked(++asking);
    try {
      await embed(socket, incoming, { ...ask, ...(from !== null && { by: from.by }) }, gone.signal);
    } catch (error) {
      if (error === GONE) return;
      if (!(error instanceof FrostbyteError)) logger.error('a batch failed', codeFrames(error));
      lastWord(socket, incoming, line(failed(error)));
    } finally {
      clearInterval(beating);
      onAsked(--asking);
    }
  }

  async function embed(
    socket: Socket,
    incoming: Incoming,
    { as, by, count, length }: Ask & { ask: 'embed' },
    gone: AbortSignal,
  ): Promise<void> {
    waiting += 1;
    const release = await slots[as].take(by, gone).finally(() => {
      waiting -= 1;
    });
    if (release === null) throw tooMany();
    try {
      const loaded = await model(as);
      gone.throwIfAborted();
      const { model: name, version } = status();
      socket.write(line({ say: 'ready', model: name, version }));
      const late = setTimeout(() => socket.destroy(), textsMs);
      const texts = await readTexts(incoming, length, count).finally(() => clearTimeout(late));
      if (texts === null) return void socket.destroy();
      await loaded.embed(
        texts,
        as,
        (places, vectors) => {
          socket.write(line({ say: 'vectors', places: [...places] }));
          for (const vector of vectors) socket.write(float32LittleEndian(vector));
        },
        gone,
      );
      lastWord(socket, incoming, line({ say: 'done' }));
    } finally {
      release();
    }
  }
}

const GONE = new Error('nobody waits for the vectors any more');
const tooMany = () =>
  new FrostbyteError('EMBEDDER_UNAVAILABLE', 'Too many texts wait for the embedder.', { retryAfter: 5 });

async function readAsk(incoming: Incoming): Promise<Ask | null> {
  const text = await incoming.line(MOST_LINE_BYTES, SILENCE_MS);
  const ask = text === null ? null : Ask.safeParse(json(text));
  return ask?.success ? ask.data : null;
}

async function readTexts(incoming: Incoming, length: number, count: number): Promise<string[] | null> {
  const parts: Buffer[] = [];
  for (let left = length; left > 0; ) {
    const piece = await incoming.bytes(left);
    if (piece === null) return null;
    parts.push(piece);
    left -= piece.length;
  }
  const texts = Texts.safeParse(json(Buffer.concat(parts).toString('utf8')));
  return texts.success && texts.data.length === count ? texts.data : null;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
