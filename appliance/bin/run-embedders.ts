import type { Config } from '../config/schema.ts';
import type { Logger } from '../kernel/telemetry.ts';
import { type KeptEmbedder, keepEmbedder } from './keep-embedder.ts';
import { chosen, embedderSocket, presentModels } from './wire/embedders.ts';
import { statusOf } from './wire/serve-embedder.ts';

/**
 * Keeps a process for each model that is here: small until its first text comes. None where somebody else runs the
 * embedder, or no model is here. Throws `CONFIG_INVALID` where a model was chosen that is not here.
 */
export async function runEmbedders(
  config: Pick<Config, 'embedder' | 'data_folder' | 'processes'>,
  logger: Logger,
): Promise<{ stop(): Promise<void> }> {
  const models = await presentModels(config);
  chosen(config, models);
  const { addresses, models_folder, idle_minutes } = config.embedder;
  const kept: KeptEmbedder[] =
    addresses === null
      ? models.map((model) => {
          const at = { socket: embedderSocket(config, model.name) };
          const settings = { at, models_folder: models_folder!, model, idle_ms: idle_minutes * 60_000 };
          return keepEmbedder({ settings, status: () => statusOf(at), logger });
        })
      : [];
  return {
    async stop() {
      await Promise.all(kept.map((one) => one.stop()));
    },
  };
}
