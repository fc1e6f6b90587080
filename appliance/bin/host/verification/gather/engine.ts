import { existsSync } from 'node:fs';
import type { Config } from '../../../../config/schema.ts';
import {
  nameOf,
  type ObservedContainer,
  type ObservedImage,
  type ObservedNetwork,
} from '../../../../control/drift/observed.ts';
import { PLANE_LABEL } from '../../../../control/engine/labels.ts';
import { type EngineRequests, engineRequests } from '../../../../control/engine/requests.ts';
import { networkNumbers } from '../../../../control/networks/numbers.ts';
import { openRegistry } from '../../../../control/registry/open.ts';
import { findTenant } from '../../../../control/registry/tenants.ts';
import { systemClock } from '../../../../kernel/clock.ts';
import { FrostbyteError } from '../../../../kernel/errors.ts';
import { controlPaths } from '../../../../kernel/names.ts';
import { presentModels } from '../../../wire/embedders.ts';
import { describedStack, type NetworkedTenant } from '../../../wire/stack/described.ts';
import type { EngineFacts } from '../facts.ts';

const OURS = /^frostbyte[-_]/;

interface Listed {
  Id: string;
  Names: string[];
  Labels: Record<string, string> | null;
  NetworkSettings: { Networks: Record<string, unknown> | null } | null;
}

/** What the engine has of ours and what of it was described. Throws `SERVICE_UNAVAILABLE`, and what the registry throws. */
export async function engineFacts(
  config: Config,
  release: string,
  tenants: readonly NetworkedTenant[] = networkedTenants(config),
): Promise<EngineFacts> {
  const { ask } = engineRequests(config.stack.engine);
  const networks = await allNetworks(ask);
  const ids = new Map<string, string>();
  const listed = (await ask('GET', '/containers/json?all=true')) as Listed[];
  for (const { Id, Names } of listed) ids.set((Names[0] ?? '').replace(/^\//, ''), Id);
  const described = describedStack({ config, release, models: await presentModels(config), tenants, ids });
  const ours = new Set(described.networks.map(({ name }) => name));
  const wanted = new Set(described.containers.map(({ name }) => name));
  const containers: ObservedContainer[] = [];
  for (const { Id, Names, Labels, NetworkSettings } of listed) {
    const name = (Names[0] ?? '').replace(/^\//, '');
    const sits = Object.keys(NetworkSettings?.Networks ?? {}).some((network) => ours.has(network));
    if (!(wanted.has(name) || OURS.test(name) || sits || Labels?.[PLANE_LABEL] !== undefined)) continue;
    const found = (await ask('GET', `/containers/${Id}/json`, { fine: [404] })) as ObservedContainer | null;
    // One that ended meanwhile is missing, where it is missed.
    if (found !== null) containers.push(found);
  }
  const images: Record<string, ObservedImage | null> = {};
  for (const { image } of described.containers)
    images[image] ??= (await ask('GET', `/images/${image}/json`, { fine: [404] })) as ObservedImage | null;
  return { described, subnet: config.stack.subnet, networks, containers, images };
}

/** Containers that run, by name, with the process of each. */
export async function runningPids(socket: string, names: readonly string[]): Promise<Map<string, number>> {
  const { ask } = engineRequests(socket);
  const pids = new Map<string, number>();
  for (const name of names) {
    const found = (await ask('GET', `/containers/${name}/json`, { fine: [404] })) as ObservedContainer | null;
    if (found?.State.Running) pids.set(nameOf(found), found.State.Pid);
  }
  return pids;
}

/** The tenants that have a network, by control's registry. Throws `STORE_UNAVAILABLE` where there is none. */
export function networkedTenants({ data_folder }: Pick<Config, 'data_folder'>): NetworkedTenant[] {
  const { registry: file } = controlPaths(data_folder);
  // It would be made.
  if (!existsSync(file)) throw new FrostbyteError('STORE_UNAVAILABLE', `There is no registry at ${file}.`);
  const registry = openRegistry(file, systemClock());
  try {
    return [...networkNumbers(() => registry).all()].map(([tenant_id, number]) => ({
      ...{ tenant_id, number },
      state: findTenant(registry, tenant_id)?.state ?? null,
    }));
  } finally {
    registry.raw.close();
  }
}

async function allNetworks(ask: EngineRequests['ask']): Promise<ObservedNetwork[]> {
  return (await ask('GET', '/networks')) as ObservedNetwork[];
}
