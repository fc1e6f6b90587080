import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Control, type ControlOptions, createControl } from '../../../appliance/control/create-control.ts';
import { systemClock } from '../../../appliance/kernel/clock.ts';
import { logPath } from '../../../appliance/kernel/names.ts';
import type { Logger } from '../../../appliance/kernel/telemetry.ts';
import { openSqliteLog } from '../../../appliance/stores/log/sqlite.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';
import { type Before, folderResources } from './folder-resources.ts';
import { type MemoryLog, memoryLog } from './memory-log.ts';

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

export interface ControlWorld {
  control: Control;
  clock: ManualClock;
  folder: string;
  logs: Map<string, MemoryLog>;
  /** Types of the events in a log, in order. */
  types(logId: string): string[];
  /** Another control on the same folder and logs, as a restart or a second process makes it. */
  again(changes?: Partial<ControlOptions>): Promise<Control>;
}

/** Isolation is checked where a test asks for it, however far it moves the clock. */
export const NEVER_HOURS = 1_000_000;

/** A folder with a control in it, taken down with the test. `before` sees each call of the tenants' resources. */
export async function controlWorld(
  t: TestContext,
  changes: Partial<ControlOptions> & { before?: Before } = {},
): Promise<ControlWorld> {
  const made: Control[] = [];
  // Before the folder goes, in which they may be at work.
  t.after(async () => {
    for (const control of made) await control.stop();
  });
  const folder = changes.dataFolder ?? (await temporaryFolder(t));
  const clock = manualClock();
  const logs = new Map<string, MemoryLog>();
  const { before, ...rest } = changes;
  const again = async (more: Partial<ControlOptions> = {}): Promise<Control> => {
    const control = await createControl({
      dataFolder: folder,
      clock,
      logger: silentLogger,
      resources: folderResources(folder, before),
      openLog: async (logId) => {
        const log = logs.get(logId) ?? memoryLog();
        logs.set(logId, log);
        return log;
      },
      baseUrl: () => 'http://127.0.0.1:8080',
      retryWaits: [0, 0],
      // Beats come from what the tests do, not from time.
      beatMs: 60_000,
      isolationHours: NEVER_HOURS,
      ...rest,
      ...more,
    });
    made.push(control);
    return control;
  };
  return {
    control: await again(),
    clock,
    folder,
    logs,
    types: (logId) => (logs.get(logId)?.entries ?? []).map(({ event }) => event.event_type),
    again,
  };
}

/** Logs as files below a data folder, for tests in which processes come and go. */
export function fileLogs(folder: string): ControlOptions['openLog'] {
  return async (logId) => openSqliteLog(logPath(folder, logId), { tenant_id: logId, clock: systemClock() });
}

/** A temporary folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-control-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const ACME = Object.freeze({
  tenant_name: 'Acme',
  contact_email: 'dana@acme.example',
  tier: 'standard',
} as const);

/** Makes a tenant and waits until its plan has ended. Control must have been started. */
export async function makeTenant(
  control: Control,
  request: Partial<Parameters<Control['createTenant']>[0]> = {},
): Promise<string> {
  const { tenant_id } = await control.createTenant({ ...ACME, ...request }, 'frode');
  await control.idle();
  return tenant_id;
}
