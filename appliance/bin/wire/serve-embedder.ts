import type { Server, Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { listenOnSocket } from '../../api/rpc/listen-on-socket.ts';
import type { Config } from '../../config/schema.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { type LockedModel, versionOf } from '../../models/embedder/lock.ts';
import { type LaneSettings, openLane, serveLane } from '../../models/embedder/onnx/lane.ts';
import type { LoadedModel, TextKind } from '../../models/embedder/onnx/load-model.ts';
import { embedderServer, type Origin } from '../../models/embedder/over-socket/serve-embedder.ts';
import { troubleOf } from '../../models/embedder/over-socket/wire.ts';
import { entryOf } from '../entry.ts';

/** All that the embedder's process gets to know. */
export interface EmbedderSettings {
  /** Where it listens. In tenants' networks whoever asks is whose network it comes from, and how it is it tells at `home` alone, where no tenant comes. */
  at: { socket: string } | { host: string; port: number; home: string };
  models_folder: string;
  model: LockedModel;
  /** A model that nobody asked for so long leaves the memory. */
  idle_ms: number;
  log_level?: Config['log_level'];
}

/**
 * Listens for texts, loads the model when the first one comes, and resolves when it was not asked for `idle_ms` with the
 * model loaded: whoever runs it starts it again without. Throws `CONFIG_INVALID` where it cannot listen.
 */
export async function serveEmbedder(settings: EmbedderSettings, logger: Logger): Promise<void> {
  const { at, models_folder, model, idle_ms } = settings;
  const lanes = new Map<TextKind, Promise<LoadedModel>>();
  /** Since when a lane's batch is at work. */
  const batches = new Map<TextKind, number>();
  let isLoaded = false;
  /** Why the model could not be loaded when it was last asked for. */
  let trouble: string | null = null;
  const { promise: idle, resolve: beIdle } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;

  const server = embedderServer({
    model(kind) {
      const known = lanes.get(kind);
      if (known !== undefined) return known;
      const loading: Promise<LoadedModel> = load(kind, () => {
        // Another may have been opened in its place already.
        if (lanes.get(kind) === loading) lanes.delete(kind);
      });
      lanes.set(kind, loading);
      return loading;
    },
    status: () => ({
      model: model.name,
      version: versionOf(model),
      loaded: isLoaded,
      batch_ms: Math.max(0, ...[...batches.values()].map((since) => performance.now() - since)),
      ...(trouble !== null && { trouble }),
    }),
    onAsked(now) {
      clearTimeout(timer);
      if (now === 0) timer = setTimeout(beIdle, idle_ms);
    },
    ...('home' in at && { origin: networkOf(at.home) }),
    logger,
  });
  if ('socket' in at) await listenOnSocket(server, at.socket);
  else await listenInNetworks(server, at);
  await idle;
  server.close();

  async function load(lane: TextKind, onEnd: () => void): Promise<LoadedModel> {
    const started = performance.now();
    const loaded = await openLane({
      settings: { models_folder, model, lane },
      entry: entryOf('embedder-thread'),
      onBatch: (runs) => void (runs ? batches.set(lane, performance.now()) : batches.delete(lane)),
      onEnd,
    }).catch((error: unknown) => {
      onEnd();
      trouble = troubleOf(error);
      logger.error('a model could not be loaded', codeFrames(error));
      throw error;
    });
    isLoaded = true;
    trouble = null;
    logger.info('a model was loaded', { duration_ms: Math.round(performance.now() - started) });
    return loaded;
  }
}

/** The address of ours that a connection came to: one in each tenant's network. */
function networkOf(home: string): (socket: Socket) => Origin {
  return ({ localAddress = '' }) => ({ by: localAddress, mayAskStatus: localAddress === home });
}

async function listenInNetworks(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise.catch((cause: unknown) => {
    throw new FrostbyteError('CONFIG_INVALID', `The embedder cannot listen at ${host}:${port}.`, { cause });
  });
}

/** The end of a lane in its thread. */
export async function serveEmbedderLane(port: MessagePort, settings: LaneSettings): Promise<void> {
  await serveLane(port, settings);
}
