import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { type Control, createControl } from '../../control/create-control.ts';
import { isSuspended } from '../../control/tenants/suspension-flags.ts';
import type { Clock } from '../../kernel/clock.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import { controlPaths, logPath, tenantPaths } from '../../kernel/names.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import { silentLogger } from '../../observability/logger.ts';
import { createMetrics } from '../../observability/metrics.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { sweepBeside } from '../../secrets/secret-file.ts';
import { upgradeSecretsFolder } from '../../secrets/upgrade-folder.ts';
import { openSqliteLog } from '../../stores/log/sqlite.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';
import { embeddedResources } from './embedded-resources.ts';
import { embeddedRootKey } from './embedded-root-key.ts';
import { type HeldClock, heldClock } from './held-clock.ts';
import { embeddedPlanes, type Planes } from './planes.ts';
import { measureClosedQueues } from './queue-lengths.ts';
import { usageOf } from './usage.ts';

/** The whole appliance on one data folder: the one place that chooses the embedded adapters. */
export interface Embedded {
  control: Control;
  planes: Planes;
  clock: HeldClock;
  /** The synced flag of the kill-switch, read from the folder. */
  isSuspended(tenantId: string): boolean;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  config: Config;
  logger: Logger;
  meter: Meter;
  baseUrl(): string;
  /** This process holds the folder's lock and no other has opened it yet: what crashes left is put right. */
  alone?: boolean;
}

const GIB = 1024 ** 3;

/** Opens the folder, makes what is missing. Starts no background work: `control.start()` does. */
export async function openEmbedded({
  config,
  logger,
  meter,
  baseUrl,
  alone = false,
}: EmbeddedOptions): Promise<Embedded> {
  if (config.mode !== 'embedded')
    throw new FrostbyteError('CONFIG_INVALID', 'This build runs embedded mode: set mode: embedded.');
  const dataFolder = config.data_folder;
  makeDataFolder(dataFolder);
  const clock = heldClock(controlPaths(dataFolder).clock);
  const root = await embeddedRootKey(dataFolder, clock);
  if (alone) await upgradeSecrets(dataFolder, root, clock, logger);
  let control: Control | undefined;
  const planes = embeddedPlanes({
    config,
    clock,
    logger,
    meter,
    root: async () => root,
    gate: (tenantId) => control!.gate(tenantId),
    holdsOn: (tenantId, docId, batchIds) => control!.holdsOn(tenantId, docId, batchIds),
  });
  const resources = embeddedResources({
    dataFolder,
    clock,
    root,
    planes: {
      records: (tenantId) => planes.open().find((plane) => plane.tenant_id === tenantId)?.records ?? null,
      async stop(tenantId, drainMs) {
        await Promise.all([
          planes.close(tenantId, drainMs),
          othersDone(tenantPaths(dataFolder, tenantId).queue, drainMs, clock),
        ]);
        await measureClosedQueues(tenantId, tenantPaths(dataFolder, tenantId).queue, { clock, meter, logger });
      },
    },
  });
  control = await createControl({
    dataFolder,
    clock,
    logger,
    resources,
    openLog: async (logId) => openSqliteLog(logPath(dataFolder, logId), { tenant_id: logId, clock }),
    baseUrl,
    drainMs: config.drain_seconds * 1000,
    breakGlassMinutes: config.break_glass.max_minutes,
    usage: async (tenantId) => usage(planes, tenantId),
  });
  const opened = control;
  return {
    control: opened,
    planes,
    clock,
    isSuspended: (tenantId) => isSuspended(dataFolder, tenantId),
    async close() {
      await opened.stop();
      await planes.closeAll();
      await resources.close();
    },
  };
}

/**
 * Secrets folders that an earlier version wrote are brought to today's form before anything opens them. One that is damaged
 * keeps the others from nothing.
 */
async function upgradeSecrets(dataFolder: string, root: KeyPair, clock: Clock, logger: Logger): Promise<void> {
  const all = join(dataFolder, 'secrets', 'tenants');
  await sweepBeside(join(dataFolder, 'secrets', 'escrow'));
  for (const tenant_id of existsSync(all) ? readdirSync(all) : []) {
    await upgradeSecretsFolder(root, tenantPaths(dataFolder, tenant_id).secrets, clock).catch((error: unknown) =>
      logger.warn('the secrets of a tenant could not be looked after', {
        ...shaped({ tenant_id }),
        ...codeFrames(error),
      }),
    );
  }
}

/** How often the leases of other processes are looked at, and how long after its drain a worker may take to let go. */
const LEASES_MS = 50;
const LET_GO_MS = 3000;

/**
 * Waits until no worker of another process holds a job of the tenant any more, or their drain is over: what they commit
 * must be there before the relay looks, and nothing may be written behind a deletion.
 */
async function othersDone(queueFile: string, drainMs: number, clock: Clock): Promise<void> {
  if (!existsSync(queueFile)) return;
  const queue = openSqliteQueue(queueFile, { clock });
  try {
    const deadline = performance.now() + drainMs + LET_GO_MS;
    while ((await queue.holders()).length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LEASES_MS));
    }
  } finally {
    await queue.close();
  }
}

/** Control alone, for a command on the box; may run beside the daemon. */
export async function withControl<T>(config: Config, use: (control: Control) => Promise<T>): Promise<T> {
  const { meter } = createMetrics({ version: '' });
  const embedded = await openEmbedded({
    config,
    logger: silentLogger,
    meter,
    baseUrl: () => `http://${config.listen.host}:${config.listen.port}`,
  });
  try {
    return await use(embedded.control);
  } finally {
    await embedded.close();
  }
}

/** What a tenant holds; null while its stores are closed, because looking must not open them again. */
async function usage(planes: Planes, tenantId: string) {
  const plane = await planes.get(tenantId).catch(() => null);
  if (!plane) return null;
  const [counts, stored] = await Promise.all([plane.records.counts(), usageOf(plane)]);
  return {
    storage_used_gb: stored.object.bytes / GIB,
    documents_count: counts.documents,
    chunks_count: counts.chunks,
    batches_count: counts.batches,
  };
}

/** The data folder, readable by its owner alone. */
function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? '';
    const code =
      errno === 'ENOSPC'
        ? 'DISK_FULL'
        : errno === 'EROFS' || errno === 'EACCES'
          ? 'STORE_READ_ONLY'
          : 'STORE_UNAVAILABLE';
    throw new FrostbyteError(
      code,
      `The data folder ${folder} cannot be made (${errno}). Name another with --data or FROSTBYTE_DATA.`,
      { cause },
    );
  }
}
