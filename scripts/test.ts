/**
 * Runs the test layers one after another, fast ones first, and closes with a count a layer. A test that cannot run here
 * says so and counts as skipped; in a layer that `FROSTBYTE_TEST_REQUIRE` names (comma-separated) that is a failure, but
 * for what `allowed-skips.ts` lists. A layer that a machine cannot run at all is left out, and the count says why.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { browserMissing } from '../test/support/browser/chromium.ts';
import { modelMissing } from '../test/support/models/fetched.ts';
import { ALLOWED_SKIPS } from './allowed-skips.ts';
import { boxCannotRun } from './box/requirements.ts';
import { SERVER_ADAPTERS } from './server-adapters.ts';
import { inNamespace } from './stack/engine.ts';
import { stackCannotRun } from './stack/requirements.ts';
import { type Count, complaints, type Note, type Timed } from './test-verdict.ts';

const root = resolve(import.meta.dirname, '..');
/** What Node made of the sources is kept: most tests are processes of their own, and half of a start is this. */
const COMPILED = join(root, '.cache/compiled');

interface Layer {
  name: string;
  files: readonly string[];
  /** Of these, the files that another layer runs with more that is real; where it can run here, they are left to it. */
  leaves?: { to: string; files: readonly string[] };
  /** Runners side by side, each with its share of the files. */
  runners: number;
  /**
   * `shared`: a runner loads all its files into one process, which spares each the start of a process and the loading
   * of the sources; for tests that leave the process as they found it. `own`: a process for each file.
   */
  processes: 'shared' | 'own';
  /** Added to the environment of its tests. */
  environment?: Record<string, string>;
  /** Runs at the same time as the layer before it: both wait more than they work. */
  beside?: true;
  /** Runs against the server stack, inside its network namespace; the stack is brought up where it is down. */
  stack?: true;
  /** Needs the weights that `make models` fetches. */
  model?: true;
  /** Boots sealed boxes. */
  box?: true;
  /** Needs the distribution's Chromium. */
  browser?: true;
}

/** Stories that go differently where processes and stores do. What works on an appliance's files says so by its name. */
const ARRANGED = ['test/journey/!(*-on-files).test.ts'];
/** Those of them that bring no double along which no container reaches. */
const CONTAINED = ['test/journey/@(40-ingest|46-inbox-report|50-search-proof|60-audit|70-keys).test.ts'];

const LAYERS: readonly Layer[] = [
  { name: 'unit', files: ['test/unit/**/*.test.ts'], runners: 4, processes: 'shared' },
  { name: 'contract', files: ['test/contract/**/*.test.ts'], runners: 4, processes: 'shared' },
  { name: 'journey', files: ['test/journey/**/*.test.ts'], runners: 2, processes: 'own' },
  // The same stories with gateway, control and data planes as processes of their own.
  {
    name: 'split',
    files: ARRANGED,
    // On the servers they go over the same seam.
    leaves: {
      to: 'servers',
      files: ['test/journey/!(10-start|40-ingest|50-search-proof|70-keys).test.ts'],
    },
    runners: 2,
    processes: 'own',
    environment: { FROSTBYTE_TEST_ARRANGEMENT: 'split' },
    beside: true,
  },
  { name: 'shipped', files: ['test/shipped/**/*.test.ts'], runners: 2, processes: 'own' },
  // One appliance and one browser serve all of it.
  { name: 'browser', files: ['test/browser/**/*.test.ts'], runners: 1, processes: 'shared', browser: true },
  { name: 'faults', files: ['test/faults/**/*.test.ts'], runners: 2, processes: 'own' },
  // Its session takes all cores.
  { name: 'model', files: ['test/model/**/*.test.ts'], runners: 1, processes: 'own', model: true },
  { name: 'stack', files: ['test/stack/**/*.test.ts', SERVER_ADAPTERS], runners: 2, processes: 'own', stack: true },
  // The bundle of this commit, built from checkouts, with the images that the stack runs.
  { name: 'bundle', files: ['test/bundle/**/*.test.ts'], runners: 1, processes: 'own', stack: true },
  // One test at a time: an appliance has the servers to itself.
  { name: 'tenants', files: ['test/tenants/**/*.test.ts'], runners: 1, processes: 'own', stack: true },
  {
    name: 'servers',
    files: ARRANGED,
    leaves: { to: 'contained', files: CONTAINED },
    runners: 1,
    processes: 'own',
    environment: { FROSTBYTE_TEST_ARRANGEMENT: 'stack' },
    stack: true,
  },
  // Servers go away in the middle of an ingestion.
  { name: 'outages', files: ['test/outages/**/*.test.ts'], runners: 1, processes: 'own', stack: true },
  // With data planes and parsers in containers, as an installed appliance has them.
  {
    name: 'contained',
    files: CONTAINED,
    runners: 1,
    processes: 'own',
    environment: { FROSTBYTE_TEST_ARRANGEMENT: 'stack', FROSTBYTE_TEST_PLANES: 'containers' },
    stack: true,
  },
  // Whole hosts, sealed, in which what ships is installed. They share one package, and each takes the machine.
  { name: 'box', files: ['test/box/**/*.test.ts'], runners: 1, processes: 'own', box: true },
];
/** What `embedded` means where a layer is required by that name: all that runs without Docker, weights and a browser. */
const EMBEDDED = LAYERS.filter(({ stack, model, box, browser }) => !stack && !model && !box && !browser).map(
  ({ name }) => name,
);
/** What `stack` means there: all that runs against the servers. */
const ON_STACK = LAYERS.filter(({ stack }) => stack).map(({ name }) => name);

const asked = process.argv.slice(2);
const counts = new Map<string, Count>();
/** Layers that this machine cannot run, with the reason. */
const leftOut = new Map<string, string>();
/** The stack was brought up for these tests, and goes down behind them. */
let broughtUp = false;
try {
  const all = groups();
  for (const [at, group] of all.entries()) {
    await Promise.all(group.map(runLayer));
    await takeDown(all.slice(at + 1).flat());
  }
} finally {
  await takeDown([]);
}

/** Takes the stack down where no layer to come needs it: an idle one takes memory and time too. */
async function takeDown(toCome: readonly Layer[]): Promise<void> {
  if (!broughtUp || toCome.some((layer) => layer.stack && isAsked(layer))) return;
  broughtUp = false;
  await stackIs('down', 'inherit');
}

function isAsked({ name }: Layer): boolean {
  return asked.length === 0 || asked.includes(name);
}

/** Layers one after another, those that run at the same time together. */
function groups(): Layer[][] {
  const made: Layer[][] = [];
  for (const layer of LAYERS) {
    if (layer.beside) made.at(-1)!.push(layer);
    else made.push([layer]);
  }
  return made;
}

async function runLayer(layer: Layer): Promise<void> {
  if (!isAsked(layer)) return;
  const files = await filesOf(layer);
  if (files.length === 0) return;
  const reason = await cannotRun(layer);
  if (reason) {
    leftOut.set(layer.name, reason);
    return;
  }
  console.log(`\n── ${layer.name}: ${files.length} files`);
  counts.set(layer.name, layer.stack ? await runWithStack(layer, files) : await run(layer, files));
}

async function cannotRun({ stack, model, box, browser }: Layer): Promise<string | null> {
  if (stack) return stackCannotRun();
  if (browser) return browserMissing();
  if (box) return boxCannotRun();
  return model ? modelMissing() : null;
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
for (const [name, { files }] of counts) console.log(slowest(name, files));
for (const [name, reason] of leftOut) console.log(`${name.padEnd(10)} left out: ${reason}`);
const required = (process.env.FROSTBYTE_TEST_REQUIRE ?? '')
  .split(',')
  .filter(Boolean)
  .flatMap((name) => (name === 'embedded' ? EMBEDDED : name === 'stack' ? ON_STACK : [name]));
for (const complaint of complaints(required, counts, ALLOWED_SKIPS)) {
  console.log(complaint);
  failed += 1;
}
console.log(`total: ${passed} passed, ${failed} failed, ${skipped} skipped`);
// Said again at the very end: what ran before is long, and often only the end of it is kept.
for (const [name, { failures }] of counts) {
  for (const { file, name: test, reason } of failures) console.log(`✖ ${name}: ${file}: ${test}\n  ${reason}`);
}
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Where a layer's time goes. */
function slowest(name: string, files: readonly Timed[]): string {
  const first = [...files].sort((a, b) => b.seconds - a.seconds).slice(0, 4);
  const told = first.map(({ file, seconds }) => `${file.replace(/^test\/|\.test\.ts$/g, '')} ${seconds.toFixed(0)} s`);
  return `slowest in ${name}: ${told.join(', ')}`;
}

/** A layer's files; what needs a server is in no other layer. */
async function filesOf({ files, stack, leaves }: Layer): Promise<string[]> {
  const others = stack ? [] : globSync(SERVER_ADAPTERS, { cwd: root });
  const other = leaves && LAYERS.find(({ name }) => name === leaves.to)!;
  if (other && isAsked(other) && !(await cannotRun(other))) others.push(...globSync([...leaves.files], { cwd: root }));
  return globSync([...files], { cwd: root })
    .filter((file) => !others.includes(file))
    .sort();
}

/** Brings the stack up for a layer, where it is not. */
async function runWithStack(layer: Layer, files: string[]): Promise<Count> {
  const started = performance.now();
  if (!(await stackIs('status', 'ignore'))) broughtUp = true;
  const isUp = await stackIs('up', 'inherit');
  if (!isUp) return { passed: 0, failed: 1, seconds: elapsed(started), skips: [], failures: [], files: [] };
  return { ...(await run(layer, files)), seconds: elapsed(started) };
}

async function stackIs(action: string, stdio: 'ignore' | 'inherit'): Promise<boolean> {
  const words = [...process.execArgv, join(root, 'scripts/stack.ts'), action];
  return (await ended(spawn(process.execPath, words, { stdio }))) === 0;
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((done) => child.on('close', (status) => done(status ?? 1)));
}

function elapsed(since: number): number {
  return (performance.now() - since) / 1000;
}

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
    seconds: elapsed(started),
    skips: counts.flatMap(({ skips }) => skips),
    failures: counts.flatMap(({ failures }) => failures),
    files: counts.flatMap((count) => count.files),
  };
}

/** Runs files in a Node test runner of its own; its summary lines are the count. */
async function runSome(layer: Layer, files: string[]): Promise<Omit<Count, 'seconds'>> {
  if (files.length === 0) return { passed: 0, failed: 0, skips: [], failures: [], files: [] };
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-tests-'));
  const notes = join(folder, 'notes.jsonl');
  const runner = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--import=./test/support/seed.ts',
    '--test',
    ...(layer.processes === 'shared' ? ['--test-isolation=none'] : ['--test-concurrency=1']),
    '--test-reporter=./scripts/test-reporter.mjs',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/notes-reporter.mjs',
    `--test-reporter-destination=${notes}`,
    ...files,
  ];
  const [command, args] = layer.stack ? inNamespace(runner) : [runner[0]!, runner.slice(1)];
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...layer.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let tail = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const text = chunk.toString();
    tail = (tail + text).slice(-4000);
    process.stdout.write(text);
  });
  const code = await ended(child);
  const figure = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tail)?.[1] ?? 0);
  const failed = figure('fail') + figure('cancelled');
  return {
    passed: figure('pass'),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    ...readNotes(notes, folder),
  };
}

/** What the reporter noted, a suite that was left out as one. */
function readNotes(file: string, folder: string): Pick<Count, 'skips' | 'failures' | 'files'> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  rmSync(folder, { recursive: true });
  const notes = lines.map((line) => {
    const note = JSON.parse(line) as ({ kind: 'skip' | 'failure' } & Note) | ({ kind: 'file' } & Timed);
    return { ...note, file: relative(root, note.file) } as typeof note;
  });
  return {
    skips: notes.filter((note): note is Extract<typeof note, Note> => note.kind === 'skip'),
    failures: notes.filter((note): note is Extract<typeof note, Note> => note.kind === 'failure'),
    files: notes.filter((note) => note.kind === 'file'),
  };
}
