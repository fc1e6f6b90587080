import { fail, type Verdict } from '../../../bundle/preflight/check.ts';
import type { Facts, Known } from './facts.ts';

/** One thing that an installed box is held to. */
export interface Check {
  /** Never given to something else. */
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  /** A pure function of what was found out. */
  judge(facts: Facts): Verdict;
}

export const GROUPS = ['Networks', 'Ways out', 'Images', 'Containers', 'Files', 'Services', 'Use'] as const;
export type Group = (typeof GROUPS)[number];

/** Judges what is known. What could not be found out fails: nothing passes because nobody could look. */
export function of<T>(fact: Known<T>, judge: (value: T) => Verdict): Verdict {
  if ('is' in fact) return judge(fact.is);
  return fail(`could not be found out: ${fact.unknown}`, 'Mend what keeps it from being looked at, and verify again.');
}

const MOST_NAMED = 5;

/** Several in a line: the first few, and how many more. */
export function listed(all: readonly string[]): string {
  const more = all.length - MOST_NAMED;
  return `${all.slice(0, MOST_NAMED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
