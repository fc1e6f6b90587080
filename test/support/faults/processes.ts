import { readFileSync } from 'node:fs';

/** Process ids of the worker processes of a daemon, or of its data planes. */
export function workersOf(daemon: number): number[] {
  return descendantsOf(daemon).filter((pid) => /worker\.(?:ts|mjs)\0/.test(read(`/proc/${pid}/cmdline`)));
}

export interface RoleProcess {
  role: 'control' | 'gateway' | 'data-plane';
  pid: number;
  /** Of a data plane. */
  tenant?: string;
}

/** The roles that a launcher runs as processes, data planes included. */
export function rolesOf(launcher: number): RoleProcess[] {
  return descendantsOf(launcher).flatMap((pid): RoleProcess[] => {
    const words = read(`/proc/${pid}/cmdline`).split('\0');
    const at = words.findIndex((word) => /(?:^|\/)(?:role|data-plane)\.(?:ts|mjs)$/.test(word));
    if (at === -1) return [];
    const next = words[at + 1]!;
    if (/data-plane\.\w+$/.test(words[at]!)) return [{ role: 'data-plane', pid, tenant: next }];
    return [{ role: next as 'control' | 'gateway', pid }];
  });
}

/** SIGKILL, or another signal, to a process that may have ended by now. */
export function killIfThere(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
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
