import { FrostbyteError } from '../../kernel/errors.ts';
import { tenantNames } from '../../kernel/names.ts';
import { Turns } from '../../kernel/turns.ts';
import type { EngineNetwork } from '../engine/answers.ts';
import type { Engine } from '../engine/engine.ts';
import { PLANE_LABEL, TENANT_LABEL, TENANT_PLANE, tenantLabels } from '../engine/labels.ts';
import { LAST, NETWORK, type NetworkPlan, networkPlan, type Service } from '../stack/addresses.ts';
import { type Attachments, attachments } from './attachments.ts';
import type { NetworkNumbers } from './numbers.ts';
import type { TenantNetwork, TenantNetworks } from './port.ts';

export interface TenantNetworksOptions {
  engine: Engine;
  /** First half of all addresses, such as `172.28`. */
  subnet: string;
  numbers: NetworkNumbers;
  /** Names of the containers that serve all tenants, by what they are; those that the bundle lacks are not named. */
  shared: Partial<Record<Service, string>>;
}

/** Tenants' networks on a Docker Engine. One change of a tenant's network at a time. */
export function tenantNetworks({ engine, subnet, numbers, shared }: TenantNetworksOptions): TenantNetworks {
  const turns = new Turns();
  const attached: Attachments = attachments(engine, shared);

  const planOf = ({ number }: TenantNetwork): NetworkPlan => networkPlan(subnet, number);
  const named = (tenantId: string, number: number): TenantNetwork => {
    const { cidr, address } = networkPlan(subnet, number);
    return {
      number,
      name: `frostbyte_${tenantNames(tenantId).network}`,
      cidr,
      address: (service) => address(LAST[service]),
    };
  };
  const of = async (tenantId: string): Promise<TenantNetwork> => {
    const number = numbers.of(tenantId);
    if (number !== null) return named(tenantId, number);
    throw new FrostbyteError('STORE_UNAVAILABLE', `The tenant ${tenantId} has no network.`);
  };
  const create = async (tenantId: string, network: TenantNetwork): Promise<void> => {
    const { cidr, gateway, bridge } = planOf(network);
    await engine.createNetwork({ name: network.name, subnet: cidr, gateway, bridge, labels: tenantLabels(tenantId) });
  };
  /** Empties it and removes it; whoever was in it is in no network of that name any more. */
  const remove = async (name: string): Promise<void> => {
    await attached.detachAll(name);
    await engine.removeNetwork(name);
  };

  /** Brings one network to what it should be. Answers what was done. */
  const settle = async (tenantId: string, network: TenantNetwork): Promise<string[]> => {
    const done: string[] = [];
    const { name } = network;
    let found = await engine.network(name);
    if (found !== null && !isAsWanted(found, planOf(network))) {
      if (found.labels[TENANT_LABEL] !== tenantId) throw foreign(network);
      await remove(name);
      found = null;
      done.push(`network ${name} was not as it must be, and is made anew`);
    }
    if (found === null) {
      await create(tenantId, network);
      done.push(`network ${name} made`);
    }
    return [...done, ...(await attached.settle(tenantId, network))];
  };

  /** A network of a tenant that the registry does not know: nobody's stores are in it, and it goes if nobody is. */
  const settleUnknown = async (name: string): Promise<string[]> => {
    const done = await attached.detachShared(name);
    const found = await engine.network(name);
    if (found === null || found.attached.size > 0) return done;
    await engine.removeNetwork(name);
    return [...done, `network ${name} of no known tenant removed`];
  };

  return {
    of,
    make: (tenantId) =>
      turns.take(tenantId, async () => void (await settle(tenantId, named(tenantId, numbers.take(tenantId))))),
    check: async (tenantId) => {
      const network = await of(tenantId);
      const found = await engine.network(network.name);
      if (found !== null && isAsWanted(found, planOf(network)) && (await attached.missing(network)).length === 0)
        return;
      throw new FrostbyteError('STORE_UNAVAILABLE', `The network of the tenant ${tenantId} is not whole.`);
    },
    destroy: (tenantId) =>
      turns.take(tenantId, async () => {
        const number = numbers.of(tenantId);
        if (number === null) return;
        await remove(named(tenantId, number).name);
        numbers.giveBack(tenantId);
      }),
    isGone: async (tenantId) => numbers.of(tenantId) === null,
    reconcile: async () => {
      const done: string[] = [];
      const errors: unknown[] = [];
      const each = async (tenantId: string, work: () => Promise<string[]>): Promise<void> => {
        try {
          done.push(...(await turns.take(tenantId, work)));
        } catch (error) {
          errors.push(error);
        }
      };
      const known = numbers.all();
      const names = new Set([...known].map(([tenantId, number]) => named(tenantId, number).name));
      for (const [tenantId] of known) {
        await each(tenantId, async () => {
          const number = numbers.of(tenantId);
          // It may be gone by its turn.
          return number === null ? [] : settle(tenantId, named(tenantId, number));
        });
      }
      for (const name of await engine.networks(`${PLANE_LABEL}=${TENANT_PLANE}`)) {
        const tenantId = (await engine.network(name))?.labels[TENANT_LABEL];
        if (names.has(name) || tenantId === undefined) continue;
        // One that is being made has its number by now.
        await each(tenantId, async () => (numbers.of(tenantId) === null ? settleUnknown(name) : []));
      }
      if (errors.length > 0) throw errors[0];
      return done;
    },
  };
}

function isAsWanted({ internal, subnet, bridge }: EngineNetwork, wanted: NetworkPlan): boolean {
  return internal === NETWORK.internal && subnet === wanted.cidr && bridge === wanted.bridge;
}

function foreign({ name, cidr }: TenantNetwork): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    `The container engine has a network ${name} that is not ours: it should be internal, ${cidr}. Remove it.`,
    { kind: 'never' },
  );
}
