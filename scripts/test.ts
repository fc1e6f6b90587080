/**
 * Runs the test layers one after another, fast ones first, and closes with a count a layer. A layer that cannot run here
 * says so and counts as left out; with `FROSTBYTE_TEST_REQUIRE` (names, comma-separated) a required one that did not run
 * is a failure.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

interface Layer {
  name: string;
  files: string;
  /** Test files at a time. */
  concurrency: number;
}

const LAYERS: readonly Layer[] = [
  { name: 'unit', files: 'test/unit/**/*.test.ts', concurrency: 2 },
  { name: 'contract', files: 'test/contract/**/*.test.ts', concurrency: 2 },
  { name: 'journey', files: 'test/journey/**/*.test.ts', concurrency: 1 },
  { name: 'shipped', files: 'test/shipped/**/*.test.ts', concurrency: 1 },
  { name: 'faults', files: 'test/faults/**/*.test.ts', concurrency: 1 },
];
/** What `embedded` means where a layer is required by that name: all that runs without Docker. */
const EMBEDDED = LAYERS.map(({ name }) => name);

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
}

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
    `${name.padEnd(10)} ${String(count.passed).padStart(5)} passed ${String(count.failed).padStart(4)} failed ${String(count.skipped).padStart(4)} skipped ${count.seconds.toFixed(0).padStart(5)} s`,
  );
  passed += count.passed;
  failed += count.failed;
  skipped += count.skipped;
}
for (const required of (process.env.FROSTBYTE_TEST_REQUIRE ?? '').split(',').filter(Boolean)) {
  for (const name of required === 'embedded' ? EMBEDDED : [required]) {
    const count = counts.get(name);
    if (count && count.passed > 0) continue;
    console.log(`the layer ${name} is required and did not run`);
    failed += 1;
  }
}
console.log(`total: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Runs one layer in a Node test runner of its own; its summary lines are the count. */
async function run(layer: Layer, files: string[]): Promise<Count> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import=./test/support/seed.ts',
      '--test',
      `--test-concurrency=${layer.concurrency}`,
      '--test-reporter=./scripts/test-reporter.mjs',
      '--test-reporter-destination=stdout',
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
    skipped: figure('skipped') + figure('todo'),
    seconds: (performance.now() - started) / 1000,
  };
}
