import type { Intended } from '../../bundle/operation/dry-run.ts';
import { inWords } from '../operation-progress.ts';
import { table } from '../output.ts';

const WORDS = Object.freeze({ do: 'to be done', nothing: 'done already', unknown: 'to be seen' });

/** What an operation would do, for people (`--dry-run`). */
export function intendedTable(intended: readonly Intended[]): string {
  const seconds = intended.reduce((sum, { would, seconds: each }) => sum + (would === 'nothing' ? 0 : each), 0);
  return [
    table([
      ['', 'PHASE', 'NOW', ''],
      ...intended.map(({ title, would, reversible }, at) => [
        `${at + 1}`,
        title,
        WORDS[would],
        reversible ? '' : 'no way back behind it',
      ]),
    ]),
    '',
    `About ${inWords(seconds)}. Nothing was changed.`,
  ].join('\n');
}
