import { constants, setPriority } from 'node:os';
import type { PlaneHandover } from '../api/plane/handover.ts';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import type { Config } from '../config/schema.ts';
import { parseStage } from '../data/2-parse/stage.ts';
import { policyStage } from '../data/3-policy/stage.ts';
import { embedStage } from '../data/4-embed/stage.ts';
import { indexStage } from '../data/5-index/stage.ts';
import { createWorker } from '../data/worker.ts';
import { newId } from '../kernel/ids.ts';
import type { Logger, Meter } from '../kernel/telemetry.ts';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { type Told, toldByParent } from './told.ts';
import { folderWork } from './wire/folder-work.ts';
import { tenantWork } from './wire/tenant-work.ts';
import type { WorkSource } from './work-source.ts';
import type { FromWorker, ToWorker } from './worker-pool.ts';

/**
 * The role `worker`: runs stages until it is told to stop, for all active tenants of a data folder, or for the one tenant
 * that it was handed over.
 */

const METRICS_MS = 2000;
const IDLE_MS = 500;

export const STAGES = Object.freeze({ parse: parseStage, policy: policyStage, embed: embedStage, index: indexStage });

/** Runs until SIGTERM, SIGINT, a `stop` of the daemon, or the daemon's death. `name` stands in the leases it takes. */
export async function work(config: Config, name = `extra-${newId()}`): Promise<void> {
  await runStages(config, name, (logger, meter) => folderWork(config, logger, meter));
}

/** The same for one tenant; `told` is who has a say, and with whose end this ends too. */
export async function workFor(
  handover: PlaneHandover,
  config: Config,
  name: string,
  told: Told = toldByParent(),
): Promise<void> {
  await runStages(config, name, (logger, meter) => tenantWork(handover, config, logger, meter), told);
}

async function runStages(
  config: Config,
  name: string,
  open: (logger: Logger, meter: Meter) => Promise<WorkSource>,
  told: Told = toldByParent(),
): Promise<void> {
  // People who search or submit come first: the daemon answers them while this work waits. Parser processes inherit it.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  let wake = () => {};
  let source: WorkSource | undefined;
  /** What was said before anybody could hear it. */
  const early: ToWorker[] = [];
  const stopped = new Promise<void>((resolve) => {
    told.listen((message) => {
      if (message.type === 'wake') wake();
      else if (message.type === 'stop') resolve();
      else if (source === undefined) early.push(message);
      else source.told(message);
    });
    void told.over.then(resolve);
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const logger = createLogger({ level: config.log_level }).child('worker', { pid: process.pid });
  const metrics = createMetrics({ version: PIPELINE_VERSION });
  const opened = await open(logger, metrics.meter);
  source = opened;
  for (const message of early) opened.told(message);
  const worker = createWorker({
    name,
    stages: STAGES,
    concurrency: config.workers.concurrency,
    leaseMs: config.workers.lease_seconds * 1000,
    drainMs: config.drain_seconds * 1000,
    hold: opened.hold,
    idleMs: IDLE_MS,
    isSuspended: opened.isSuspended,
    planes: opened.planes,
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
  await opened.close();
  if (process.connected) process.disconnect();
}
