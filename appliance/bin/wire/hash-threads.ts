import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Hashers } from '../../bundle/verify/hash-files.ts';
import type { Hashed, HashJob } from '../../bundle/verify/hash-place.ts';
import { entryOf } from '../entry.ts';

/** What a thread says of a job: bytes that it has read since it last spoke, and in the end what it found. */
export interface HashAnswer {
  id: number;
  read: number;
  hashed?: Hashed;
  /** As the system says it, where it does. */
  failed?: { message: string; code?: string; errno?: number | undefined; syscall?: string | undefined };
}

interface Waiting {
  read(bytes: number): void;
  resolve(hashed: Hashed): void;
  reject(error: Error): void;
}

/**
 * Threads that hash, one a core. They start at once: while they do, whoever asks for them reads what is to be hashed. `end`
 * when nothing more is to be hashed.
 */
export function hashThreads(count = availableParallelism()): Hashers & { end(): Promise<void> } {
  const idle: Worker[] = [];
  const all: Worker[] = [];
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let broken: Error | null = null;

  function start(): Worker {
    const worker = new Worker(entryOf('hash-thread'), { env: {} });
    worker.on('message', ({ id, read, hashed, failed }: HashAnswer) => {
      const call = waiting.get(id);
      if (read > 0) call?.read(read);
      if (hashed === undefined && failed === undefined) return;
      waiting.delete(id);
      idle.push(worker);
      if (hashed !== undefined) call?.resolve(hashed);
      else call?.reject(Object.assign(new Error(failed!.message), failed));
    });
    // Without this thread nothing can be said of any file.
    worker.on('error', (error) => {
      broken = error as Error;
      for (const call of waiting.values()) call.reject(broken);
      waiting.clear();
    });
    all.push(worker);
    return worker;
  }

  for (let n = 0; n < count; n++) idle.push(start());
  return {
    atOnce: count,
    hash: (job: HashJob, read) =>
      new Promise<Hashed>((resolve, reject) => {
        if (broken !== null) return reject(broken);
        const worker = idle.pop() ?? start();
        const id = ++calls;
        waiting.set(id, { read, resolve, reject });
        worker.postMessage({ id, job });
      }),
    end: async () => void (await Promise.all(all.map((worker) => worker.terminate()))),
  };
}
