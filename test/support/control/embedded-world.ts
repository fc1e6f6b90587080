import { embeddedResources } from '../../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../../appliance/bin/wire/embedded-root-key.ts';
import type { TenantResource, TenantResources } from '../../../appliance/control/provisioning/port.ts';
import { systemClock } from '../../../appliance/kernel/clock.ts';
import type { Before } from './folder-resources.ts';

/** The embedded resources of a data folder, as the daemon makes them. */
export async function realResources(folder: string): Promise<TenantResources> {
  const clock = systemClock();
  return embeddedResources({ dataFolder: folder, clock, root: await embeddedRootKey(folder, clock) });
}

/** Resources whose makings and destructions are told to `before`, as `folderResources` does it. */
export function watched(resources: TenantResources, before: Before): TenantResources {
  const watch = <Resource extends TenantResource>(name: string, resource: Resource): Resource => ({
    ...resource,
    make: async (tenantId) => {
      before(`${name}.make`, tenantId);
      await resource.make(tenantId);
      before(`${name}.made`, tenantId);
    },
    destroy: async (tenantId) => {
      before(`${name}.destroy`, tenantId);
      await resource.destroy(tenantId);
      before(`${name}.destroyed`, tenantId);
    },
  });
  return {
    ...resources,
    keys: watch('keys', resources.keys),
    credentials: watch('credentials', resources.credentials),
    objects: watch('objects', resources.objects),
    records: watch('records', resources.records),
    vectors: watch('vectors', resources.vectors),
    queue: watch('queue', resources.queue),
  };
}
