import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Dependency } from '../../../api/plane/tables.ts';
import type { Config } from '../../../config/schema.ts';
import { keepEmbedderContainer, MODELS_INSIDE } from '../../../control/embedder/container.ts';
import type { Engine } from '../../../control/engine/engine.ts';
import { EMBEDDER_NAME } from '../../../control/engine/labels.ts';
import { CORE_PLACES, coreAddress, coreNetwork } from '../../../control/stack/addresses.ts';
import { embedderService } from '../../../control/stack/tenant-services.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import { LEXICAL, type LockedModel } from '../../../models/embedder/lock.ts';
import { runFolder } from '../../run-folder.ts';
import { healthOf, statusOf } from '../embedder-health.ts';
import type { EmbedderOrder } from '../embedder-order.ts';
import { chosen } from '../embedders.ts';
import { modelsOf } from '../models.ts';
import { embedderPorts } from './servers.ts';

/** The embedder of a box whose data planes run in containers. */
export interface StackEmbedder {
  /** What tenants' networks are given, by its name; empty where no model is here. */
  attached: { embedder?: string };
  /** What a data plane is told of it; `host` is its address in the tenant's network. */
  settings(host: string): Config['embedder'];
  /** Runs it; `onNew` is told when it has to be attached again. Resolves once it was tried. Throws as `chosen` does. */
  start(onNew: () => Promise<void>): Promise<void>;
  /** Each model by name: whether it answers, and what keeps it from embedding. */
  health(): Promise<Dependency[]>;
  stop(): Promise<void>;
}

export interface StackEmbedderOptions {
  config: Config;
  engine: Engine;
  /** The name of the image `appliance`. */
  image: string;
  /** The models that are here. */
  models: readonly LockedModel[];
  logger: Logger;
}

export function stackEmbedder({ config, engine, image, models, logger }: StackEmbedderOptions): StackEmbedder {
  const home = coreAddress(config.stack.subnet, 'embedder');
  let kept: ReturnType<typeof keepEmbedderContainer> | undefined;
  const ports = models.map((model) => ({ model, port: portOf(model) }));
  return {
    attached: models.length === 0 ? {} : { embedder: EMBEDDER_NAME },
    settings: (host) => ({
      ...config.embedder,
      model: models.length === 0 ? LEXICAL : config.embedder.model,
      models_folder: null,
      addresses: Object.fromEntries(ports.map(({ model, port }) => [model.name, `${host}:${port}`])),
      // Its files are the host's, and no plane's business.
      endpoint: { ...config.embedder.endpoint, key_file: null, ca_file: null },
    }),
    async start(onNew) {
      chosen(config, models);
      if (models.length === 0) return engine.remove(EMBEDDER_NAME);
      const order: EmbedderOrder = {
        models_folder: MODELS_INSIDE,
        models: ports,
        idle_ms: config.embedder.idle_minutes * 60_000,
        home,
      };
      kept = keepEmbedderContainer({
        ...embedderOf(config, image, models),
        engine,
        order,
        async status() {
          await Promise.any(ports.map(({ port }) => statusOf({ host: home, port })));
        },
        onNew,
        logger,
      });
      await kept.tried;
    },
    health: () => Promise.all(ports.map(({ model, port }) => healthOf(model.name, { host: home, port }))),
    async stop() {
      await kept?.stop();
    },
  };
}

/** The container as this box has it. */
export function embedderOf(config: Config, image: string, models: readonly LockedModel[]) {
  const memory = models.map(({ memory_mb }) => memory_mb);
  const { uid, limits } = embedderService(availableParallelism(), memory);
  const { network } = CORE_PLACES.embedder;
  return {
    ...{ image, uid, limits },
    home: { network: coreNetwork(network), address: coreAddress(config.stack.subnet, 'embedder') },
    models: modelsOf(config).folder,
    folder: join(runFolder(config), 'embedder-order'),
  };
}

function portOf({ name }: LockedModel): number {
  const found = embedderPorts().find(({ model }) => model === name);
  if (found === undefined) throw new TypeError(`${name} is not in the lock`);
  return found.port;
}
