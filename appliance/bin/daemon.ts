import { readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { InboxQuery } from '../api/schemas/inbox.ts';
import { generateSeamKeys } from '../api/seam.ts';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import type { Config } from '../config/schema.ts';
import type { ControlVerbs, Tenant } from '../control/verbs.ts';
import { createDataApp } from '../data/app.ts';
import { INBOX_PATIENCE } from '../data/inbox/patience.ts';
import { adminHandler } from '../gateway/admin.ts';
import { createGateway } from '../gateway/app.ts';
import { auditHandler } from '../gateway/audit.ts';
import { dataPlaneHandler } from '../gateway/data-plane.ts';
import { openRoutes } from '../gateway/open.ts';
import { refuseUnreadable, unreadableAnswer } from '../gateway/unreadable.ts';
import { codeFrames, isFrostbyteError } from '../kernel/errors.ts';
import { shaped } from '../kernel/log-fields.ts';
import { controlPaths, tenantPaths } from '../kernel/names.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { repeat } from './repeat.ts';
import { endSilence } from './silent-connections.ts';
import { type Embedded, openEmbedded } from './wire/embedded.ts';
import { watchInboxes } from './wire/inbox.ts';
import { openLimits } from './wire/limits.ts';
import { maintain, mourn } from './wire/maintenance.ts';
import { mendQueue } from './wire/mend-queue.ts';
import { measureClosedQueues, measureQueues } from './wire/queue-lengths.ts';
import { startWorkers } from './worker-pool.ts';

/** The role `daemon` in embedded mode: gateway, control and data planes in one process, its workers beside it. */

const MAINTENANCE_MS = 30_000;
const HEADERS_MS = 20_000;
const GIB = 1024 ** 3;
const READINESS_MS = 2000;
const GAUGES_MS = 1000;
const STORES = ['objects', 'records', 'vectors', 'queue'] as const;

type Dependency = { name: string; ok: boolean; message: string };

export interface Running {
  url: string;
  stop(): Promise<void>;
}

/** Starts, prints where it listens, and runs until SIGTERM or SIGINT. */
export async function serve(config: Config): Promise<void> {
  const running = await start(config);
  process.stdout.write(`frostbyte ${PIPELINE_VERSION} listens on ${running.url} (data in ${config.data_folder})\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await running.stop();
  // A call that hangs in a share holds its thread, and a process does not end before its threads.
  if (INBOX_PATIENCE.hanging > 0) process.kill(process.pid, 'SIGKILL');
}

/** Acquires in order, releases in reverse; resolves when requests are answered. */
export async function start(config: Config): Promise<Running> {
  const started = performance.now();
  const undo: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const logger = createLogger({ level: config.log_level }).child('gateway');
    const lock = lockDataFolder(controlPaths(config.data_folder).lock);
    undo.push(() => lock.release());
    clearTemporary(controlPaths(config.data_folder).temporary);

    const metrics = createMetrics({ version: PIPELINE_VERSION });
    let url = '';
    const embedded = await openEmbedded({ config, logger, meter: metrics.meter, baseUrl: () => url, alone: true });
    undo.push(() => embedded.close());
    const { control, planes, clock } = embedded;

    for (const tenantId of await control.activeTenants()) {
      await mendQueue(config.data_folder, tenantId, { clock, logger });
    }
    await measureSuspended(embedded, config, { clock, meter: metrics.meter, logger }).catch((error: unknown) =>
      logger.warn('queues of suspended tenants could not be measured', codeFrames(error)),
    );
    const workers = startWorkers({
      count: config.workers.count,
      config: JSON.stringify(config),
      logger,
      onMetrics: metrics.merge,
      onDeath: () => {
        clock.keep();
        void Promise.all(planes.open().map((plane) => mourn(plane, workers.isDead))).then(() => workers.wake());
      },
    });
    undo.push(() => workers.stop());

    const seam = generateSeamKeys();
    const inboxes = watchInboxes({
      settings: config.inbox,
      embedded,
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
      for await (const { tenant_id, state } of allTenants(control)) {
        metrics.meter.tenantState(tenant_id, state);
        if (state === 'DEPROVISIONED') metrics.meter.forgetTenant(tenant_id);
      }
      // A queue in trouble shows itself elsewhere, and is no reason to serve no metrics.
      await Promise.allSettled(
        planes.open().map(({ tenant_id, queue }) => measureQueues(tenant_id, queue, metrics.meter)),
      );
    });

    const gateway = createGateway({
      control,
      limiter: openLimits(config, clock),
      logger,
      meter: metrics.meter,
      handlers: {
        data: dataPlaneHandler(tenantFetch, seam.privateKey),
        control: adminHandler(control),
        audit: auditHandler(control),
        gateway: async () =>
          Response.json({
            success: true,
            data: { version: PIPELINE_VERSION, mode: config.mode, uptime_seconds: Math.round(process.uptime()) },
          }),
      },
      open: openRoutes({
        version: PIPELINE_VERSION,
        metrics: async () => {
          // A registry in trouble shows itself in `/ready`; what is measured elsewhere is served all the same.
          await tenantGauges().catch((error: unknown) =>
            logger.warn('the states of tenants could not be measured', codeFrames(error)),
          );
          return metrics.text();
        },
        readiness: remembered(READINESS_MS, () =>
          readiness(embedded, [
            workersAlive(workers.pids().length, config.workers.count),
            ...(inboxes ? [inboxesAnswer(inboxes.silent())] : []),
          ]),
        ),
      }),
    });

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

    const server = createServer(
      // Long uploads are ended by silence, not by the clock (spec 2). A request without a host is refused by us, not by
      // the server, which would say nothing.
      { requestTimeout: 0, headersTimeout: HEADERS_MS, keepAliveTimeout: 5000, requireHostHeader: false },
      getRequestListener(gateway.fetch, { errorHandler: unreadableAnswer }),
    );
    server.on('clientError', refuseUnreadable);
    endSilence(server, config.silence_seconds * 1000);
    await listen(server, config.listen);
    undo.push(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
          setTimeout(() => server.closeAllConnections(), config.drain_seconds * 1000).unref();
        }),
    );
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : config.listen.port;
    url = `http://${config.listen.host.includes(':') ? `[${config.listen.host}]` : config.listen.host}:${port}`;
    logger.info('listening', {
      port,
      duration_ms: Math.round(performance.now() - started),
      version: PIPELINE_VERSION,
      mode: config.mode,
    });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The frozen depth of tenants that were suspended before this start (spec 3). */
async function measureSuspended(
  { control }: Embedded,
  config: Config,
  parts: Parameters<typeof measureClosedQueues>[2],
): Promise<void> {
  for await (const { tenant_id } of allTenants(control, 'SUSPENDED')) {
    await measureClosedQueues(tenant_id, tenantPaths(config.data_folder, tenant_id).queue, parts);
  }
}

async function* allTenants(control: ControlVerbs, state?: Tenant['state']): AsyncGenerator<Tenant> {
  for (let page = 1; ; page++) {
    const { tenants } = await control.tenants({ page, limit: 100, ...(state === undefined ? {} : { state }) });
    yield* tenants;
    if (tenants.length < 100) return;
  }
}

/** Removes names that a process left which died before it could unlink them; what it wrote had none any more. */
function clearTemporary(folder: string): void {
  try {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
  } catch {
    // Not there yet, or not writable: whoever needs it will say so.
  }
}

function listen(server: ReturnType<typeof createServer>, { host, port }: Config['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function workersAlive(alive: number, wanted: number): Dependency {
  return { name: 'workers', ok: alive >= wanted, message: `${alive} of ${wanted} alive` };
}

function inboxesAnswer(silent: number): Dependency {
  return {
    name: 'inbox',
    ok: silent === 0,
    message: silent === 0 ? 'answers' : `the folders of ${silent} tenant(s) do not answer; everything else goes on`,
  };
}

/** Each dependency by name, without ids or secrets (spec 4). */
async function readiness({ control, planes }: Embedded, others: Dependency[]): Promise<Dependency[]> {
  const { layers } = await planes.parser.layers();
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
    ...(await Promise.all(
      STORES.map((store) =>
        probe(`tenants.${store}`, () => Promise.all(planes.open().map((plane) => plane[store].check()))),
      ),
    )),
    ...layers.map(({ name, state, required, message }) => ({
      name: `parser.${name}`,
      ok: state === 'active' || !required,
      message,
    })),
    ...(planes.scanner.configured ? [await probe('scanner', () => planes.scanner.check())] : []),
  ];
}

async function probe(name: string, check: () => Promise<unknown>): Promise<Dependency> {
  try {
    await check();
    return { name, ok: true, message: 'answers' };
  } catch (error) {
    return { name, ok: false, message: isFrostbyteError(error) ? error.message : 'does not answer' };
  }
}

/** The same answer for `ms`: whoever asks without a token cannot make the stores work for it. */
function remembered<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { answer: Promise<T>; until: number } | undefined;
  return () => {
    if (!known || performance.now() > known.until) known = { answer: ask(), until: performance.now() + ms };
    return known.answer;
  };
}
