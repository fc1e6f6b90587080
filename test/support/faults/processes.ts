import { readFileSync } from 'node:fs';

/** Process ids of the daemon's worker processes. */
export function workersOf(daemon: number): number[] {
  return childrenOf(daemon).filter((pid) => /worker\.(?:ts|mjs)\0/.test(read(`/proc/${pid}/cmdline`)));
}

/** All descendants of a process, children before their own. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** True while the process runs; one that ended and was not collected yet does not. */
export function isRunning(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && !/^\d+ \(.*\) Z/s.test(stat);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
