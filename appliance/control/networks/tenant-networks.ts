import { FrostbyteError } from '../../kernel/errors.ts';
import { tenantNames } from '../../kernel/names.ts';
import type { Engine, EngineNetwork } from '../engine/engine.ts';
import { type NetworkNumbers, networkNumbers } from './numbers.ts';
import { LAST, type Service, type TenantNetwork, type TenantNetworks } from './port.ts';

export interface TenantNetworksOptions {
  engine: Engine;
  /** First half of all addresses, such as `172.28`. */
  subnet: string;
  /** Folder of the numbers. */
  folder: string;
  /** Names of the containers that serve all tenants, by what they are; those that the bundle lacks are not named. */
  shared: Partial<Record<Service, string>>;
}

const LABEL = 'frostbyte.tenant';

/** Tenants' networks on a Docker Engine. One change of a network at a time. */
export function tenantNetworks({ engine, subnet, folder, shared }: TenantNetworksOptions): TenantNetworks {
  const numbers: NetworkNumbers = networkNumbers(folder);
  const named = (tenantId: string, number: number): TenantNetwork => ({
    number,
    name: `frostbyte_${tenantNames(tenantId).network}`,
    cidr: `${subnet}.${number}.0/24`,
    address: (service) => `${subnet}.${number}.${LAST[service]}`,
  });
  const of = async (tenantId: string): Promise<TenantNetwork> => {
    const number = await numbers.of(tenantId);
    if (number !== null) return named(tenantId, number);
    throw new FrostbyteError('STORE_UNAVAILABLE', 'The tenant has no network.');
  };

  /** Brings one network to what it should be. Answers what was done. */
  const settle = async (tenantId: string, network: TenantNetwork): Promise<string[]> => {
    const done: string[] = [];
    let found = await engine.network(network.name);
    if (found !== null && !isOurs(found, network)) {
      throw new FrostbyteError(
        'SERVICE_UNAVAILABLE',
        `The container engine has a network ${network.name} that is not ${network.cidr} and internal. Remove it.`,
      );
    }
    if (found === null) {
      const { name, cidr } = network;
      const gateway = network.address('host');
      await engine.createNetwork({
        name,
        subnet: cidr,
        gateway,
        labels: { 'frostbyte.plane': 'tenant', [LABEL]: tenantId },
      });
      found = await engine.network(name);
      done.push(`network ${name} made`);
    }
    for (const [service, container] of Object.entries(shared) as [Service, string][]) {
      const wanted = network.address(service);
      const at = found?.attached.get(container);
      if (at === wanted) continue;
      if (at !== undefined) await engine.disconnect(network.name, container);
      // Attached while it did not run, it is not listed: then it is taken off first, and that it was not is no error.
      else await engine.disconnect(network.name, container);
      await engine.connect(network.name, container, wanted);
      done.push(`${container} attached to ${network.name}`);
    }
    return done;
  };

  return {
    of,
    make: async (tenantId) => {
      await settle(tenantId, named(tenantId, await numbers.take(tenantId)));
    },
    check: async (tenantId) => {
      const network = await of(tenantId);
      const found = await engine.network(network.name);
      const missing = Object.entries(shared).filter(
        ([service, container]) => found?.attached.get(container) !== network.address(service as Service),
      );
      if (found !== null && isOurs(found, network) && missing.length === 0) return;
      throw new FrostbyteError('STORE_UNAVAILABLE', 'The network of the tenant is not whole.');
    },
    destroy: async (tenantId) => {
      const number = await numbers.of(tenantId);
      if (number === null) return;
      const { name } = named(tenantId, number);
      for (const container of (await engine.network(name))?.attached.keys() ?? []) {
        await engine.disconnect(name, container);
      }
      await engine.removeNetwork(name);
      await numbers.giveBack(tenantId);
    },
    isGone: async (tenantId) => (await numbers.of(tenantId)) === null,
    reconcile: async () => {
      const done: string[] = [];
      for (const [tenantId, number] of await numbers.all())
        done.push(...(await settle(tenantId, named(tenantId, number))));
      return done;
    },
  };
}

function isOurs({ internal, subnet }: EngineNetwork, { cidr }: TenantNetwork): boolean {
  return internal && subnet === cidr;
}
