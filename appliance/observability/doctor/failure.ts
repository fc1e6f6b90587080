import type { Observed } from './observed.ts';

/** A known failure: how it is recognised, why it happens, and how it is mended. */
export interface Failure {
  /** Never given to something else. */
  readonly code: string;
  readonly group: Group;
  readonly title: string;
  /** What comes of it, or came before it: for whoever reads it the first time. */
  readonly why: string;
  /** What to do, with the commands. */
  readonly mend: string;
  /** `trouble`: something does not work. `warning`: it will not work some day, or is not as it should be. */
  readonly severity: 'trouble' | 'warning';
  /** Each time that it is there, in a few words: a path, a name, a number. A pure function. */
  recognise(observed: Observed): readonly string[];
}

export const GROUPS = ['Host', 'Installation', 'Services', 'Engine', 'Keys', 'Data', 'Work'] as const;
export type Group = (typeof GROUPS)[number];

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes as people read them. */
export function readableBytes(bytes: number): string {
  const at = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * at);
  return `${value < 10 && at > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[at]}`;
}

/** A time that went by, as people read it. */
export function readableSpan(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
