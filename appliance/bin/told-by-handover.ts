import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { PlaneHandover } from '../api/plane/handover.ts';
import { readHandover } from './read-handover.ts';
import { repeat } from './repeat.ts';
import type { Told } from './told.ts';
import type { ToWorker } from './worker-pool.ts';

/** A worker's handover that is a file is looked at so often. */
const LOOK_MS = 1000;

/**
 * Told by the file of a handover: other keys or another configuration in it count from then on. Where it goes, or hands
 * over other stores, the worker ends: the tenant was suspended, or a new worker is to be started with it.
 */
export function toldByHandover(path: string, first: PlaneHandover, everyMs = LOOK_MS): Told {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let known = first;
  let listener: (message: ToWorker) => void = () => undefined;
  let seen = '';
  let looking: ReturnType<typeof repeat> | undefined;

  async function look(): Promise<void> {
    const { ino, mtimeMs } = await stat(path);
    if (seen === `${ino} ${mtimeMs}`) return;
    const { handover } = await readHandover(path, first.tenant_id);
    seen = `${ino} ${mtimeMs}`;
    const { stores, storage_keys: keys, config, config_version: version } = handover;
    if (!isDeepStrictEqual(stores, known.stores)) return stop();
    if (!isDeepStrictEqual(keys, known.storage_keys)) listener({ type: 'rekey', keys });
    if (version !== known.config_version) listener({ type: 'configure', config, version });
    known = handover;
  }
  function stop(): void {
    looking?.stop();
    end();
  }

  return {
    listen(given) {
      listener = given;
      // Nobody takes away a handover that is still good, so what cannot be read any more is at its end.
      looking = repeat(look, everyMs, stop);
    },
    over,
  };
}
