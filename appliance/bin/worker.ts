import { constants, setPriority } from 'node:os';
import { pathToFileURL } from 'node:url';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import type { Config } from '../config/schema.ts';
import { parseStage } from '../data/2-parse/stage.ts';
import { policyStage } from '../data/3-policy/stage.ts';
import { embedStage } from '../data/4-embed/stage.ts';
import { indexStage } from '../data/5-index/stage.ts';
import type { DataPlane } from '../data/plane.ts';
import { createWorker } from '../data/worker.ts';
import { type ErrorCode, isFrostbyteError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { shaped } from '../kernel/log-fields.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { openEmbedded } from './wire/embedded.ts';
import type { FromWorker, ToWorker } from './worker-pool.ts';

/** The role `worker`: runs stages for all active tenants of a data folder until it is told to stop. */

const METRICS_MS = 2000;
const IDLE_MS = 500;
const GIVE_BACK_MS = 2000;

export const STAGES = Object.freeze({ parse: parseStage, policy: policyStage, embed: embedStage, index: indexStage });

/** Runs until SIGTERM, SIGINT, a `stop` of the daemon, or the daemon's death. `name` stands in the leases it takes. */
export async function work(config: Config, name = `extra-${newId()}`): Promise<void> {
  // People who search or submit come first: the daemon answers them while this work waits. Parser processes inherit it.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  let wake = () => {};
  const stopped = new Promise<void>((resolve) => {
    process.on('message', (message: ToWorker) => (message.type === 'wake' ? wake() : resolve()));
    // A daemon that was killed cannot say so: its end of the channel closes, maybe before this line.
    process.on('disconnect', resolve);
    if (process.send !== undefined && !process.connected) resolve();
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const logger = createLogger({ level: config.log_level }).child('worker', { pid: process.pid });
  const metrics = createMetrics({ version: PIPELINE_VERSION });
  const embedded = await openEmbedded({ config, logger, meter: metrics.meter, baseUrl: () => '' });
  const { control, planes } = embedded;
  let active = new Set<string>();
  let broken = new Set<string>();
  const drainMs = config.drain_seconds * 1000;

  const worker = createWorker({
    name,
    stages: STAGES,
    concurrency: config.workers.concurrency,
    leaseMs: config.workers.lease_seconds * 1000,
    drainMs,
    hold: planes.hold,
    idleMs: IDLE_MS,
    isSuspended: (tenantId) => !active.has(tenantId) || embedded.isSuspended(tenantId),
    async planes() {
      active = new Set(await control.activeTenants());
      for (const { tenant_id } of planes.open()) {
        // Work in flight has its drain, and a moment to give the job back; other tenants do not wait for it.
        if (!active.has(tenant_id)) void planes.close(tenant_id, drainMs + GIVE_BACK_MS);
      }
      const opened = await Promise.allSettled([...active].map((tenantId) => planes.get(tenantId)));
      const before = broken;
      broken = new Set([...active].filter((_, i) => opened[i]!.status === 'rejected'));
      [...active].forEach((tenant_id, i) => {
        const result = opened[i]!;
        // Said once, not on every look.
        if (result.status === 'rejected' && !before.has(tenant_id)) {
          logger.warn('a tenant could not be opened', { ...shaped({ tenant_id }), code: codeOf(result.reason) });
        }
      });
      return opened
        .filter((result): result is PromiseFulfilledResult<DataPlane> => result.status === 'fulfilled')
        .map(({ value }) => value);
    },
  });

  const tell = (message: FromWorker) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  const timer = setInterval(async () => tell({ type: 'metrics', snapshot: await metrics.snapshot() }), METRICS_MS);
  wake = worker.wake;
  const running = worker.run();
  tell({ type: 'ready' });
  await Promise.race([stopped, running]);
  clearInterval(timer);
  await worker.stop();
  await running;
  await embedded.close();
  if (process.connected) process.disconnect();
}

function codeOf(error: unknown): ErrorCode {
  return isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const config = process.env.FROSTBYTE_WORKER_CONFIG;
  if (config === undefined) {
    process.stderr.write('This program is started by the daemon. Use: frostbyte worker\n');
    process.exitCode = 2;
  } else {
    await work(JSON.parse(config) as Config, process.argv[2]);
  }
}
