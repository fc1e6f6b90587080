import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { FairSlots } from '../../../kernel/fair-slots.ts';
import { Incoming } from '../../../kernel/incoming.ts';
import { assertVectors } from '../assert.ts';
import { cosineEvidence } from '../cosine-evidence.ts';
import type { TextKind } from '../onnx/load-model.ts';
import { DIMENSIONS, type Embedder } from '../port.ts';
import { line, MOST_LINE_BYTES, Said, type Status } from './wire.ts';

/** What a process makes vectors with: name and version, as they travel with every vector, and its calibration. */
export interface ServedModel {
  name: string;
  version: string;
  /** Evidence is the cosine's way from `floor`, where nothing is near, to 1; from `threshold` on it is strong. */
  evidence: { floor: number; threshold: number };
}

export interface AskEmbedderOptions {
  /** Which model the process must have. */
  model: ServedModel;
  /** Where the embedder's process listens. */
  at: EmbedderAddress;
  /** In whose name it is asked: those who ask under different names take turns. */
  by: string;
  /** How long a process that is being started again is waited for. */
  patienceMs?: number;
  /** After so long without a word the process is taken for dead; while it works it says so all along. */
  silenceMs?: number;
}

export type EmbedderAddress = { socket: string } | { host: string; port: number };

const PATIENCE_MS = 15_000;
const SILENCE_MS = 60_000;
const AGAIN_MS = 100;
/** Where the process does not say when to come again. */
const OTHERWISE_AFTER_S = 30;
/** Of the texts of one question, so that none is near the most that is taken. */
const SOME_TEXTS = 64;
const SOME_CHARACTERS = 1_000_000;
/**
 * Questions with documents under way at once, of one process for one tenant: as many as keep the embedder busy. More wait
 * here for their turn, however many jobs a worker has: to be refused there would cost a document one of its attempts.
 */
const MOST_DOCUMENT_ASKS = 4;

/**
 * An embedder in a process of its own that all tenants share, asked over a socket. It is believed no more than any other
 * process: each vector is checked here. A question that broke off because the process died is asked once more; then it
 * throws `EMBEDDER_UNAVAILABLE`, and whoever embeds documents tries again later.
 */
export function embedderOverSocket(options: AskEmbedderOptions): Embedder {
  const { name, version, evidence } = options.model;
  const closing = new AbortController();
  const turns = new FairSlots({
    total: MOST_DOCUMENT_ASKS,
    each: MOST_DOCUMENT_ASKS,
    waiting: Number.POSITIVE_INFINITY,
  });
  return {
    model: name,
    version,
    dimensions: DIMENSIONS,
    evidenceThreshold: evidence.threshold,
    async embedDocuments(texts) {
      const vectors: Float32Array[] = [];
      for (const some of slices(texts)) {
        const release = await turns.take('documents', closing.signal);
        try {
          vectors.push(...(await twice('document', some)));
        } finally {
          release?.();
        }
      }
      return vectors;
    },
    async embedQuery(text) {
      const [vector] = await twice('query', [text]);
      return vector!;
    },
    evidence: cosineEvidence(evidence.floor),
    close: async () => closing.abort(CLOSED),
  };

  async function twice(kind: TextKind, texts: readonly string[]): Promise<Float32Array[]> {
    try {
      return await ask(options, kind, texts, closing.signal);
    } catch (error) {
      if (!(error instanceof BrokenOff) || closing.signal.aborted) throw error;
      return ask(options, kind, texts, closing.signal);
    }
  }
}

/** How the embedder's process is. Throws `EMBEDDER_UNAVAILABLE` where it does not say within `ms`. */
export async function embedderStatus(at: EmbedderAddress, ms: number): Promise<Status> {
  const socket = await reach(at, 0);
  socket.setTimeout(ms, () => socket.destroy());
  try {
    socket.write(line({ ask: 'status' }));
    const said = await hear(new Incoming(socket));
    if (said.say !== 'status') throw senseless();
    return said.status;
  } finally {
    socket.destroy();
  }
}

/** The process ended, or went silent, before it had said everything. */
class BrokenOff extends FrostbyteError {
  constructor() {
    super(
      'EMBEDDER_UNAVAILABLE',
      'The embedder ended before it had made all vectors. It is started again; try again.',
      {
        retryAfter: 5,
      },
    );
  }
}

const CLOSED = new FrostbyteError('EMBEDDER_UNAVAILABLE', 'The embedder is closed.');

const senseless = () =>
  new FrostbyteError('EMBEDDER_UNAVAILABLE', 'The embedder’s answer does not hold together.', { retryAfter: 5 });

async function ask(
  { model, at, by, patienceMs = PATIENCE_MS, silenceMs = SILENCE_MS }: AskEmbedderOptions,
  kind: TextKind,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const body = Buffer.from(JSON.stringify(texts));
  const socket = await reach(at, patienceMs, signal);
  const stop = () => void socket.destroy();
  // Closed while it was connecting: the signal does not say so again.
  if (signal.aborted) {
    stop();
    throw CLOSED;
  }
  signal.addEventListener('abort', stop, { once: true });
  socket.setTimeout(silenceMs, stop);
  try {
    const incoming = new Incoming(socket);
    socket.write(line({ ask: 'embed', as: kind, by, count: texts.length, length: body.length }));
    const made: Float32Array[] = new Array(texts.length);
    for (;;) {
      const said = await hear(incoming);
      if (said.say === 'ready') {
        if (said.model !== model.name || said.version !== model.version) throw otherModel(model, said);
        socket.write(body);
      } else if (said.say === 'vectors') {
        for (const place of said.places) {
          const bytes = await incoming.exactly(DIMENSIONS * 4);
          if (bytes === null) throw new BrokenOff();
          if (place >= texts.length || made[place] !== undefined) throw senseless();
          made[place] = fromLittleEndian(bytes);
        }
      } else if (said.say === 'done') break;
      else if (said.say !== 'wait') throw senseless();
    }
    assertVectors(
      Array.from(made, (vector) => vector ?? new Float32Array()),
      texts.length,
    );
    return made;
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** Connects; a process that is not there yet is waited for. */
async function reach(at: EmbedderAddress, patienceMs: number, signal?: AbortSignal): Promise<Socket> {
  for (const deadline = performance.now() + patienceMs; ; ) {
    const socket = 'socket' in at ? connect(at.socket) : connect(at.port, at.host);
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.on('error', () => undefined);
    if (connected) return socket;
    if (performance.now() >= deadline) {
      throw new FrostbyteError(
        'EMBEDDER_UNAVAILABLE',
        'The embedder does not answer. It is started again; try again.',
        {
          retryAfter: 5,
        },
      );
    }
    await wait(AGAIN_MS);
    if (signal?.aborted) throw CLOSED;
  }
}

/** The next thing that is said; throws what the embedder says went wrong. */
async function hear(incoming: Incoming): Promise<Said> {
  const text = await incoming.line(MOST_LINE_BYTES);
  if (text === null) throw new BrokenOff();
  const said = Said.safeParse(json(text));
  if (!said.success) throw senseless();
  if (said.data.say === 'failed') {
    throw new FrostbyteError(said.data.code, said.data.message, {
      retryAfter: said.data.retry_after ?? OTHERWISE_AFTER_S,
    });
  }
  return said.data;
}

function otherModel(wanted: ServedModel, had: { model: string; version: string }): FrostbyteError {
  return new FrostbyteError(
    'EMBEDDER_UNAVAILABLE',
    `The embedder has ${had.model} ${had.version}, and ${wanted.name} ${wanted.version} is needed. Restart the appliance.`,
  );
}

/** Texts a question at a time, in their order. */
function* slices(texts: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < texts.length; ) {
    let to = from;
    for (let characters = 0; to < texts.length && to - from < SOME_TEXTS; to++) {
      characters += texts[to]!.length;
      if (to > from && characters > SOME_CHARACTERS) break;
    }
    yield texts.slice(from, to);
    from = to;
  }
}

function fromLittleEndian(bytes: Buffer): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (let i = 0; i < DIMENSIONS; i++) vector[i] = bytes.readFloatLE(i * 4);
  return vector;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
