import type { ToWorker } from './worker-pool.ts';

/** Who tells a worker what to do. */
export interface Told {
  /** Every message from now on, also what came before anybody listened. */
  listen(listener: (message: ToWorker) => void): void;
  /** Resolves when nobody tells anything any more: the worker's end. */
  over: Promise<void>;
}

/** The process that started this one, by the channel between them; where there is none, nobody. */
export function toldByParent(): Told {
  return {
    listen: (listener) => void process.on('message', listener),
    over: new Promise<void>((resolve) => {
      // A daemon that was killed cannot say so: its end of the channel closes, maybe before this line.
      process.on('disconnect', resolve);
      if (process.send !== undefined && !process.connected) resolve();
    }),
  };
}
