import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { createLogger } from '../../observability/logger.ts';
import { keepEmbedder } from '../keep-embedder.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';
import { statusOf } from '../wire/embedder-health.ts';
import { type EmbedderOrder, readOrder } from '../wire/embedder-order.ts';

/**
 * The role `embedder`: models for all tenants of a box, in a container of its own. It listens in every tenant's network,
 * a port for each model, has no store, no secret and no disk, and keeps a process for each model.
 */

/** Runs until SIGTERM or SIGINT. Throws `CONFIG_INVALID` for an order that is none. */
export async function serveEmbedders(orderFile: string): Promise<void> {
  await runUntilTold(await startEmbedders(readOrder(orderFile)));
  process.exit(0);
}

export function startEmbedders({ models_folder, models, idle_ms, home }: EmbedderOrder): Promise<Running> {
  return acquiring(async (undo) => {
    const logger = createLogger({ level: 'info' }).child('embedder', { pid: process.pid });
    for (const { model, port } of models) {
      const at = { host: '0.0.0.0', port, home };
      const kept = keepEmbedder({
        settings: { at, models_folder, model, idle_ms },
        status: () => statusOf({ host: home, port }),
        logger,
      });
      undo.push(() => kept.stop());
    }
    logger.info('embedder listening', { version: PIPELINE_VERSION, count: models.length });
    return { says: `frostbyte ${PIPELINE_VERSION} embeds for whoever is in its networks`, stop: () => undo.run() };
  });
}
