/**
 * Runs the test layers one after another, fast ones first, and closes with a count a layer. A test that cannot run here
 * says so and counts as skipped; in a layer that `FROSTBYTE_TEST_REQUIRE` names (comma-separated) that is a failure, but
 * for what `allowed-skips.ts` lists.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { ALLOWED_SKIPS } from './allowed-skips.ts';
import { type Count, complaints, type Skip } from './test-verdict.ts';

const root = resolve(import.meta.dirname, '..');

interface Layer {
  name: string;
  files: string;
  /** Runners side by side, each with its share of the files. */
  runners: number;
  /**
   * `shared`: a runner loads all its files into one process, which spares each the start of a process and the loading
   * of the sources; for tests that leave the process as they found it. `own`: a process for each file.
   */
  processes: 'shared' | 'own';
}

const LAYERS: readonly Layer[] = [
  { name: 'unit', files: 'test/unit/**/*.test.ts', runners: 4, processes: 'shared' },
  { name: 'contract', files: 'test/contract/**/*.test.ts', runners: 4, processes: 'shared' },
  { name: 'journey', files: 'test/journey/**/*.test.ts', runners: 2, processes: 'own' },
  { name: 'shipped', files: 'test/shipped/**/*.test.ts', runners: 2, processes: 'own' },
  { name: 'faults', files: 'test/faults/**/*.test.ts', runners: 2, processes: 'own' },
];
/** What `embedded` means where a layer is required by that name: all that runs without Docker. */
const EMBEDDED = LAYERS.map(({ name }) => name);

const asked = process.argv.slice(2);
const counts = new Map<string, Count>();
for (const layer of LAYERS) {
  if (asked.length > 0 && !asked.includes(layer.name)) continue;
  const files = globSync(layer.files, { cwd: root }).sort();
  if (files.length === 0) continue;
  console.log(`\n── ${layer.name}: ${files.length} files`);
  counts.set(layer.name, await run(layer, files));
}

console.log('\n── tests per layer');
let [passed, failed, skipped] = [0, 0, 0];
for (const [name, count] of counts) {
  console.log(
    `${name.padEnd(10)} ${String(count.passed).padStart(5)} passed ${String(count.failed).padStart(4)} failed ${String(count.skips.length).padStart(4)} skipped ${count.seconds.toFixed(0).padStart(5)} s`,
  );
  passed += count.passed;
  failed += count.failed;
  skipped += count.skips.length;
}
const required = (process.env.FROSTBYTE_TEST_REQUIRE ?? '')
  .split(',')
  .filter(Boolean)
  .flatMap((name) => (name === 'embedded' ? EMBEDDED : [name]));
for (const complaint of complaints(required, counts, ALLOWED_SKIPS)) {
  console.log(complaint);
  failed += 1;
}
console.log(`total: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Runs one layer, its files dealt out to its runners in turn. */
async function run(layer: Layer, files: string[]): Promise<Count> {
  const started = performance.now();
  const counts = await Promise.all(
    Array.from({ length: layer.runners }, (_, runner) =>
      runSome(
        layer,
        files.filter((_file, at) => at % layer.runners === runner),
      ),
    ),
  );
  const sum = (figure: 'passed' | 'failed') => counts.reduce((total, count) => total + count[figure], 0);
  return {
    passed: sum('passed'),
    failed: sum('failed'),
    seconds: (performance.now() - started) / 1000,
    skips: counts.flatMap(({ skips }) => skips),
  };
}

/** Runs files in a Node test runner of its own; its summary lines are the count. */
async function runSome(layer: Layer, files: string[]): Promise<Omit<Count, 'seconds'>> {
  if (files.length === 0) return { passed: 0, failed: 0, skips: [] };
  const notes = mkdtempSync(join(tmpdir(), 'frostbyte-tests-'));
  const skipsFile = join(notes, 'skips.jsonl');
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import=./test/support/seed.ts',
      '--test',
      ...(layer.processes === 'shared' ? ['--test-isolation=none'] : ['--test-concurrency=1']),
      '--test-reporter=./scripts/test-reporter.mjs',
      '--test-reporter-destination=stdout',
      '--test-reporter=./scripts/skips-reporter.mjs',
      `--test-reporter-destination=${skipsFile}`,
      ...files,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let tail = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const text = chunk.toString();
    tail = (tail + text).slice(-4000);
    process.stdout.write(text);
  });
  const code = await new Promise<number>((done) => child.on('close', (status) => done(status ?? 1)));
  const figure = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tail)?.[1] ?? 0);
  const failed = figure('fail') + figure('cancelled');
  return {
    passed: figure('pass'),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skips: readSkips(skipsFile, notes),
  };
}

/** What the reporter noted, a suite that was left out as one. */
function readSkips(file: string, folder: string): Skip[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  rmSync(folder, { recursive: true });
  return lines.map((line) => {
    const skip = JSON.parse(line) as Skip;
    return { ...skip, file: relative(root, skip.file) };
  });
}
