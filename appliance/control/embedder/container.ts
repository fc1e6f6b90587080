import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { codeFrames } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import type { Engine } from '../engine/engine.ts';
import { EMBEDDER_LABELS, EMBEDDER_NAME } from '../engine/labels.ts';
import type { NewContainer } from '../engine/new-container.ts';
import { writeSecretFile } from '../engine/secret-files.ts';
import { settleContainer } from '../engine/settle-container.ts';
import { type ContainerLimits, limited } from '../stack/confinement.ts';

/** Where the embedder finds its order, and the models. */
export const ORDER_FILE = '/run/frostbyte/embedder/order.json';
export const MODELS_INSIDE = '/run/frostbyte/models';

export interface EmbedderContainerOptions {
  engine: Engine;
  image: string;
  uid: number;
  limits: ContainerLimits;
  /** The network that it stands in before control attaches it to tenants', and its address there. */
  home: { network: string; address: string };
  /** Folder of the host with the models; it is not written to. */
  models: string;
  /** What it gets to know: nothing of it is secret. */
  order: object;
  /** Folder on memory for the order; it belongs to this alone. */
  folder: string;
  /** Throws where it does not answer. */
  status(): Promise<void>;
  /** Told when a container took the place of another: nobody has attached it to tenants' networks yet. */
  onNew(): Promise<void>;
  logger: Logger;
  /** How often it is asked, and how long one that is there may be silent. */
  everyMs?: number;
  silentMs?: number;
}

const EVERY_MS = 5000;
/** It embeds in processes of its own, and looks after those itself: it answers whatever they do. */
const SILENT_MS = 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const ORDER_NAME = 'order.json';

/**
 * The one container that embeds for all tenants (spec 7, "Compose"): no store's credentials, no disk but the models, which
 * it reads, no logs. It is started again whenever it ends, and ended when it does not answer: it keeps nothing.
 */
export function keepEmbedderContainer(options: EmbedderContainerOptions): {
  /** Resolves once it was tried for the first time, well or not. */
  tried: Promise<void>;
  stop(): Promise<void>;
} {
  const { engine, status, onNew, logger, everyMs = EVERY_MS, silentMs = SILENT_MS } = options;
  const closing = new AbortController();
  const tried = Promise.withResolvers<void>();
  let deadline = Number.POSITIVE_INFINITY;
  let known: string | undefined;

  async function live(): Promise<void> {
    for (let rest = FIRST_WAIT_MS; !closing.signal.aborted; ) {
      const started = performance.now();
      try {
        await writeSecretFile(join(options.folder, ORDER_NAME), JSON.stringify(options.order), options.uid);
        const id = await settleContainer(engine, embedderContainer(options));
        await engine.start(id);
        deadline = performance.now() + silentMs;
        const isNew = known !== undefined && known !== id;
        known = id;
        tried.resolve();
        if (isNew) await onNew();
        await engine.ended(id, closing.signal);
        if (!closing.signal.aborted) logger.warn('the embedder ended, starting it again');
      } catch (error) {
        logger.warn('the embedder could not be started yet', codeFrames(error));
      }
      tried.resolve();
      rest = performance.now() - started > LONGEST_WAIT_MS ? FIRST_WAIT_MS : Math.min(rest * 2, LONGEST_WAIT_MS);
      await pause(rest);
    }
  }

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      const answers = await status().then(
        () => true,
        () => false,
      );
      if (answers) deadline = performance.now() + silentMs;
      else if (performance.now() > deadline) {
        logger.error('the embedder does not answer and is ended');
        deadline = performance.now() + silentMs;
        await engine.kill(EMBEDDER_NAME).catch(() => undefined);
      }
      await pause(everyMs);
    }
  }

  const pause = (ms: number) => wait(ms, undefined, { signal: closing.signal }).catch(() => undefined);
  const running = Promise.all([live(), watch()]);
  return {
    tried: tried.promise,
    async stop() {
      closing.abort();
      await running;
      // What cannot be ended now is ended by the next start, or by the engine's end.
      await engine.kill(EMBEDDER_NAME).catch(() => undefined);
    },
  };
}

/** The embedder, as the engine is asked for it. */
export function embedderContainer(
  options: Pick<EmbedderContainerOptions, 'image' | 'uid' | 'home' | 'limits' | 'models' | 'folder'>,
): NewContainer {
  const { image, uid, home, limits, models, folder } = options;
  return {
    name: EMBEDDER_NAME,
    image,
    command: ['serve', '--role', 'embedder', '--order', ORDER_FILE],
    user: `${uid}:${uid}`,
    labels: EMBEDDER_LABELS,
    network: { name: home.network, address: home.address },
    ...limited(limits, uid),
    keepsLog: false,
    mounts: [
      { source: folder, target: ORDER_FILE.replace(`/${ORDER_NAME}`, ''), writable: false },
      { source: models, target: MODELS_INSIDE, writable: false },
    ],
  };
}
