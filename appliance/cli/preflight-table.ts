import { GROUPS } from '../bundle/preflight/check.ts';
import type { Judged, Report } from '../bundle/preflight/judge.ts';
import { printable } from './output.ts';

/** The report of a preflight for people: what there is, what to do about it, in eighty columns. */

const WIDTH = 80;
const TITLE = 25;
const FOUND = 34;
const WORDS = Object.freeze({ pass: 'pass', warn: 'warn', fail: 'FAIL', allowed: 'allow' });
/** Green, yellow, bold red, magenta. */
const COLOURS = Object.freeze({ pass: '32', warn: '33', fail: '1;31', allowed: '35' });

/** The whole table; `colour` for a terminal that shows it. */
export function preflightTable({ version, host, system, checks, counts, ok }: Report, colour: boolean): string {
  const heading = `Preflight of Frostbyte ${version} on ${host}${system === null ? '' : `, ${system}`}`;
  const groups = GROUPS.flatMap((group) => {
    const rows = checks.filter((check) => check.group === group);
    return rows.length === 0 ? [] : ['', bold(group, colour), ...rows.flatMap((row) => rowOf(row, colour))];
  });
  return [...wrap(printable(heading), '', ''), ...groups, '', ...summary(checks, counts, ok)].join('\n');
}

function rowOf({ result, title, found, mend, name, strict }: Judged, colour: boolean): string[] {
  const word = painted(WORDS[result].padEnd(5), COLOURS[result], colour);
  const [first, ...more] = wrap(printable(found), ' '.repeat(FOUND), ' '.repeat(FOUND));
  const line = `  ${word} ${title.padEnd(TITLE)} ${first!.trimStart()}`;
  if (mend === null) return [line, ...more];
  const way = result === 'fail' ? (strict ? ' (strict)' : ` (or --allow ${name})`) : '';
  return [line, ...more, ...wrap(`${printable(mend)}${way}`, '        → ', '          ')];
}

function summary(checks: readonly Judged[], counts: Report['counts'], ok: boolean): string[] {
  const parts = (['pass', 'warn', 'fail', 'allowed'] as const).flatMap((result) =>
    counts[result] === 0 ? [] : `${counts[result]} ${result}`,
  );
  const verdict = ok
    ? 'This host can take the release.'
    : 'This host cannot take the release yet. Nothing was changed; mend what failed, and run this again.';
  const allowable = checks.filter(({ result, strict }) => result === 'fail' && !strict).map(({ name }) => name);
  const way =
    allowable.length === 0
      ? []
      : wrap(
          `What is not strict can be allowed, and that is recorded: --allow ${allowable.join(',')} --reason TEXT`,
          '',
          '',
        );
  return [...wrap(`${checks.length} checks: ${parts.join(', ')}. ${verdict}`, '', ''), ...way];
}

/** Lines of at most eighty columns; a word that is longer stands alone. */
function wrap(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

const bold = (text: string, colour: boolean) => painted(text, '1', colour);
const painted = (text: string, code: string, colour: boolean) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
