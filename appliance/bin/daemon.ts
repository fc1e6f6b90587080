import { createServer } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { generateSeamKeys } from '../api/seam.ts';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import { createAuditExports } from '../audit/export.ts';
import type { Config } from '../config/schema.ts';
import { createDataApp } from '../data/app.ts';
import { adminHandler } from '../gateway/admin.ts';
import { createGateway } from '../gateway/app.ts';
import { auditHandler } from '../gateway/audit.ts';
import { dataPlaneHandler } from '../gateway/data-plane.ts';
import { bucketLimiter, unlimited } from '../gateway/limits.ts';
import { openRoutes } from '../gateway/open.ts';
import { controlPaths, exportFolder } from '../kernel/names.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { openEmbedded } from './wire/embedded.ts';
import { maintain } from './wire/maintenance.ts';
import { startWorkers } from './worker-pool.ts';

/** The role `daemon` in embedded mode: gateway, control and data planes in one process, its workers beside it. */

const MAINTENANCE_MS = 30_000;
/** A connection on which nothing moves for this long is closed; a slow one that moves is not. */
const SILENT_SOCKET_MS = 120_000;
const HEADERS_MS = 20_000;
const GIB = 1024 ** 3;

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

    const metrics = createMetrics({ version: PIPELINE_VERSION });
    let url = '';
    const embedded = await openEmbedded({ config, logger, meter: metrics.meter, baseUrl: () => url });
    undo.push(() => embedded.close());
    const { control, planes, clock } = embedded;

    const workers = startWorkers({
      count: config.workers.count,
      config: JSON.stringify(config),
      logger,
      onMetrics: metrics.merge,
    });
    undo.push(() => workers.stop());

    const seam = generateSeamKeys();
    const apps = new Map<string, { plane: unknown; app: ReturnType<typeof createDataApp> }>();
    const tenantFetch = (tenantId: string, request: Request) =>
      planes.use(tenantId, async (plane) => {
        let entry = apps.get(tenantId);
        // A plane that was closed and opened again has an app of its own.
        if (entry?.plane !== plane) {
          entry = { plane, app: createDataApp({ plane, seamKey: seam.publicKey, wake: () => workers.wake() }) };
          apps.set(tenantId, entry);
        }
        return entry.app.fetch(request);
      });

    const exports = createAuditExports(exportFolder(config.data_folder), clock);
    const gateway = createGateway({
      control,
      limiter: config.rate_limits === 'on' ? bucketLimiter(clock) : unlimited,
      logger,
      meter: metrics.meter,
      handlers: {
        data: dataPlaneHandler(tenantFetch, seam.privateKey),
        control: adminHandler(control),
        audit: auditHandler(control, exports),
        gateway: async () =>
          Response.json({
            success: true,
            data: { version: PIPELINE_VERSION, mode: config.mode, uptime_seconds: Math.round(process.uptime()) },
          }),
      },
      open: openRoutes({
        version: PIPELINE_VERSION,
        metrics: () => metrics.text(),
        readiness: async () => [
          ...(await control.health()),
          ...(await planes.parser.layers()).layers.map(({ name, state, required, message }) => ({
            name: `parser.${name}`,
            ok: state === 'active' || !required,
            message,
          })),
          ...(planes.scanner.configured ? [await probe('scanner', () => planes.scanner.check())] : []),
        ],
      }),
    });

    await control.start();
    const maintenance = async () => {
      for (const tenantId of await control.activeTenants()) {
        const { config: tenantConfig } = await control.gate(tenantId);
        metrics.meter.tenantState(tenantId, 'ACTIVE');
        await maintain(await planes.get(tenantId), (tenantConfig?.storage_quota_gb ?? 0) * GIB);
      }
      await exports.sweep();
      workers.wake();
    };
    const beat = repeat(maintenance, MAINTENANCE_MS, () => logger.warn('maintenance failed'));
    undo.push(() => beat.stop());

    const server = createAdaptorServer({
      fetch: gateway.fetch,
      createServer,
      // Long uploads are ended by silence, not by the clock (spec 2).
      serverOptions: { requestTimeout: 0, headersTimeout: HEADERS_MS, keepAliveTimeout: 5000 },
    }) as ReturnType<typeof createServer>;
    server.setTimeout(SILENT_SOCKET_MS);
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

function listen(server: ReturnType<typeof createServer>, { host, port }: Config['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function probe(
  name: string,
  check: () => Promise<void>,
): Promise<{ name: string; ok: boolean; message: string }> {
  try {
    await check();
    return { name, ok: true, message: 'answers' };
  } catch {
    return { name, ok: false, message: 'does not answer' };
  }
}

/** Runs `task` now and again every `ms`, never twice at a time; `stop` waits for the one that runs. */
function repeat(task: () => Promise<void>, ms: number, failed: () => void): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const round = () => {
    running = task()
      .catch(failed)
      .then(() => {
        if (!stopped) timer = setTimeout(round, ms);
      });
  };
  round();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
