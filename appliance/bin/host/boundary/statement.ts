import type { BundleIdentity } from '../../../bundle/evidence/record.ts';
import { nameOf, networksOf } from '../../../control/drift/observed.ts';
import { ROLE_RULES } from '../../../control/tokens/roles.ts';
import { ROLES, type Role } from '../../../kernel/identity.ts';
import type { EngineFacts, Facts } from '../verification/facts.ts';
import type { Verification } from '../verification/judge.ts';

/**
 * The boundary statement: the answer to “where does our data go?” (spec 7). All of it is as it was found at one moment; what
 * could not be found out stands there as unknown.
 */
export interface BoundaryStatement {
  format: 1;
  product: 'frostbyte';
  made_at: string;
  host: string;
  version: string;
  /** Null: the release is not believed. */
  bundle: BundleIdentity | null;
  /** Nothing that was verified failed. */
  closed: boolean;
  networks: { name: string; internal: boolean; subnets: string[]; members: { container: string; address: string }[] }[];
  openings: { what: string; where: string }[];
  /** What was tried, and what came of it. */
  verified: { name: string; title: string; result: string; found: string }[];
  stores: { what: string; where: string; sealed: string }[];
  disks: { path: string; mount: string; device: string; encrypted: boolean | null }[];
  keys: {
    root: 'sealed' | 'in a file of root’s' | 'unknown';
    recovery_recipient: string | null;
    tenants: { tenant_id: string; state: string; key_version: number | null; rotated_at: string | null }[];
  };
  readers: { who: string; reads: string; tokens: number | null }[];
  isolation: { tenant_id: string; checked_at: string | null; passed: boolean | null }[];
}

/** What the registry says, beside what was verified. */
export interface RegistryFacts {
  tenants: BoundaryStatement['keys']['tenants'];
  isolation: BoundaryStatement['isolation'];
  /** Tokens that live, by role. */
  tokens: Readonly<Partial<Record<Role, number>>>;
}

export interface BoundaryParts {
  now: Date;
  verification: Verification;
  facts: Facts;
  bundle: BundleIdentity | null;
  listens: string;
  disks: BoundaryStatement['disks'];
  root: BoundaryStatement['keys']['root'];
  recovery: string | null;
  registry: RegistryFacts | null;
}

/** Puts it together. Pure. */
export function boundaryStatement(parts: BoundaryParts): BoundaryStatement {
  const { now, verification, facts, bundle, disks, root, recovery, registry } = parts;
  const { version, host, ok, checks } = verification;
  return {
    ...{ format: 1, product: 'frostbyte', made_at: now.toISOString(), host, version, bundle, closed: ok },
    networks: 'is' in facts.engine ? networksIn(facts.engine.is) : [],
    openings: openingsOf(parts),
    verified: checks.map(({ name, title, result, found }) => ({ name, title, result, found })),
    stores: storesOf(facts),
    disks,
    keys: { root, recovery_recipient: recovery, tenants: registry?.tenants ?? [] },
    readers: readersOf(registry),
    isolation: registry?.isolation ?? [],
  };
}

function networksIn({ networks, containers, described }: EngineFacts): BoundaryStatement['networks'] {
  const ours = new Set(described.networks.map(({ name }) => name));
  return networks
    .map(({ Name, Internal, IPAM }) => ({
      name: Name,
      internal: Internal,
      subnets: (IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
      members: containers.flatMap((one) => {
        const address = networksOf(one).get(Name);
        return address === undefined ? [] : [{ container: nameOf(one), address }];
      }),
    }))
    .filter(({ name, members }) => ours.has(name) || members.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function openingsOf({ facts: { online }, listens }: BoundaryParts): BoundaryStatement['openings'] {
  const relay =
    'unknown' in online
      ? `unknown: ${online.unknown}`
      : online.is.endpoint === null
        ? 'none: no endpoint is configured'
        : online.is.tenants.length === 0
          ? `none now: nobody is online; it would lead to ${online.is.endpoint}`
          : `${online.is.endpoint}, for ${online.is.tenants.join(', ')} alone`;
  return [
    { what: 'People and programs come in by the gateway', where: listens },
    { what: 'The relay of online mode goes out to its endpoint', where: relay },
  ];
}

function storesOf({ vectors }: Facts): BoundaryStatement['stores'] {
  const mode = 'is' in vectors ? vectors.is.mode : null;
  return [
    { what: 'documents', where: 'MinIO: a bucket for each tenant', sealed: 'age, by the tenant’s own keys' },
    { what: 'rows and full text', where: 'PostgreSQL: a database for each tenant', sealed: 'by the disk alone' },
    {
      what: 'vectors',
      where:
        mode === null
          ? 'unknown'
          : mode === 'qdrant'
            ? 'Qdrant: a collection for each tenant'
            : 'sqlite-vec: a file for each tenant',
      sealed: 'by the disk alone',
    },
    { what: 'queues', where: 'Redis: a server for each tenant', sealed: 'in memory, on no disk' },
    { what: 'documents at work', where: 'memory of the tenant’s own containers', sealed: 'in memory, on no disk' },
    { what: 'keys and credentials', where: 'files of control on this host', sealed: 'age and SOPS, by the root key' },
  ];
}

const READS: Readonly<Record<Role, string>> = Object.freeze({
  tenant_user: 'what its own tenant holds',
  tenant_admin: 'what its own tenant holds, and that tenant’s audit log',
  admin:
    'states, usage and audit logs of all tenants; content by break-glass alone, with a reason that the tenant reads',
  auditor: 'audit logs of all tenants, which hold no content',
});

function readersOf(registry: RegistryFacts | null): BoundaryStatement['readers'] {
  return [
    ...ROLES.map((role) => ({
      who: `${role} (${ROLE_RULES[role].scopes.join(', ')})`,
      reads: READS[role],
      tokens: registry === null ? null : (registry.tokens[role] ?? 0),
    })),
    { who: 'root of this host', reads: 'everything that is unsealed', tokens: null },
    { who: 'holder of the recovery recipient’s private half', reads: 'escrowed keys and backups', tokens: null },
  ];
}
