import type { Facts } from './facts.ts';
import type { Needs } from './needs.ts';

/** One thing that a host is held to. */
export interface Check {
  /** As it is named with `--allow`; never given to something else. */
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  /** What could not work, or not safely, whatever the operator says: it cannot be allowed. */
  readonly strict: boolean;
  /** A pure function of what is known: no look at the host. */
  judge(facts: Facts, needs: Needs): Verdict;
}

export const GROUPS = ['Host', 'Resources', 'Disks', 'Protection', 'Containers', 'Network', 'Installation'] as const;
export type Group = (typeof GROUPS)[number];

export interface Verdict {
  result: 'pass' | 'warn' | 'fail';
  /** What there is. */
  found: string;
  /** What to do; null where nothing is to be done. */
  mend: string | null;
}

export const pass = (found: string): Verdict => ({ result: 'pass', found, mend: null });
export const warn = (found: string, mend: string): Verdict => ({ result: 'warn', found, mend });
export const fail = (found: string, mend: string): Verdict => ({ result: 'fail', found, mend });

const GIB = 2 ** 30;
/** Bytes as people read them. */
export function gibibytes(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}

/** A moment as people read it, in UTC. */
export const moment = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
