import { join } from 'node:path';
import { containerName, tenantLabels } from '../engine/labels.ts';
import type { NewContainer } from '../engine/new-container.ts';
import type { TenantNetwork } from '../networks/port.ts';
import { type ContainerLimits, limited } from '../stack/confinement.ts';

export interface PlaneContainerOptions {
  image: string;
  /** The users that a plane and a parser run as; their groups have the same numbers. */
  planeUid: number;
  parserUid: number;
  limits: { plane: ContainerLimits; parser: ContainerLimits };
  /** Folders of the host that a tenant's plane may write to: its vectors and its temporary files, where they lie in files. */
  folders(tenantId: string): readonly { source: string; target: string }[];
  /** Whether tenants may be online here: their planes see a folder in which the way to the endpoint may be. */
  hasEndpoint: boolean;
}

export const HANDOVER_NAME = 'handover.json';
/** Where a plane finds its handover. */
export const HANDOVER_FILE = `/run/frostbyte/handover/${HANDOVER_NAME}`;
/** The folder in which the parser listens, at `parser.sock`, seen alike by both. */
export const PARSER_FOLDER = '/run/frostbyte/parser';
/** The folder of a plane in which it finds the way to the endpoint, for as long as its tenant is online. */
export const RELAY_FOLDER = '/run/frostbyte/embedder';
/** Where a plane listens in its network. */
export const PLANE_PORT = 7600;

/** What of the host's memory a tenant's two containers share or are handed, below the folder of all of them. */
export function planePlaces(
  folder: string,
  tenantId: string,
  { hasEndpoint }: Pick<PlaneContainerOptions, 'hasEndpoint'>,
) {
  const place = join(folder, containerName(tenantId, 'data-plane'));
  const [handed, parsing] = [join(place, 'handover'), join(place, 'parser')];
  return { place, handed, parsing, relay: hasEndpoint ? join(place, 'relay') : null };
}

/** A tenant's data plane: its network, its handover, its parser's socket, its way to the endpoint, and nothing else. */
export function planeContainer(
  { image, planeUid, limits, folders }: PlaneContainerOptions,
  tenantId: string,
  network: TenantNetwork,
  { handed, parsing, relay }: { handed: string; parsing: string; relay: string | null },
): NewContainer {
  return {
    name: containerName(tenantId, 'data-plane'),
    image,
    command: ['serve', '--role', 'data-plane', '--tenant', tenantId, '--handover', HANDOVER_FILE],
    user: `${planeUid}:${planeUid}`,
    labels: tenantLabels(tenantId, 'data-plane'),
    network: { name: network.name, address: network.address('plane') },
    ...limited(limits.plane, planeUid),
    mounts: [
      { source: handed, target: HANDOVER_FILE.replace(`/${HANDOVER_NAME}`, ''), writable: false },
      // Connecting to a socket asks for the socket's own permission, not for a folder that can be written to.
      { source: parsing, target: PARSER_FOLDER, writable: false },
      ...(relay === null ? [] : [{ source: relay, target: RELAY_FOLDER, writable: false }]),
      ...folders(tenantId).map((folder) => ({ ...folder, writable: true })),
    ],
  };
}

/** The parser beside it: no network, another user, no secret; documents come and go over one socket. */
export function parserContainer(
  { image, parserUid, limits }: PlaneContainerOptions,
  tenantId: string,
  parsing: string,
): NewContainer {
  return {
    name: containerName(tenantId, 'parser'),
    image,
    command: ['serve', '--role', 'parser'],
    user: `${parserUid}:${parserUid}`,
    labels: tenantLabels(tenantId, 'parser'),
    network: null,
    ...limited(limits.parser, parserUid),
    mounts: [{ source: parsing, target: PARSER_FOLDER, writable: true }],
  };
}
