import type { MetricObject } from 'prom-client';
import type { Dependency } from '../../api/plane/tables.ts';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import type { Config } from '../../config/schema.ts';
import { storageWatch } from '../../control/neighbours/storage.ts';
import { neighbourWatch } from '../../control/neighbours/watch.ts';
import { planeProcesses } from '../../control/planes/processes.ts';
import { serveControl } from '../../control/socket/serve-control.ts';
import type { SplitVerbs } from '../../control/split-verbs.ts';
import type { ControlVerbs } from '../../control/verbs.ts';
import { noScanner } from '../../data/1-intake/clamd.ts';
import type { Parser } from '../../data/2-parse/sandbox/parse-file.ts';
import { codeFrames } from '../../kernel/errors.ts';
import { controlPaths, runPaths } from '../../kernel/names.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { createLogger } from '../../observability/logger.ts';
import { createMetrics } from '../../observability/metrics.ts';
import { planeSnapshot } from '../../observability/plane-snapshot.ts';
import { allTenants } from '../all-tenants.ts';
import { clearTemporary, measureStates } from '../daemon.ts';
import { lockDataFolder } from '../data-folder-lock.ts';
import { dyingWithParent } from '../dying-with-parent.ts';
import { endProcess } from '../end-process.ts';
import { entryOf, NODE_FLAGS } from '../entry.ts';
import { gatewayMeasures } from '../gateway-measures.ts';
import { hostVerbs } from '../host/host-verbs.ts';
import { clockHealth, toolsHealth } from '../plane-health.ts';
import { remembered } from '../remembered.ts';
import { repeat } from '../repeat.ts';
import { type RunningEmbedders, runEmbedders } from '../run-embedders.ts';
import { runFolder } from '../run-folder.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';
import { embeddedBacking } from '../wire/embedded-backing.ts';
import { configuredEndpoint, presentModels } from '../wire/embedders.ts';
import { inboxFolders } from '../wire/inbox-folders.ts';
import { showNotices } from '../wire/inbox-notices.ts';
import { openMeasuring } from '../wire/measuring.ts';
import { openControlRoot, openSplitControl, type SplitControl } from '../wire/split-control.ts';
import { stackBacking } from '../wire/stack/backing.ts';
import type { StackContainers } from '../wire/stack/containers.ts';
import { coreStack } from '../wire/stack/core.ts';
import { type EndpointRelay, endpointRelay } from '../wire/stack/endpoint-relay.ts';
import { openStackNetwork, type StackNetwork } from '../wire/stack/network.ts';
import { hostParser } from '../wire/tenant-plane.ts';

/**
 * The role `control`: registry, keys, provisioning, the relay of audit events, and the tenants' data planes as its
 * children. No TCP: it is asked over a socket of mode 0600, and dials data planes itself.
 */

const LOOK_MS = 250;
const RELAY_MS = 1000;
const MAINTENANCE_MS = 30_000;
const READINESS_MS = 2000;
const NEIGHBOURS_MS = 2000;
const MEASURES_MS = 1000;
const GIB = 1024 ** 3;

/** Runs until SIGTERM, SIGINT or until `over` resolves. */
export async function serveControlRole(config: Config, over?: Promise<unknown>): Promise<void> {
  await runUntilTold(await startControl(config), over);
  endProcess();
}

export function startControl(config: Config): Promise<Running> {
  return acquiring(async (undo) => {
    const logger = createLogger({ level: config.log_level }).child('control-plane');
    const lock = lockDataFolder(controlPaths(config.data_folder).lock);
    undo.push(() => lock.release());
    clearTemporary(controlPaths(config.data_folder).temporary);
    const metrics = createMetrics({ version: PIPELINE_VERSION });
    const { meter } = metrics;
    const run = runPaths(runFolder(config));
    const opened = await openControlRoot(config);
    const tell = (why: string) => void process.stderr.write(`${why}\n`);
    const core = await coreStack(config, { ...opened, release: PIPELINE_VERSION, logger, tell });
    undo.push(() => core?.stop());
    const models = await presentModels(config);
    const network = config.mode === 'stack' ? openStackNetwork(config, PIPELINE_VERSION, models, logger) : null;
    const embedding = await embed(config, network, logger);
    undo.push(() => embedding.stop());
    const host =
      network?.containers?.planes ??
      planeProcesses({
        folder: run.planes,
        owner: config.processes.gateway_uid,
        command: [process.execPath, ...NODE_FLAGS, entryOf('data-plane')],
        wrap: dyingWithParent(),
      });
    const measuring = openMeasuring({ dataFolder: config.data_folder, clock: opened.clock, logger });
    undo.push(() => measuring.close());
    const split = await openSplitControl({
      config,
      opened,
      logger,
      meter,
      measuring: measuring.verbs,
      looking: hostVerbs(config, logger),
      host,
      backing: network === null ? embeddedBacking : stackBacking(network),
    });
    undo.push(() => split.close());
    const { control, planes, clock } = split;
    const relay = network?.containers ? relayOf(config, network.containers, control, logger) : null;
    undo.push(() => relay?.stop());
    const parser = hostParser(config, logger);
    undo.push(() => parser.close());
    for await (const { tenant_id } of allTenants(control, 'SUSPENDED')) await split.measureStopped(tenant_id);
    await control.start();

    const gateways = gatewayMeasures(clock);
    const verbs = splitVerbs(split, metrics, gateways, parser, async () => [
      ...(core === null ? [] : [core.health()]),
      ...(await embedding.health()),
      ...((await relay?.health()) ?? []),
    ]);
    const server = await serveControl(split.verbs, {
      socket: run.control,
      owner: config.processes.gateway_uid,
      logger,
      split: verbs,
    });
    undo.push(() => server.close());
    const keeping = measuring.start(
      async () => [...(await verbs.measures()).metrics, ...gateways.collected()] as MetricObject[],
    );
    undo.push(() => keeping.stop());
    const looking = repeat(
      () => planes.look(),
      LOOK_MS,
      (error) => logger.warn('the data planes could not be looked after', codeFrames(error)),
    );
    undo.push(() => looking.stop());
    const relaying = repeat(
      async () => relay?.settle(),
      RELAY_MS,
      (error) => logger.warn('who reaches the endpoint could not be settled', codeFrames(error)),
    );
    undo.push(() => relaying.stop());
    const beat = repeat(
      async () => {
        clock.keep();
        await control.sweepExports();
      },
      MAINTENANCE_MS,
      (error) => logger.warn('maintenance failed', codeFrames(error)),
    );
    undo.push(() => beat.stop());
    const suspend = (tenantId: string, reason: string) =>
      control.suspend(tenantId, { reason, notify_tenant: true }, 'system');
    const watch = neighbourWatch({ ...split.neighbours, suspend, logger });
    const watching = repeat(
      async () => {
        await watch();
        await split.neighbours.endLongSessions();
      },
      NEIGHBOURS_MS,
      (error) => logger.warn('the tenants could not be looked at', codeFrames(error)),
    );
    undo.push(() => watching.stop());
    const storage = storageWatch({
      free: () => split.neighbours.rooms(),
      async *tenants() {
        for await (const { tenant_id, config: settings } of allTenants(control, 'ACTIVE'))
          yield { tenant_id, quota: settings.storage_quota_gb * GIB };
      },
      weigh: (tenantId) => split.neighbours.weigh(tenantId),
      suspend,
      logger,
    });
    const weighing = repeat(storage, NEIGHBOURS_MS, (error) =>
      logger.warn('the tenants could not be looked at', codeFrames(error)),
    );
    undo.push(() => weighing.stop());
    const folders = inboxFolders(config.inbox, logger);
    const notices =
      folders && showNotices({ settings: config.inbox, folders, control, tenants: () => allTenants(control), logger });
    undo.push(() => notices?.stop());
    logger.info('control listening', { version: PIPELINE_VERSION });
    return {
      says: `frostbyte ${PIPELINE_VERSION} control answers at ${run.control} (data in ${config.data_folder})`,
      stop: () => undo.run(),
    };
  });
}

function splitVerbs(
  split: SplitControl,
  metrics: ReturnType<typeof createMetrics>,
  gateways: ReturnType<typeof gatewayMeasures>,
  parser: Parser,
  embedders: () => Promise<Dependency[]>,
): SplitVerbs {
  const { control, planes, trust } = split;
  /** Tenants whose data planes are counted in. */
  const merged = new Set<string>();
  const measure = remembered(MEASURES_MS, async () => {
    await measureStates(split, metrics.meter);
    const gone: string[] = [];
    for await (const { tenant_id } of allTenants(control, 'DEPROVISIONED')) gone.push(tenant_id);
    const running = planes.running();
    for (const tenantId of merged) {
      if (running.includes(tenantId)) continue;
      merged.delete(tenantId);
      metrics.merge(tenantId, null);
    }
    await Promise.all(
      running.map(async (tenantId) => {
        const measured = await planes
          .asking(tenantId)
          ?.value('measures')
          .catch(() => undefined);
        if (measured === undefined) return;
        merged.add(tenantId);
        metrics.merge(tenantId, planeSnapshot(tenantId, measured));
      }),
    );
    return { metrics: await metrics.collected(), gone };
  });
  return {
    announce: trust,
    limits: () => split.limits(),
    async planeAddress(tenantId, gateway) {
      await trust(gateway);
      return planes.address(tenantId);
    },
    readiness: remembered(READINESS_MS, async () => [...(await readiness(split, parser)), ...(await embedders())]),
    measures: measure,
    measured: async (keyId, said) => gateways.note(keyId, said),
  };
}

/** Control's own health, and that of the data planes put together: a name is well where it is well in each. */
async function readiness({ control, planes, clock, health }: SplitControl, parser: Parser): Promise<Dependency[]> {
  const wanted = await control.activeTenants();
  const running = planes.running();
  const missing = wanted.filter((tenantId) => !running.includes(tenantId)).length;
  // All at once: each may wait for a server that says nothing.
  const [own, backing, ...asked] = await Promise.all([
    control.health(),
    health(),
    ...running.map((tenantId) =>
      (planes.asking(tenantId)?.value('health') as Promise<Dependency[]> | undefined)?.catch((): Dependency[] => [
        { name: 'tenants.data plane', ok: false, message: 'does not answer' },
      ]),
    ),
  ]);
  const together = new Map<string, Dependency>();
  for (const one of asked.flatMap((answer) => answer ?? [])) {
    if (together.get(one.name)?.ok !== false) together.set(one.name, one);
  }
  return [
    ...own,
    ...backing,
    clockHealth(clock.doubted()),
    {
      name: 'tenants',
      ok: missing === 0,
      message: missing === 0 ? `${wanted.length} open` : `${missing} of ${wanted.length} are not running`,
    },
    ...together.values(),
    // Of the host, while there is no data plane to ask.
    ...(running.length === 0 ? await toolsHealth(parser, noScanner()) : []),
  ];
}

/** Planes in containers do not reach a process of the host: the embedder is a container beside them. */
async function embed(config: Config, network: StackNetwork | null, logger: Logger): Promise<RunningEmbedders> {
  if (!network?.embedder) return runEmbedders(config, logger);
  await network.embedder.start(async () => void (await network.networks.reconcile()));
  return network.embedder;
}

/** The way to the endpoint of planes in containers; null where there is no endpoint. */
function relayOf(
  config: Config,
  { planes }: StackContainers,
  control: Pick<ControlVerbs, 'gate'>,
  logger: Logger,
): EndpointRelay | null {
  const endpoint = configuredEndpoint(config);
  if (endpoint === null) return null;
  return endpointRelay({
    config,
    endpoint,
    folders: () => planes.relayFolders(),
    isOnline: async (tenantId) => (await control.gate(tenantId)).config?.embedding_mode === 'online',
    logger,
  });
}
