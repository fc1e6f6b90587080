import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Dependency } from '../api/plane/tables.ts';
import type { InboxQuery } from '../api/schemas/inbox.ts';
import { generateSeamKeys } from '../api/seam.ts';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import type { Config } from '../config/schema.ts';
import { createDataApp } from '../data/app.ts';
import { dataPlaneHandler } from '../gateway/data-plane.ts';
import { systemClock } from '../kernel/clock.ts';
import { codeFrames } from '../kernel/errors.ts';
import { shaped } from '../kernel/log-fields.ts';
import { controlPaths, tenantPaths } from '../kernel/names.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { allTenants } from './all-tenants.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { endProcess } from './end-process.ts';
import { openFrontDoor } from './front-door.ts';
import { hostVerbs } from './host/host-verbs.ts';
import { clockHealth, inboxHealth, storesHealth, toolsHealth, workersHealth } from './plane-health.ts';
import { remembered } from './remembered.ts';
import { repeat } from './repeat.ts';
import { runEmbedders } from './run-embedders.ts';
import { acquiring, type Running, runUntilTold } from './running.ts';
import { type Embedded, openEmbedded } from './wire/embedded.ts';
import { watchInboxes } from './wire/inbox.ts';
import { inboxFolders } from './wire/inbox-folders.ts';
import { showNotices } from './wire/inbox-notices.ts';
import { openLimits } from './wire/limits.ts';
import { maintain, mourn } from './wire/maintenance.ts';
import { openMeasuring } from './wire/measuring.ts';
import { mendQueue } from './wire/mend-queue.ts';
import { measureClosedQueues, measureQueues } from './wire/queue-lengths.ts';
import { startWorkers } from './worker-pool.ts';

/** All roles in one process, its workers beside it: what runs unless other roles are asked for. */

const MAINTENANCE_MS = 30_000;
const GIB = 1024 ** 3;
const READINESS_MS = 2000;
const GAUGES_MS = 1000;

/** Starts, prints where it listens, and runs until SIGTERM or SIGINT. */
export async function serve(config: Config): Promise<void> {
  await runUntilTold(await start(config));
  endProcess();
}

/** Acquires in order, releases in reverse; `stop` resolves when requests are answered. */
export function start(config: Config): Promise<Running> {
  return acquiring(async (undo) => {
    const started = performance.now();
    const logger = createLogger({ level: config.log_level }).child('gateway');
    const lock = lockDataFolder(controlPaths(config.data_folder).lock);
    undo.push(() => lock.release());
    clearTemporary(controlPaths(config.data_folder).temporary);

    const metrics = createMetrics({ version: PIPELINE_VERSION });
    const measuring = openMeasuring({ dataFolder: config.data_folder, clock: systemClock(), logger });
    undo.push(() => measuring.close());
    let url = '';
    const embedded = await openEmbedded({
      config,
      logger,
      meter: metrics.meter,
      baseUrl: () => url,
      alone: true,
      measuring: measuring.verbs,
      host: hostVerbs(config, logger),
    });
    undo.push(() => embedded.close());
    const { control, planes, clock } = embedded;

    for (const tenantId of await control.activeTenants()) {
      await mendQueue(tenantPaths(config.data_folder, tenantId).queue, tenantId, { clock, logger });
    }
    await measureSuspended(embedded, config, { clock, meter: metrics.meter, logger }).catch((error: unknown) =>
      logger.warn('queues of suspended tenants could not be measured', codeFrames(error)),
    );
    const embedding = await runEmbedders(config, logger);
    undo.push(() => embedding.stop());
    const workers = startWorkers({
      count: config.workers.count,
      work: { config: JSON.stringify(config) },
      logger,
      onMetrics: metrics.merge,
      onDeath: () => {
        clock.keep();
        void Promise.all(planes.open().map((plane) => mourn(plane, workers.isDead))).then(() => workers.wake());
      },
    });
    undo.push(() => workers.stop());

    const seam = generateSeamKeys();
    const folders = inboxFolders(config.inbox, logger);
    const inboxes =
      folders &&
      watchInboxes({
        settings: config.inbox,
        folders,
        use: planes.use,
        isSuspended: embedded.isSuspended,
        tenants: () => allTenants(control),
        wake: () => workers.wake(),
        logger,
      });
    const apps = new Map<string, { plane: unknown; app: ReturnType<typeof createDataApp> }>();
    const tenantFetch = (tenantId: string, request: Request) =>
      planes.use(tenantId, async (plane, ending) => {
        let entry = apps.get(tenantId);
        // A plane that was closed and opened again has an app of its own.
        if (entry?.plane !== plane) {
          const options = { plane, ending, seamKey: seam.publicKey, wake: () => workers.wake() };
          const inbox = inboxes && { inbox: (query: InboxQuery) => inboxes.status(tenantId, query) };
          entry = { plane, app: createDataApp({ ...options, ...inbox }) };
          apps.set(tenantId, entry);
        }
        return entry.app.fetch(request);
      });

    const tenantGauges = remembered(GAUGES_MS, async () => {
      await measureStates(embedded, metrics.meter);
      // A queue in trouble shows itself elsewhere, and is no reason to serve no metrics.
      await Promise.allSettled(
        planes.open().map(({ tenant_id, queue }) => measureQueues(tenant_id, queue, metrics.meter)),
      );
    });

    const keeping = measuring.start(async () => {
      await tenantGauges();
      return metrics.collected();
    });
    undo.push(() => keeping.stop());

    await control.start();
    const maintenance = async () => {
      clock.keep();
      for (const tenant_id of await control.activeTenants()) {
        // One tenant in trouble must not keep the others from being looked after.
        try {
          const plane = await planes.get(tenant_id);
          const { config: tenantConfig } = await plane.config();
          await maintain(plane, tenantConfig.storage_quota_gb * GIB, workers.isDead, embedded.isSuspended);
        } catch (error) {
          logger.warn('a tenant could not be looked after', { ...shaped({ tenant_id }), ...codeFrames(error) });
        }
      }
      await control.sweepExports();
      workers.wake();
    };
    const beat = repeat(maintenance, MAINTENANCE_MS, (error) => logger.warn('maintenance failed', codeFrames(error)));
    undo.push(() => beat.stop());
    inboxes?.start();
    undo.push(() => inboxes?.stop());
    const notices =
      folders && showNotices({ settings: config.inbox, folders, control, tenants: () => allTenants(control), logger });
    undo.push(() => notices?.stop());

    const door = await openFrontDoor({
      config,
      control,
      limiter: openLimits(config, clock),
      logger,
      flags: controlPaths(config.data_folder).suspended,
      meter: metrics.meter,
      data: dataPlaneHandler(tenantFetch, seam.privateKey),
      open: {
        metrics: async () => {
          // A registry in trouble shows itself in `/ready`; what is measured elsewhere is served all the same.
          await tenantGauges().catch((error: unknown) =>
            logger.warn('the states of tenants could not be measured', codeFrames(error)),
          );
          return metrics.text();
        },
        readiness: remembered(READINESS_MS, async () =>
          readiness(embedded, [
            clockHealth(clock.doubted()),
            workersHealth(workers.pids().length, config.workers.count),
            ...(folders ? [inboxHealth(folders.silent())] : []),
            ...(await embedding.health()),
          ]),
        ),
      },
    });
    undo.push(() => door.close());
    url = door.url;
    logger.info('listening', {
      port: door.port,
      duration_ms: Math.round(performance.now() - started),
      version: PIPELINE_VERSION,
      mode: config.mode,
    });
    return {
      says: `${door.says} (data in ${config.data_folder})`,
      stop: () => undo.run(),
    };
  });
}

/** The frozen depth of tenants that were suspended before this start (spec 3). */
export async function measureSuspended(
  { control }: Pick<Embedded, 'control'>,
  config: Config,
  parts: Parameters<typeof measureClosedQueues>[2],
): Promise<void> {
  for await (const { tenant_id } of allTenants(control, 'SUSPENDED')) {
    await measureClosedQueues(tenant_id, tenantPaths(config.data_folder, tenant_id).queue, parts);
  }
}

/** Sets the gauge of each tenant's state. */
export async function measureStates(
  { control }: Pick<Embedded, 'control'>,
  meter: ReturnType<typeof createMetrics>['meter'],
): Promise<void> {
  for await (const { tenant_id, state } of allTenants(control)) {
    meter.tenantState(tenant_id, state);
    if (state === 'DEPROVISIONED') meter.forgetTenant(tenant_id);
  }
}

/** Removes names that a process left which died before it could unlink them; what it wrote had none any more. */
export function clearTemporary(folder: string): void {
  try {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
  } catch {
    // Not there yet, or not writable: whoever needs it will say so.
  }
}

async function readiness({ control, planes }: Embedded, others: Dependency[]): Promise<Dependency[]> {
  const opened = await Promise.allSettled((await control.activeTenants()).map((tenantId) => planes.get(tenantId)));
  const closed = opened.filter(({ status }) => status === 'rejected').length;
  return [
    ...(await control.health()),
    ...others,
    {
      name: 'tenants',
      ok: closed === 0,
      message: closed === 0 ? `${opened.length} open` : `${closed} of ${opened.length} cannot be opened`,
    },
    ...(await storesHealth(planes.open())),
    ...(await toolsHealth(planes.parser, planes.scanner)),
  ];
}
