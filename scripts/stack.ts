/**
 * `make stack-up`, `make stack-down`: the core server stack on a Docker Engine of its own, in a network namespace that
 * nothing leads out of. `up` may be cut short at any moment and run again; on a stack that is up it changes nothing.
 * `down` leaves no process, mount, namespace, bridge or file, whatever became of the `up` before it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestStack } from '../test/support/stack.ts';
import { buildImage } from './images/build.ts';
import { compiled } from './images/recipe.ts';
import { OVER_TLS } from './stack/certificates.ts';
import { ENGINE_ENVIRONMENT, engineAnswers, inNamespace, loadImage, startEngine } from './stack/engine.ts';
import { processesOfStack, removeStack } from './stack/leftovers.ts';
import { PLACE, ROOT } from './stack/place.ts';
import { stackCannotRun } from './stack/requirements.ts';
import { composeEnvironment, factsForTests, writeSettings } from './stack/settings.ts';

const IMAGES = ['postgres', 'objects', 'redis', 'clamav', 'appliance'];
const LONGEST_UP_SECONDS = 120;

const actions: Readonly<Record<string, () => Promise<void> | void>> = { up, down, status };

/** What follows goes to Compose: services, and how they are started. */
const [asked = '', ...forCompose] = process.argv.slice(2);
const action = actions[asked];
if (!action) {
  console.error('usage: scripts/stack.ts up|down|status');
  process.exit(2);
}
if (asked !== 'status' && !process.env.FROSTBYTE_STACK_LOCKED) process.exit(runAlone());
try {
  await action();
} catch (error) {
  console.error(`stack: ${(error as Error).message}`);
  process.exitCode = 1;
}

/** Runs this program again under a lock: two at once would build on each other's ruins. Nothing it starts inherits it. */
function runAlone(): number {
  mkdirSync(dirname(PLACE.lock), { recursive: true });
  const { status } = spawnSync(
    'flock',
    ['--close', '--timeout=1200', PLACE.lock, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, FROSTBYTE_STACK_LOCKED: '1' } },
  );
  return status ?? 1;
}

async function up(): Promise<void> {
  const reason = stackCannotRun();
  if (reason) throw new Error(`the stack cannot run here: ${reason}`);
  const started = performance.now();
  const images = [];
  for (const name of IMAGES) images.push(await buildImage(name));
  const compose = compiled('docker-compose');
  if (!engineAnswers()) {
    await removeStack();
    rmSync(PLACE.facts, { force: true });
    await startEngine();
  }
  closeHost();
  await loadImage(...images);
  writeSettings();
  const { status } = spawnSync(
    compose,
    [
      '--progress=quiet',
      `--file=${join(ROOT, 'compose/core.yaml')}`,
      ...(OVER_TLS ? [`--file=${join(ROOT, 'compose/tls.yaml')}`] : []),
      'up',
      '--detach',
      '--remove-orphans',
      '--wait',
      `--wait-timeout=${LONGEST_UP_SECONDS}`,
      ...forCompose,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...ENGINE_ENVIRONMENT, ...composeEnvironment() } },
  );
  if (status !== 0) throw new Error(`a service did not become healthy\n${logs()}`);
  writeFileSync(`${PLACE.facts}.new`, `${JSON.stringify(factsForTests(), null, 2)}\n`, { mode: 0o600 });
  renameSync(`${PLACE.facts}.new`, PLACE.facts);
  console.log(`stack: up after ${((performance.now() - started) / 1000).toFixed(0)} s`);
  describeStack();
}

/** The host's input rule, in the stack's namespace: what stands for the host there. */
function closeHost(): void {
  const [program, args] = inNamespace([join(ROOT, 'host/input-rule'), 'up']);
  const { status, stderr } = spawnSync(program, args, { env: ENGINE_ENVIRONMENT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the host’s input rule could not be applied: ${stderr.trim()}`);
}

async function down(): Promise<void> {
  await removeStack();
  rmSync(PLACE.cache, { recursive: true, force: true });
  console.log('stack: down');
}

function status(): void {
  if (describeStack()) return;
  const left = processesOfStack();
  console.log(left.length > 0 ? `stack: not up; ${left.length} processes are left (make stack-down)` : 'stack: down');
  process.exitCode = 1;
}

/** Says what is up, and how to get there; false when nothing is. */
function describeStack(): boolean {
  if (!existsSync(PLACE.facts) || !engineAnswers()) return false;
  const { postgres, objects, redis, scanner } = JSON.parse(readFileSync(PLACE.facts, 'utf8')) as TestStack;
  console.log(`  namespace  ${PLACE.netns}   nsenter --net=${PLACE.netnsFile} COMMAND`);
  console.log(`  engine     DOCKER_HOST=unix://${PLACE.socket}`);
  console.log(`  postgres   ${postgres.host}:${postgres.port}`);
  console.log(`  objects    ${objects.endpoint}`);
  console.log(`  redis      ${redis.host}:${redis.port}`);
  console.log(`  scanner    ${scanner.host}:${scanner.port}   before clamd, which has no address`);
  console.log(`  secrets    ${PLACE.facts}`);
  return true;
}

function logs(): string {
  const docker = (args: string[]) => spawnSync('docker', args, { env: ENGINE_ENVIRONMENT, encoding: 'utf8' });
  const { stdout } = docker(['ps', '--all', '--format={{.Names}}\t{{.Status}}']);
  const names = stdout.split('\n').filter((line) => line && !/\(healthy\)/.test(line));
  return names.map((line) => `${line}\n${lastLines(docker(['logs', '--tail=20', line.split('\t')[0]!]))}`).join('\n');
}

function lastLines({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `${stdout}${stderr}`.trimEnd();
}
