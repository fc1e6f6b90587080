import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type MessagePort, Worker } from 'node:worker_threads';
import { type CarriedError, carried, carry } from '../../../kernel/carry-error.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { LockedModel } from '../lock.ts';
import { type LoadedModel, loadModel, type TextKind } from './load-model.ts';

/**
 * A session of the runtime holds its thread for as long as a batch takes, so it has a thread of its own: one for
 * documents and one for questions, and the process goes on answering meanwhile.
 */
export interface LaneSettings {
  models_folder: string;
  model: LockedModel;
  lane: TextKind;
}

type ToLane = { id: number; texts: readonly string[] } | { stop: number };
type FromLane =
  | { is: 'loaded' }
  | { is: 'batch'; runs: boolean }
  | { is: 'vectors'; id: number; places: readonly number[]; vectors: readonly Float32Array[] }
  | { is: 'done'; id: number }
  | { is: 'failed'; id: number | null; error: CarriedError };

/** Documents give way to questions: their thread, and those that its session starts, are less urgent by this much. */
const DOCUMENTS_NICE = 10;

/** The thread's end: loads the model, says so, and embeds what it is told. */
export async function serveLane(port: MessagePort, { models_folder, model, lane }: LaneSettings): Promise<void> {
  const say = (message: FromLane) => port.postMessage(message);
  const failed = (id: number | null, error: unknown) =>
    say({ is: 'failed', id, error: carry(error, 'The embedder failed.') });
  if (lane === 'document') beLessUrgent(DOCUMENTS_NICE);
  let loaded: LoadedModel;
  try {
    const onBatch = (size: number | null) => say({ is: 'batch', runs: size !== null });
    // What is packed for speed is memory of its own; not packed, the weights are the file itself, mapped. Short texts gain
    // twofold by it, documents next to nothing.
    loaded = await loadModel(models_folder, model, { onBatch, packWeights: lane === 'query' });
  } catch (error) {
    return failed(null, error);
  }
  say({ is: 'loaded' });
  const stops = new Map<number, AbortController>();
  port.on('message', async (message: ToLane) => {
    if ('stop' in message) return stops.get(message.stop)?.abort(STOPPED);
    const { id, texts } = message;
    const stop = new AbortController();
    stops.set(id, stop);
    try {
      await loaded.embed(texts, lane, (places, vectors) => say({ is: 'vectors', id, places, vectors }), stop.signal);
      say({ is: 'done', id });
    } catch (error) {
      failed(id, error);
    } finally {
      stops.delete(id);
    }
  });
}

const STOPPED = new FrostbyteError('EMBEDDER_UNAVAILABLE', 'Nobody waits for the vectors any more.');

export interface LaneOptions {
  settings: LaneSettings;
  /** The program of the thread. */
  entry: string;
  onBatch(runs: boolean): void;
  /** Told when the thread has ended; another is opened in its place. */
  onEnd(): void;
}

/** The model in a thread of its own, loaded. Throws what `loadModel` throws; a thread that dies fails what it was asked. */
export async function openLane({ settings, entry, onBatch, onEnd }: LaneOptions): Promise<LoadedModel> {
  const worker = new Worker(entry, { env: {}, workerData: settings });
  const asked = new Map<number, Asked>();
  const { promise: loaded, resolve, reject } = Promise.withResolvers<void>();
  let isOver = false;
  let ids = 0;
  const end = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    reject(error);
    for (const one of asked.values()) one.reject(error);
    asked.clear();
    onBatch(false);
    onEnd();
  };
  worker.on('error', () => end(ended()));
  worker.on('exit', () => end(ended()));
  worker.on('message', (message: FromLane) => {
    if (message.is === 'loaded') return resolve();
    if (message.is === 'batch') return onBatch(message.runs);
    if (message.is === 'failed' && message.id === null) return end(carried(message.error));
    const one = asked.get(message.id!);
    if (message.is === 'vectors') return one?.onVectors(message.places, message.vectors);
    asked.delete(message.id!);
    if (message.is === 'failed') one?.reject(carried(message.error));
    else one?.resolve();
  });
  try {
    await loaded;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    async embed(texts, _kind, onVectors, signal) {
      signal?.throwIfAborted();
      if (isOver) throw ended();
      const id = ++ids;
      const stop = () => worker.postMessage({ stop: id } satisfies ToLane);
      signal?.addEventListener('abort', stop, { once: true });
      try {
        await new Promise<void>((resolve, reject) => {
          asked.set(id, { resolve, reject, onVectors });
          worker.postMessage({ id, texts } satisfies ToLane);
        });
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}

interface Asked {
  resolve(): void;
  reject(error: unknown): void;
  onVectors: Parameters<LoadedModel['embed']>[2];
}

const ended = () =>
  new FrostbyteError('EMBEDDER_UNAVAILABLE', 'The model’s thread ended. Try again.', { retryAfter: 5 });

/** Of this thread alone, and of those that it starts. Not everywhere may a process say so. */
function beLessUrgent(by: number): void {
  try {
    const thread = Number(/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
    if (thread > 0) setPriority(thread, by);
  } catch {}
}
