import type { Diagnosis, Finding } from '../observability/doctor/diagnose.ts';
import { GROUPS } from '../observability/doctor/failure.ts';
import { printable } from './output.ts';
import { painted, wrap } from './text.ts';

/** What a diagnosis says to people: what is wrong, why, and what to do, in eighty columns. */

const WORDS = Object.freeze({ trouble: 'WRONG', warning: 'note' });
const COLOURS = Object.freeze({ trouble: '1;31', warning: '33' });
const MOST_FOUND = 10;

/** The whole answer; `colour` for a terminal that shows it. */
export function doctorTable({ mode, version, looked_for, findings, blind, ok }: Diagnosis, colour: boolean): string {
  const what = version === null ? 'Frostbyte' : `Frostbyte ${version}`;
  const groups = GROUPS.flatMap((group) => {
    const rows = findings.filter((finding) => finding.group === group);
    return rows.length === 0 ? [] : ['', painted(group, '1', colour), ...rows.flatMap((row) => rowOf(row, colour))];
  });
  const unseen = blind.flatMap(({ what: thing, why }) =>
    wrap(printable(`could not look at ${thing}: ${why}`), '  ?     '),
  );
  const wrong = findings.filter(({ severity }) => severity === 'trouble').length;
  const verdict = ok
    ? findings.length === 0
      ? 'Nothing is wrong.'
      : 'Nothing is wrong; see what is noted.'
    : wrong === 0
      ? 'Nothing wrong was seen, but not everything could be looked at.'
      : `${wrong} of them ${wrong === 1 ? 'is' : 'are'} here. Mend the first one first: others may follow from it.`;
  return [
    `${what}, ${mode} mode: ${looked_for} known failures were looked for.`,
    ...groups,
    ...(unseen.length === 0 ? [] : ['', painted('Not seen', '1', colour), ...unseen]),
    '',
    verdict,
  ].join('\n');
}

function rowOf({ code, title, why, mend, severity, found }: Finding, colour: boolean): string[] {
  const word = painted(WORDS[severity].padEnd(5), COLOURS[severity], colour);
  const told = found.slice(0, MOST_FOUND);
  const more = found.length > told.length ? [`        and ${found.length - told.length} more`] : [];
  return [
    `  ${word} ${title} (${code})`,
    ...told.flatMap((each) => wrap(printable(each), '        • ', '          ')),
    ...more,
    ...wrap(why, '        '),
    ...wrap(mend, '        → ', '          '),
  ];
}
