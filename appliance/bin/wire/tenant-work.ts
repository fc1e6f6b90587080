import type { PlaneHandover } from '../../api/plane/handover.ts';
import type { Config } from '../../config/schema.ts';
import { controlLink } from '../../data/control-link.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import { Turns } from '../../kernel/turns.ts';
import type { WorkSource } from '../work-source.ts';
import { closeStores, openPlaneStores } from './plane-stores.ts';
import { planeServices, tenantPlane } from './tenant-plane.ts';

/** The work of one tenant, from what was handed over. A worker erases nothing, so it asks control nothing. */
export async function tenantWork(
  handover: PlaneHandover,
  config: Config,
  logger: Logger,
  meter: Meter,
): Promise<WorkSource> {
  const clock = systemClock(Date.now, { floor: handover.clock_floor });
  const services = planeServices(config, { clock, logger, meter });
  const link = controlLink(handover);
  let keys = handover.storage_keys;
  // A worker takes in nothing, so it asks for no room.
  const stores = await openPlaneStores(handover.tenant_id, handover.stores, {
    ...services,
    room: async () => Number.POSITIVE_INFINITY,
    opener: 'worker',
  });
  const plane = tenantPlane(
    handover.tenant_id,
    stores,
    handover.stores.temporary,
    { keys: async () => keys, turns: new Turns() },
    link,
    services,
  );
  const working = new Set<Promise<unknown>>();
  let isDraining = false;
  return {
    planes: async () => [plane],
    isSuspended: () => isDraining,
    hold(_tenantId, work) {
      working.add(work);
      const done = () => working.delete(work);
      work.then(done, done);
    },
    told(message) {
      if (message.type === 'configure') link.configure(message.config, message.version);
      if (message.type === 'rekey') keys = message.keys;
      if (message.type === 'drain') isDraining = true;
    },
    async close() {
      await Promise.allSettled(working);
      await services.searching.close(handover.tenant_id);
      await closeStores(plane);
      await services.close();
    },
  };
}
