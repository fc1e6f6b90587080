import type { BoundaryStatement } from './statement.ts';

/** A part of the statement as people read it: on a terminal and on paper the same. */
export interface Section {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

const or = (value: string | number | null, other: string): string => (value === null ? other : String(value));
const yesNo = (value: boolean | null, yes: string, no: string): string =>
  value === null ? 'unknown' : value ? yes : no;

/** The statement in its parts. */
export function sectionsOf(statement: BoundaryStatement): Section[] {
  const { networks, openings, verified, stores, disks, keys, readers, isolation } = statement;
  return [
    { title: 'Ways in and out', columns: ['What', 'Where'], rows: openings.map(({ what, where }) => [what, where]) },
    {
      title: 'Networks of containers',
      columns: ['Network', 'Leads', 'Addresses', 'Who is in it'],
      rows: networks.map(({ name, internal, subnets, members }) => [
        ...[name, internal ? 'nowhere' : 'OUT', subnets.join(' ')],
        members.map(({ container, address }) => `${container} ${address}`.trim()).join(', ') || 'nobody',
      ]),
    },
    {
      title: 'Where data lie',
      columns: ['What', 'Where', 'Sealed'],
      rows: stores.map(({ what, where, sealed }) => [what, where, sealed]),
    },
    {
      title: 'Disks',
      columns: ['What lies there', 'Mounted at', 'Device', 'Encrypted'],
      rows: disks.map(({ path, mount, device, encrypted }) => [path, mount, device, yesNo(encrypted, 'yes', 'NO')]),
    },
    {
      title: 'Keys',
      columns: ['Whose', 'State', 'Version', 'Since'],
      rows: [
        ['root key', keys.root, '', ''],
        ['recovery recipient', or(keys.recovery_recipient, 'none is proven'), '', ''],
        ...keys.tenants.map((one) => [
          ...[one.tenant_id, one.state, or(one.key_version, 'none'), or(one.rotated_at, '')],
        ]),
      ],
    },
    {
      title: 'Who may read what',
      columns: ['Who', 'Reads', 'Tokens that live'],
      rows: readers.map(({ who, reads, tokens }) => [who, reads, or(tokens, '')]),
    },
    {
      title: 'Last isolation check of each tenant',
      columns: ['Tenant', 'When', 'Result'],
      rows: isolation.map(({ tenant_id, checked_at, passed }) => [
        ...[tenant_id, or(checked_at, 'never'), yesNo(passed, 'passed', 'FAILED')],
      ]),
    },
    {
      title: 'What was verified',
      columns: ['What', 'Result', 'Found'],
      rows: verified.map(({ title, result, found }) => [title, result === 'fail' ? 'FAIL' : result, found]),
    },
  ];
}

/** In one sentence. */
export function verdictOf({ closed, verified }: BoundaryStatement): string {
  if (closed) return 'This box is closed: everything that was verified passed.';
  const failed = verified.filter(({ result }) => result === 'fail').map(({ title }) => title);
  return `This box is NOT shown to be closed. Failed: ${failed.join('; ')}.`;
}
