import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM_FOLDERS } from '../../bundle/preflight/host-port.ts';
import type { Config } from '../../config/schema.ts';
import { containerName, PLANE_LABEL, ROLE_LABEL, TENANT_LABEL } from '../../control/engine/labels.ts';
import { type EngineRequests, engineRequests } from '../../control/engine/requests.ts';
import { CORE_NETWORKS, type CoreNetwork, coreContainer, coreNetwork } from '../../control/stack/addresses.ts';
import { CORE_SERVICES, QDRANT_SERVICE } from '../../control/stack/core-services.ts';
import { imageReference } from '../../control/stack/images.ts';
import { tenantNames } from '../../kernel/names.ts';
import { printable } from '../../kernel/printable.ts';
import type { ObservedContainer, ObservedEngine } from '../../observability/doctor/observed.ts';
import { reasonOf, type Sight, within } from './sight.ts';

/** Of what a container’s own check said last, so much. */
const MOST_HEALTH = 200;
const ANSWER_MS = 5000;

interface Listed {
  Id: string;
  Names: string[];
  State: string;
  Labels: Record<string, string> | null;
}
interface Inspected {
  State: { ExitCode: number; OOMKilled: boolean; Health?: { Status: string; Log?: { Output: string }[] | null } };
  RestartCount: number;
}

/** What is looked at beside the settings. */
export interface WantedThere {
  /** Tenants that work. */
  active: readonly string[];
  /** By which images are named; null: nothing is installed here. */
  release: string | null;
}

/** The engine and our containers in it, by its socket alone. */
export async function lookAtEngine(
  config: Config,
  wanted: WantedThere,
  { see }: Sight,
): Promise<ObservedEngine | null> {
  if (config.mode !== 'stack') return null;
  const { engine: socket, compose } = config.stack;
  const { ask } = engineRequests(socket);
  const version = await within(ANSWER_MS, async () => (await ask('GET', '/version')) as { Version: string }).then(
    ({ Version }) => ({ version: Version, problem: null }),
    (error: unknown) => ({ version: null, problem: reasonOf(error) }),
  );
  const isThere =
    version.version !== null ||
    existsSync(socket) ||
    PROGRAM_FOLDERS.some((folder) => existsSync(join(folder, 'dockerd')));
  const nothing = { containers: [], wanted: [], missing_images: [], missing_networks: [] };
  const about = { is_there: isThere, compose_there: compose === null || existsSync(compose), ...version };
  if (version.version === null) return { ...about, ...nothing };
  const services = servicesOf(config);
  const found = await see('the containers', () => containersOf(ask), null, 20_000);
  return {
    ...about,
    containers: found ?? [],
    // Containers that could not be listed are not missing.
    wanted: found === null ? [] : wantedContainers(services, config, wanted.active),
    missing_images: await see('the images', () => missingImages(ask, services, wanted.release), []),
    missing_networks: await see('the networks', () => missingNetworks(ask, wanted.active), []),
  };
}

type Service = (typeof CORE_SERVICES)[number];

function servicesOf({ stack }: Config): readonly Service[] {
  return stack.vectors === 'qdrant' && stack.qdrant === null ? [...CORE_SERVICES, QDRANT_SERVICE] : CORE_SERVICES;
}

function wantedContainers(services: readonly Service[], config: Config, active: readonly string[]) {
  const roles =
    config.stack.planes === 'containers' ? (['redis', 'data-plane', 'parser'] as const) : (['redis'] as const);
  return [
    ...services.map(({ name }) => ({ name: coreContainer(name), service: name as string })),
    ...active.flatMap((id) => roles.map((role) => ({ name: containerName(id, role), service: role as string }))),
  ];
}

async function containersOf(ask: EngineRequests['ask']): Promise<ObservedContainer[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [PLANE_LABEL] }));
  const listed = (await ask('GET', `/containers/json?all=true&filters=${filters}`)) as Listed[];
  const found: ObservedContainer[] = [];
  for (const { Id, Names, State, Labels } of listed) {
    const inspected = (await ask('GET', `/containers/${Id}/json`, { fine: [404] })) as Inspected | null;
    if (inspected !== null)
      found.push(containerOf((Names[0] ?? '').replace(/^\//, ''), State, Labels ?? {}, inspected));
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function containerOf(
  name: string,
  state: string,
  labels: Record<string, string>,
  { State: { ExitCode, OOMKilled, Health }, RestartCount }: Inspected,
): ObservedContainer {
  const status = Health?.Status ?? null;
  const said = Health?.Log?.at(-1)?.Output.trim();
  return {
    name,
    service: labels[ROLE_LABEL] ?? labels['com.docker.compose.service'] ?? '',
    tenant: labels[TENANT_LABEL] ?? null,
    state,
    health: status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : null,
    health_log: said ? printable(said.split('\n').at(-1)!).slice(0, MOST_HEALTH) : null,
    exit_code: ExitCode,
    oom_killed: OOMKilled,
    restarts: RestartCount,
  };
}

async function missingImages(ask: EngineRequests['ask'], services: readonly Service[], release: string | null) {
  if (release === null) return [];
  const names = new Set([
    ...services.map(({ image }) => imageReference(image, release)),
    imageReference('appliance', release),
  ]);
  const listed = (await ask('GET', '/images/json')) as { RepoTags: string[] | null }[];
  const there = new Set(listed.flatMap(({ RepoTags }) => RepoTags ?? []));
  return [...names].filter((name) => !there.has(name)).sort();
}

async function missingNetworks(ask: EngineRequests['ask'], active: readonly string[]): Promise<string[]> {
  const core = (Object.keys(CORE_NETWORKS) as CoreNetwork[]).map(coreNetwork);
  const listed = (await ask('GET', '/networks')) as { Name: string }[];
  const there = new Set(listed.map(({ Name }) => Name));
  return [...core, ...active.map((id) => tenantNames(id).network)].filter((name) => !there.has(name));
}
