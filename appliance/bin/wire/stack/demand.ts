import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How long a thread has run, and how long it has run or waited to run, in milliseconds. */
export interface Demand {
  got: number;
  asked: number;
}

/**
 * What each thread of a container has got and asked of the processors so far, by its id: also where there is no room for it. `pid` is the container's first process, as the host sees it. Empty where the kernel
 * does not say.
 */
export async function demandOf(pid: number): Promise<Map<string, Demand>> {
  const demands = new Map<string, Demand>();
  for (const process of await processesBeside(pid)) {
    const tasks = await readdir(`/proc/${process}/task`).catch(() => []);
    for (const task of tasks) {
      const text = await readFile(`/proc/${process}/task/${task}/schedstat`, 'latin1').catch(() => '');
      const [ran, waited] = text.split(' ').map(Number);
      if (ran !== undefined && waited !== undefined) demands.set(task, { got: ran / 1e6, asked: (ran + waited) / 1e6 });
    }
  }
  return demands;
}

/** What all threads got and asked for between two looks; of threads that began meanwhile all. */
export function demandBetween(before: ReadonlyMap<string, Demand>, now: ReadonlyMap<string, Demand>): Demand {
  const sum: Demand = { got: 0, asked: 0 };
  for (const [task, demand] of now) {
    const last = before.get(task);
    for (const which of ['got', 'asked'] as const) sum[which] += Math.max(0, demand[which] - (last?.[which] ?? 0));
  }
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
