import { logPath, tenantPaths } from '../../kernel/names.ts';
import { openSqliteLog } from '../../stores/log/sqlite.ts';
import type { Backing, BackingParts } from './backing.ts';
import { embeddedResources } from './embedded-resources.ts';
import { embeddedStores } from './planes.ts';
import { measureClosedQueues } from './queue-lengths.ts';
import { othersDone } from './queue-rest.ts';

/** Tenants in folders and SQLite files below the data folder, their data planes in processes of their own. */
export async function embeddedBacking({ config, root, clock, logger, meter, planes }: BackingParts): Promise<Backing> {
  const dataFolder = config.data_folder;
  const resources = embeddedResources({
    dataFolder,
    clock,
    root,
    planes: {
      records: planes.records,
      async stop(tenantId, drainMs) {
        const { queue } = tenantPaths(dataFolder, tenantId);
        await planes.stop(tenantId, drainMs);
        await othersDone(queue, drainMs, clock);
        await measureClosedQueues(tenantId, queue, { clock, meter, logger });
      },
    },
  });
  return {
    resources,
    stores: async (tenantId) => embeddedStores(dataFolder, tenantId),
    settings: async () => config,
    openLog: async (logId) => openSqliteLog(logPath(dataFolder, logId), { tenant_id: logId, clock }),
    rooms: async () => null,
    limits: async () => null,
    look: async () => [],
    isAtWork: async () => true,
    weigh: async () => ({ given: 0, made: 0 }),
    endLongSessions: async () => undefined,
    health: async () => [],
    measureStopped: (tenantId) =>
      measureClosedQueues(tenantId, tenantPaths(dataFolder, tenantId).queue, { clock, meter, logger }),
    close: () => resources.close(),
  };
}
