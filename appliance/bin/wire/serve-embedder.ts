import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { type LockedModel, versionOf } from '../../models/embedder/lock.ts';
import { type LoadedModel, loadModel } from '../../models/embedder/onnx/load-model.ts';
import { embedderServer } from '../../models/embedder/over-socket/serve-embedder.ts';

/** All that the embedder's process gets to know. */
export interface EmbedderSettings {
  socket: string;
  models_folder: string;
  model: LockedModel;
  /** A model that nobody asked for so long leaves the memory. */
  idle_ms: number;
}

/**
 * Listens for texts, loads the model when the first one comes, and resolves when it was not asked for `idle_ms` with the
 * model loaded: whoever runs it starts it again without. Throws `CONFIG_INVALID` where it cannot listen.
 */
export async function serveEmbedder(settings: EmbedderSettings, logger: Logger): Promise<void> {
  const { socket, models_folder, model, idle_ms } = settings;
  let loading: Promise<LoadedModel> | undefined;
  let isLoaded = false;
  let batchSince: number | null = null;
  const { promise: idle, resolve: beIdle } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;

  const server = embedderServer({
    model() {
      loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      return loading;
    },
    status: () => ({
      model: model.name,
      version: versionOf(model),
      loaded: isLoaded,
      batch_ms: batchSince === null ? 0 : performance.now() - batchSince,
    }),
    onUse() {
      clearTimeout(timer);
      timer = setTimeout(beIdle, idle_ms);
    },
    logger,
  });
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  rmSync(socket, { force: true });
  const before = process.umask(0o177);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  })
    .catch((cause: unknown) => {
      throw new FrostbyteError('CONFIG_INVALID', `The embedder cannot listen at ${socket}.`, { cause });
    })
    .finally(() => process.umask(before));
  chmodSync(socket, 0o600);
  await idle;
  server.close();

  async function load(): Promise<LoadedModel> {
    const started = performance.now();
    const loaded = await loadModel(models_folder, model, {
      onBatch: (size) => {
        batchSince = size === null ? null : performance.now();
      },
    });
    isLoaded = true;
    logger.info('a model was loaded', { duration_ms: Math.round(performance.now() - started) });
    return loaded;
  }
}
