/**
 * Prints the measures: `make bench`, or `make bench QUESTION=search`. One file a question; figures are ratios or counts
 * taken in one run, so that they mean something on a machine whose speed drifts. Ends with 1 where a bound is not met, which is
 * said once more at the end, or where a measure breaks off.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { engineAnswers, inNamespace } from '../scripts/stack/engine.ts';
import { stackMissing } from '../test/support/stack.ts';
import { missedBounds } from './bounds.ts';

const QUESTIONS: Readonly<Record<string, () => Promise<{ measure(): Promise<string[]> }>>> = {
  start: () => import('./start.ts'),
  upload: () => import('./upload.ts'),
  bundle: () => import('./bundle.ts'),
  images: () => import('./images.ts'),
  ingestion: () => import('./ingestion.ts'),
  search: () => import('./search.ts'),
  seam: () => import('./seam.ts'),
  erasure: () => import('./erasure.ts'),
  backup: () => import('./backup.ts'),
  evidence: () => import('./evidence.ts'),
  lists: () => import('./lists.ts'),
  metadata: () => import('./metadata.ts'),
  model: () => import('./model.ts'),
  reprocess: () => import('./reprocess.ts'),
  reindex: () => import('./reindex.ts'),
  quality: () => import('./quality.ts'),
  retrieval: () => import('./retrieval.ts'),
  adapters: () => import('./adapters.ts'),
  servers: () => import('./servers.ts'),
  tenants: () => import('./tenants.ts'),
  install: () => import('./install.ts'),
  upgrade: () => import('./upgrade.ts'),
  pages: () => import('./pages.ts'),
};
/** Those that ask the server stack, which is reached from its namespace alone. */
const ON_STACK = ['adapters', 'backup', 'servers', 'tenants'];

/** Those that have an engine of their own: names go by the environment, and are looked up once. */
const OWN_ENGINE = ['images'];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(QUESTIONS, name));
if (unknown.length > 0) {
  console.error(`unknown question ${unknown.join(', ')}; there are: ${Object.keys(QUESTIONS).join(', ')}`);
  process.exit(2);
}
if (!existsSync(resolve(import.meta.dirname, '../dist/frostbyte'))) {
  console.error('dist/frostbyte is missing: make build');
  process.exit(2);
}
let failed = false;
for (const name of asked.length > 0 ? asked : Object.keys(QUESTIONS)) {
  if (ON_STACK.includes(name) && stackMissing() !== null && engineAnswers()) {
    const [command, args] = inNamespace([process.execPath, ...process.execArgv, process.argv[1]!, name]);
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0) failed = true;
    continue;
  }
  if (OWN_ENGINE.includes(name) && process.env.FROSTBYTE_STACK === undefined) {
    const environment = { ...process.env, FROSTBYTE_STACK: 'bench' };
    const args = [...process.execArgv, process.argv[1]!, name];
    if (spawnSync(process.execPath, args, { stdio: 'inherit', env: environment }).status !== 0) failed = true;
    continue;
  }
  console.log(`\n── ${name}`);
  const { measure } = await QUESTIONS[name]!();
  for (const line of await measure()) console.log(line);
}
for (const missed of missedBounds()) console.error(`bound not met: ${missed}`);
process.exit(failed || missedBounds().length > 0 ? 1 : 0);
