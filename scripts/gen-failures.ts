/** Writes docs/failures.md from the catalogue of known failures, or with `--check` says that it is out of date. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FAILURES } from '../appliance/observability/doctor/catalogue.ts';
import { GROUPS } from '../appliance/observability/doctor/failure.ts';

const FILE = 'docs/failures.md';
const path = resolve(import.meta.dirname, '..', FILE);
const text = page();

if (process.argv.includes('--check')) {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${FILE} is out of date: run make gen`);
    process.exit(1);
  }
} else writeFileSync(path, text);

function page(): string {
  const groups = GROUPS.flatMap((group) => [
    `## ${group}`,
    '',
    ...FAILURES.filter((failure) => failure.group === group).flatMap(({ code, title, why, mend, severity }) => [
      `**${title}** (\`${code}\`${severity === 'warning' ? ', noted' : ''}). ${why}  `,
      `→ ${mend}`,
      '',
    ]),
  ]);
  return [
    '# Known failures',
    '',
    `What \`frostbyte doctor\` recognises: ${FAILURES.length} failures, each with why it happens and how it is mended. Made from the`,
    'catalogue in `appliance/observability/doctor/` by `make gen`. Each is provoked by a test',
    '(`test/unit/observability/doctor/`).',
    '',
    ...groups,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
