/** Writes docs/failures.md from the catalogue of known failures, or with `--check` says that it is out of date. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { BUNDLE_EXIT } from '../appliance/bundle/exit-codes.ts';
import type { BundleCode } from '../appliance/kernel/errors.ts';
import { FAILURES } from '../appliance/observability/doctor/catalogue.ts';
import { GROUPS } from '../appliance/observability/doctor/failure.ts';
import { BUNDLE_REFUSALS } from './bundle-refusals.ts';

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
    '## Refusals of a package',
    '',
    'What `verify.sh` and `frostbyte bundle verify` end with, and the installer with them: one exit code for each, the same in all, with',
    'the file that it is about. Of several the one that says most counts; all are told. Each is provoked in both by a test',
    '(`test/unit/bundle/verify/`, `test/shipped/verify-sh.test.ts`).',
    '',
    '| exit code | refusal | what is wrong | what to do |',
    '| --- | --- | --- | --- |',
    ...Object.entries(BUNDLE_EXIT)
      .sort(([, a], [, b]) => a - b)
      .map(([code, exit]) => {
        const [what, mend] = BUNDLE_REFUSALS[code as BundleCode];
        return `| ${exit} | \`${code}\` | ${what} | ${mend} |`;
      }),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
