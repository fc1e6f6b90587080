import { parentPort, workerData } from 'node:worker_threads';
import { serveEmbedderLane } from './wire/serve-embedder.ts';

/** A thread of the embedder's process: one session of the model. */
await serveEmbedderLane(parentPort!, workerData);
