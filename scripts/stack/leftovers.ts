/** Finds and ends what belongs to the stack, by what the kernel says of it: also after a run that was killed. */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { until } from '../../test/support/faults/until.ts';
import { PLACE } from './place.ts';

const CGROUPS = '/sys/fs/cgroup';
const ENGINE_PROGRAMS = /^(?:dockerd|containerd|containerd-shim.*|runc|docker-proxy)$/;

/**
 * Every process of the stack, by id: those in its namespace, in a container's control group, and the engine's own. Not
 * the one that asks, nor those that started it.
 */
export function processesOfStack(): number[] {
  const namespace = existsSync(PLACE.netnsFile) ? `net:[${statSync(PLACE.netnsFile).ino}]` : null;
  const mine = ancestors();
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && !mine.has(Number(entry)))
    .filter((pid) => {
      try {
        if (hasEnded(pid)) return false;
        return (
          (namespace !== null && readlinkSync(`/proc/${pid}/ns/net`) === namespace) ||
          readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`:/${PLACE.cgroup}/`) ||
          isEngine(pid)
        );
      } catch {
        return false; // It has ended meanwhile.
      }
    })
    .map(Number);
}

/** Ends the stack's processes, and removes its namespace, its control groups and its sockets. Nothing there: no matter. */
export async function removeStack(): Promise<void> {
  await until('the end of the processes of the stack', () => {
    const living = processesOfStack();
    for (const pid of living) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    return living.length === 0;
  });
  if (existsSync(PLACE.netnsFile)) execFileSync('ip', ['netns', 'delete', PLACE.netns]);
  for (const controller of ['', ...readdirSync(CGROUPS)]) {
    const folder = join(CGROUPS, controller, PLACE.cgroup);
    await until(`the end of ${folder}`, () => removeGroups(folder), { seconds: 10 });
  }
  rmSync(PLACE.run, { recursive: true, force: true });
}

/** Control groups go from the inside out, each only once the kernel has let its last process go. */
function removeGroups(folder: string): boolean {
  if (!existsSync(folder)) return true;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeGroups(join(folder, entry.name));
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (['EBUSY', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Dead already, and only waiting for its parent to take note: it has left its namespaces, but not its control groups. */
function hasEnded(pid: string): boolean {
  return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function isEngine(pid: string): boolean {
  const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return ENGINE_PROGRAMS.test(basename(program)) && args.some((arg) => arg.includes(`${PLACE.run}/`));
}

function ancestors(): Set<number> {
  const found = new Set<number>();
  for (let pid = process.pid; pid > 0 && !found.has(pid); ) {
    found.add(pid);
    pid = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  }
  return found;
}
