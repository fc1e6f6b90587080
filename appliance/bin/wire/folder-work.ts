import type { Config } from '../../config/schema.ts';
import type { DataPlane } from '../../data/plane.ts';
import { type ErrorCode, isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import type { WorkSource } from '../work-source.ts';
import { openEmbedded } from './embedded.ts';

/** Work in flight has its drain, and this moment to give the job back. */
const GIVE_BACK_MS = 2000;

/** The work of all active tenants of a data folder. */
export async function folderWork(config: Config, logger: Logger, meter: Meter): Promise<WorkSource> {
  const embedded = await openEmbedded({ config, logger, meter, baseUrl: () => '' });
  const { control, planes } = embedded;
  const drainMs = config.drain_seconds * 1000;
  let active = new Set<string>();
  let broken = new Set<string>();
  return {
    hold: planes.hold,
    isSuspended: (tenantId) => !active.has(tenantId) || embedded.isSuspended(tenantId),
    told: () => undefined,
    async planes() {
      active = new Set(await control.activeTenants());
      for (const { tenant_id } of planes.open()) {
        // Other tenants do not wait for it.
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
    close: () => embedded.close(),
  };
}

function codeOf(error: unknown): ErrorCode {
  return isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
}
