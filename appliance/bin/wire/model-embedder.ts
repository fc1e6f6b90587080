import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockedModel } from '../../models/embedder/lock.ts';
import { onnxEmbedder } from '../../models/embedder/onnx.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import { silentLogger } from '../../observability/logger.ts';
import { keepEmbedder } from '../keep-embedder.ts';
import { statusOf } from './embedder-health.ts';

/** How long the process may take until it listens. */
const START_MS = 60_000;
/** It goes with `close`, not because nobody asks. */
const IDLE_MS = 24 * 60 * 60 * 1000;

/**
 * A model that is here, in a process as the appliance runs one, for whoever needs it for a while and asks nobody else's.
 * `close` ends the process.
 */
export async function modelEmbedder(model: LockedModel, models_folder: string): Promise<Embedder> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-embedder-'));
  const at = { socket: join(folder, 'run', 'embedder.sock') };
  const kept = keepEmbedder({
    settings: { at, models_folder, model, idle_ms: IDLE_MS, log_level: 'error' },
    status: () => statusOf(at),
    logger: silentLogger,
  });
  const embedder = onnxEmbedder({ model, at, by: 'evaluation', patienceMs: START_MS });
  return {
    ...embedder,
    async close() {
      await embedder.close();
      await kept.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
