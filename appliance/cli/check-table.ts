import { printable } from './output.ts';
import { painted, wrap } from './text.ts';

/** What was checked, for people: what there is, what to do about it, in eighty columns. */

const TITLE = 25;
const FOUND = 34;
const WORDS = Object.freeze({ pass: 'pass', warn: 'warn', fail: 'FAIL', allowed: 'allow' });
/** Green, yellow, bold red, magenta. */
const COLOURS = Object.freeze({ pass: '32', warn: '33', fail: '1;31', allowed: '35' });

export interface CheckRow {
  group: string;
  title: string;
  result: keyof typeof WORDS;
  found: string;
  /** Null where nothing is to be done. */
  mend: string | null;
}

/** All rows, group by group, under a heading; `colour` for a terminal that shows it. */
export function checkTable(
  heading: string,
  groups: readonly string[],
  rows: readonly CheckRow[],
  colour: boolean,
): string[] {
  const parts = groups.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    return own.length === 0 ? [] : ['', painted(group, '1', colour), ...own.flatMap((row) => linesOf(row, colour))];
  });
  return [...wrap(printable(heading), '', ''), ...parts];
}

/** How many there are of each result, in words. */
export function inNumbers(counts: Readonly<Partial<Record<CheckRow['result'], number>>>): string {
  const results = ['pass', 'warn', 'fail', 'allowed'] as const;
  return results.flatMap((result) => (counts[result] ? `${counts[result]} ${result}` : [])).join(', ');
}

function linesOf({ result, title, found, mend }: CheckRow, colour: boolean): string[] {
  const word = painted(WORDS[result].padEnd(5), COLOURS[result], colour);
  const [first, ...more] = wrap(printable(found), ' '.repeat(FOUND), ' '.repeat(FOUND));
  const line = `  ${word} ${title.padEnd(TITLE)} ${first!.trimStart()}`;
  if (mend === null) return [line, ...more];
  return [line, ...more, ...wrap(printable(mend), '        → ', '          ')];
}
