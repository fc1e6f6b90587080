import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { type Control, type ControlOptions, createControl } from '../../control/create-control.ts';
import { isSuspended } from '../../control/tenants/suspension-flags.ts';
import type { Clock } from '../../kernel/clock.ts';
import { refuseWhileClosed } from '../../kernel/closed-door.ts';
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
import { embeddedResources, reachableRecords } from './embedded-resources.ts';
import { embeddedRootKey } from './embedded-root-key.ts';
import { configuredEndpoint, pinnableModels } from './embedders.ts';
import { type HeldClock, heldClock } from './held-clock.ts';
import { embeddedPlanes, type Planes } from './planes.ts';
import { measureClosedQueues } from './queue-lengths.ts';
import { othersDone } from './queue-rest.ts';
import { refuseUnfinished } from './restore/restore-places.ts';
import { unsealByCredential, unsealedRoot } from './unseal.ts';
import { tenantUsage } from './usage.ts';

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
  /** What was measured over time, where this process keeps it. */
  measuring?: ControlOptions['measuring'];
  /** What looks at the host, where this process serves. */
  host?: ControlOptions['host'];
  /** This process holds the folder's lock and no other has opened it yet: what crashes left is put right. */
  alone?: boolean;
}

/** Opens the folder, makes what is missing. Starts no background work: `control.start()` does. */
export async function openEmbedded({
  config,
  logger,
  meter,
  baseUrl,
  measuring,
  host,
  alone = false,
}: EmbeddedOptions): Promise<Embedded> {
  if (config.mode !== 'embedded')
    throw new FrostbyteError('CONFIG_INVALID', 'This build runs embedded mode: set mode: embedded.');
  const dataFolder = config.data_folder;
  makeDataFolder(dataFolder);
  const clock = heldClock(controlPaths(dataFolder).clock);
  const wasUnsealed = alone && (await unsealByCredential(config, clock));
  const root = await embeddedRootKey(dataFolder, clock, unsealedRoot(config));
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
      records(tenantId) {
        const open = planes.open().find((plane) => plane.tenant_id === tenantId);
        return open === undefined ? null : reachableRecords(open.records);
      },
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
    isolationHours: config.isolation.every_hours,
    hasEndpoint: configuredEndpoint(config) !== null,
    models: () => pinnableModels(config),
    usage: async (tenantId) => usage(planes, tenantId),
    ...(measuring && { measuring }),
    ...(host && { host }),
  });
  const opened = control;
  if (wasUnsealed) await opened.noteUnsealed('credential', 'system');
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
export async function upgradeSecrets(dataFolder: string, root: KeyPair, clock: Clock, logger: Logger): Promise<void> {
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

/**
 * Control alone, for a command on the box; may run beside the daemon. In stack mode too: what such commands change is in the
 * registry and the key files, which are the same there. Throws `SERVICE_UNAVAILABLE` while the door is closed, but for what has to
 * be done then.
 */
export async function withControl<T>(
  config: Config,
  use: (control: Control) => Promise<T>,
  { whileClosed = false }: { whileClosed?: boolean } = {},
): Promise<T> {
  if (!whileClosed) refuseWhileClosed(config.processes.flags_folder ?? controlPaths(config.data_folder).suspended);
  const { meter } = createMetrics({ version: '' });
  const embedded = await openEmbedded({
    config: { ...config, mode: 'embedded' },
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
  return plane && tenantUsage(plane);
}

/** The data folder, readable by its owner alone. Throws, too, while a restore into it is not finished. */
export function makeDataFolder(folder: string): void {
  refuseUnfinished(folder);
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
