import type { Dependency } from '../api/plane/tables.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../kernel/telemetry.ts';
import { keepEmbedder } from './keep-embedder.ts';
import { healthOf, statusOf } from './wire/embedder-health.ts';
import { chosen, configuredEndpoint, embedderSocket, endpointSocket, presentModels } from './wire/embedders.ts';
import type { EmbedderSettings } from './wire/serve-embedder.ts';
import type { EndpointSettings } from './wire/serve-endpoint.ts';

export interface RunningEmbedders {
  /** Each by name: whether it answers, and what keeps it from embedding. */
  health(): Promise<Dependency[]>;
  stop(): Promise<void>;
}

/**
 * Keeps a process for each model that is here, small until its first text comes, and one for the endpoint where one is
 * configured. None where somebody else runs the embedder, or no model is here. Throws `CONFIG_INVALID` where a model was
 * chosen that is not here, or the endpoint's is called as one of ours.
 */
export async function runEmbedders(
  config: Pick<Config, 'embedder' | 'data_folder' | 'processes' | 'log_level'>,
  logger: Logger,
): Promise<RunningEmbedders> {
  const models = await presentModels(config);
  chosen(config, models);
  const endpoint = configuredEndpoint(config);
  const { log_level } = config;
  const { addresses, models_folder, idle_minutes } = config.embedder;
  const kept: { name: string; at: Parameters<typeof statusOf>[0]; stop(): Promise<void> }[] = [];
  const keep = (name: string, settings: (EmbedderSettings | EndpointSettings) & { at: { socket: string } }) => {
    const { at } = settings;
    kept.push({ name, at, ...keepEmbedder({ settings, status: () => statusOf(at), logger }) });
  };
  for (const model of addresses === null ? models : []) {
    const at = { socket: embedderSocket(config, model.name) };
    keep(model.name, { at, models_folder: models_folder!, model, idle_ms: idle_minutes * 60_000, log_level });
  }
  if (endpoint !== null) keep('endpoint', { at: { socket: endpointSocket(config) }, endpoint, log_level });
  return {
    health: () => Promise.all(kept.map(({ name, at }) => healthOf(name, at))),
    async stop() {
      await Promise.all(kept.map((one) => one.stop()));
    },
  };
}
