/** Writes every generated file, or with `--check` fails naming those that are out of date. One row a generator. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const GENERATORS = [
  'scripts/gen-sql.ts',
  'scripts/gen-openapi.ts',
  'scripts/gen-events.ts',
  'scripts/gen-compose.ts',
  'scripts/gen-alerts.ts',
  'scripts/gen-failures.ts',
  'scripts/gen-log-words.ts',
  'scripts/gen-policy-version.ts',
  'scripts/train-classifier.ts',
];

let failed = false;
for (const generator of GENERATORS) {
  if (!existsSync(resolve(root, generator))) throw new Error(`${generator} is gone`);
  const { status } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', generator, ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit' },
  );
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
