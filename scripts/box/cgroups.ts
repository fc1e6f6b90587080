/**
 * The control groups of a box, one in every hierarchy. A box that shared its caller's would take that group for the root of
 * its own, and two of them would end each other's services.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';

/** Words before a program that is to run in these groups. */
export const inGroups = (groups: readonly string[]): string[] => ['sh', '-c', JOIN, 'sh', ...groups, '--'];
const JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"';

/** The groups of a box, whole. */
export const groupsOf = (name: string): string[] => hierarchies().map((hierarchy) => join(hierarchy, name));

/** Those that a box's init takes for the roots: it lives in them, or in a scope of its own below. */
export function rootsSeenBy(init: number): string[] {
  const lines = readFileSync(`/proc/${init}/cgroup`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [, controller, path] = /^\d+:([^:]*):(.*)$/.exec(line)!;
    const hierarchy = controller === '' ? 'unified' : controller!.replace('name=', '');
    return join(CGROUPS, hierarchy, path!.replace(/\/init\.scope$/, ''));
  });
}

/** Makes them. */
export function makeGroups(name: string): void {
  for (const group of groupsOf(name)) {
    mkdirSync(group, { recursive: true });
    // A new group may use no processor and no memory until it is told which.
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(group, file))) writeFileSync(join(group, file), readFileSync(join(dirname(group), file)));
  }
}

/** The ids of all processes of a box. */
export function processesOf(name: string): number[] {
  const found = groupsOf(name).flatMap(membersBelow);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Removes them; false while the kernel has not let the last process go. */
export function removeGroups(name: string): boolean {
  return groupsOf(name).every(removeGroup);
}

/** The names of groups of boxes that begin so, whoever made them. */
export function groupsNamed(prefix: string): string[] {
  const found = hierarchies().flatMap((hierarchy) => readdirSync(hierarchy).filter((name) => name.startsWith(prefix)));
  return [...new Set(found)];
}

function hierarchies(): string[] {
  return readdirSync(CGROUPS)
    .map((name) => join(CGROUPS, name))
    .filter((folder) => existsSync(join(folder, 'cgroup.procs')));
}

function membersBelow(group: string): number[] {
  try {
    const own = readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    return [...own, ...subgroups(group).flatMap(membersBelow)];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** From the inside out. */
function removeGroup(group: string): boolean {
  try {
    if (!subgroups(group).every(removeGroup)) return false;
    rmdirSync(group);
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    if (['EBUSY', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function subgroups(group: string): string[] {
  return readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(group, entry.name));
}

const isGone = (error: unknown) => ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
