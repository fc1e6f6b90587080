import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How long each thread of a container has run or waited to run, in milliseconds, by its id: what it asks of the processors,
 * also where there is no room for it. `pid` is the container's first process, as the host sees it. Empty where the kernel
 * does not say.
 */
export async function demandOf(pid: number): Promise<Map<string, number>> {
  const demands = new Map<string, number>();
  for (const process of await processesBeside(pid)) {
    const tasks = await readdir(`/proc/${process}/task`).catch(() => []);
    for (const task of tasks) {
      const text = await readFile(`/proc/${process}/task/${task}/schedstat`, 'latin1').catch(() => '');
      const [ran, waited] = text.split(' ').map(Number);
      if (ran !== undefined && waited !== undefined) demands.set(task, (ran + waited) / 1e6);
    }
  }
  return demands;
}

/** What was asked for between two looks, in milliseconds; of threads that began meanwhile all. */
export function demandBetween(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [task, demand] of now) sum += Math.max(0, demand - (before.get(task) ?? 0));
  return sum;
}

/** All processes of the control group that a process is in, by either form in which kernels show groups. */
export async function processesBeside(pid: number): Promise<string[]> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'latin1').catch(() => '');
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.+)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers !== '' && !controllers.split(',').includes('cpu')) continue;
    const found = await readFile(join('/sys/fs/cgroup', controllers, path, 'cgroup.procs'), 'latin1').catch(() => '');
    if (found !== '') return found.trim().split('\n');
  }
  return [];
}
