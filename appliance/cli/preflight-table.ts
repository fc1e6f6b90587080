import { GROUPS } from '../bundle/preflight/check.ts';
import type { Judged, Report } from '../bundle/preflight/judge.ts';
import { checkTable, inNumbers } from './check-table.ts';
import { wrap } from './text.ts';

/** The report of a preflight for people; `colour` for a terminal that shows it. */
export function preflightTable({ version, host, system, checks, counts, ok }: Report, colour: boolean): string {
  const heading = `Preflight of Frostbyte ${version} on ${host}${system === null ? '' : `, ${system}`}`;
  const rows = checks.map((check) => ({ ...check, mend: mendOf(check) }));
  return [...checkTable(heading, GROUPS, rows, colour), '', ...summary(checks, counts, ok)].join('\n');
}

function mendOf({ result, mend, name, strict }: Judged): string | null {
  if (mend === null || result !== 'fail') return mend;
  return `${mend}${strict ? ' (strict)' : ` (or --allow ${name})`}`;
}

function summary(checks: readonly Judged[], counts: Report['counts'], ok: boolean): string[] {
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
  return [...wrap(`${checks.length} checks: ${inNumbers(counts)}. ${verdict}`, '', ''), ...way];
}
