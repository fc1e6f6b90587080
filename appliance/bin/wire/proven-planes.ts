import type { Dependency } from '../../api/plane/tables.ts';
import type { KeptPlanes } from '../../control/planes/keep-planes.ts';
import type { TenantResource } from '../../control/provisioning/port.ts';
import type { ControlVerbs } from '../../control/verbs.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

/** The containers of a tenant, with its data plane running in them before the tenant is ACTIVE (spec 3, step 9). */
export interface ProvenPlanes {
  /** As `own`; `check` also wants the data plane to answer and to reach its stores. */
  containers: TenantResource;
  /** Tenants whose data plane should run: the ACTIVE ones, and those whose provisioning has come this far. */
  wanted(): Promise<string[]>;
}

export interface ProvenPlanesOptions {
  control(): Pick<ControlVerbs, 'activeTenants' | 'gate'>;
  planes(): Pick<KeptPlanes, 'address' | 'asking' | 'stop' | 'tell'>;
}

/**
 * Until a tenant is ACTIVE its data plane serves nobody: the gateway lets nobody in, and the plane takes nothing from the
 * inbox before it is told that the tenant is open.
 */
export function provenPlanes(own: TenantResource, { control, planes }: ProvenPlanesOptions): ProvenPlanes {
  const proving = new Set<string>();
  return {
    containers: {
      ...own,
      async make(tenantId) {
        await own.make(tenantId);
        proving.add(tenantId);
      },
      async check(tenantId) {
        await own.check(tenantId);
        // A plan that goes on after a restart of control comes here first.
        proving.add(tenantId);
        await planes().address(tenantId);
        const stores = (await planes().asking(tenantId)?.value('stores')) as Dependency[] | undefined;
        const ill = stores?.find(({ ok }) => !ok);
        if (stores !== undefined && ill === undefined) return;
        throw new FrostbyteError(
          'STORE_UNAVAILABLE',
          `The data plane of the tenant ${tenantId} ${ill === undefined ? 'does not answer' : `does not reach its stores: ${ill.name} ${ill.message}`}.`,
          { retryAfter: 1 },
        );
      },
      async destroy(tenantId) {
        proving.delete(tenantId);
        await planes().stop(tenantId, 0);
        await own.destroy(tenantId);
      },
    },
    async wanted() {
      const active = await control().activeTenants();
      for (const tenantId of proving) {
        const isOpen = active.includes(tenantId);
        if (!isOpen && (await control().gate(tenantId)).state === 'PROVISIONING') continue;
        proving.delete(tenantId);
        if (isOpen) void planes().tell(tenantId, (ask) => ask.value('open'));
      }
      return [...active, ...proving];
    },
  };
}
