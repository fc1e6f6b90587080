import { FrostbyteError } from '../../kernel/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { TENANT_LABEL } from '../engine/labels.ts';
import type { Service } from '../stack/addresses.ts';
import type { TenantNetwork } from './port.ts';

/** Who sits in a tenant's network: the tenant's own containers, the shared ones at their fixed addresses, nobody else. */
export interface Attachments {
  /** Takes strangers off and attaches what is missing. Answers what was done. Throws `SERVICE_UNAVAILABLE`. */
  settle(tenantId: string, network: TenantNetwork): Promise<string[]>;
  /** Names of shared containers that are not where they should be. */
  missing(network: TenantNetwork): Promise<string[]>;
  /** Takes the shared containers off a network. Answers what was done. */
  detachShared(name: string): Promise<string[]>;
  /** Takes everybody off. */
  detachAll(name: string): Promise<void>;
}

export function attachments(engine: Engine, shared: Partial<Record<Service, string>>): Attachments {
  const all = Object.entries(shared) as [Service, string][];

  /**
   * Whether a shared container is in the network at its address; one that does not run will be when it is started.
   * Null: there is no such container.
   */
  const place = async (network: TenantNetwork, service: Service, container: string): Promise<Place | null> => {
    const [found, there] = [await engine.container(container), await engine.network(network.name)];
    if (found === null) return null;
    const at = found.networks.get(network.name);
    if (at === undefined) return 'elsewhere';
    const isRight =
      at.id === there?.id &&
      at.address === network.address(service) &&
      (!found.running || there.attached.get(container) === at.address);
    return isRight ? 'right' : 'wrong';
  };

  const strangers = async (tenantId: string, { name }: TenantNetwork): Promise<string[]> => {
    const names = [...((await engine.network(name))?.attached.keys() ?? [])];
    const unknown = names.filter((container) => !all.some(([, known]) => known === container));
    if (unknown.length === 0) return [];
    const own = new Set((await engine.containers(`${TENANT_LABEL}=${tenantId}`)).map((one) => one.name));
    return unknown.filter((container) => !own.has(container));
  };

  return {
    async settle(tenantId, network) {
      const done: string[] = [];
      const { name } = network;
      // First, since one of them may have a store's address.
      for (const container of await strangers(tenantId, network)) {
        await engine.disconnect(name, container);
        done.push(`${container} taken off ${name}`);
      }
      for (const [service, container] of all) {
        const found = await place(network, service, container);
        if (found === 'right') continue;
        if (found === null) throw absent(container, name);
        if (found === 'wrong') await engine.disconnect(name, container);
        await engine.connect(name, container, network.address(service));
        done.push(`${container} attached to ${name}`);
      }
      return done;
    },
    async missing(network) {
      const missing: string[] = [];
      for (const [service, container] of all)
        if ((await place(network, service, container)) !== 'right') missing.push(container);
      return missing;
    },
    async detachShared(name) {
      const done: string[] = [];
      for (const [, container] of all) {
        if (!(await engine.container(container))?.networks.has(name)) continue;
        await engine.disconnect(name, container);
        done.push(`${container} taken off ${name}`);
      }
      return done;
    },
    async detachAll(name) {
      await this.detachShared(name);
      for (const container of (await engine.network(name))?.attached.keys() ?? [])
        await engine.disconnect(name, container);
    },
  };
}

type Place = 'right' | 'wrong' | 'elsewhere';

function absent(container: string, network: string): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    `The container ${container} is not there to be attached to ${network}. Start the core stack.`,
    { retryAfter: 5 },
  );
}
