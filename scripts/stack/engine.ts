/** A Docker Engine of the tests' own, in a network namespace of the tests' own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../test/support/faults/until.ts';
import type { BuiltImage } from '../images/build.ts';
import { PLACE } from './place.ts';

export const SBIN_PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const SECONDS_TO_START = 60;
/** Where an engine leaves sockets wherever it was told to live. In its own mounts they lie in memory of its own. */
const HIDE_FIXED_PATHS = `set -e
for path in /run/containerd /run/docker; do mkdir -p $path; mount -t tmpfs -o mode=0700 engine $path; done
exec dockerd "$@"`;

/** What every client of the engine is started with. */
export const ENGINE_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: SBIN_PATH,
  HOME: PLACE.run,
  DOCKER_HOST: `unix://${PLACE.socket}`,
};

/** Runs a program in the stack's network namespace, and nowhere else. */
export function inNamespace(command: readonly string[]): [string, string[]] {
  return ['nsenter', [`--net=${PLACE.netnsFile}`, ...command]];
}

/** Whether the engine answers. */
export function engineAnswers(): boolean {
  if (!existsSync(PLACE.socket) || !existsSync(PLACE.netnsFile)) return false;
  return spawnSync('docker', ['version'], { env: ENGINE_ENVIRONMENT, stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/** Makes the namespace and starts the engine in it. */
export async function startEngine(): Promise<void> {
  const run = (command: string, args: string[]) => execFileSync(command, args, { env: { PATH: SBIN_PATH } });
  run('ip', ['netns', 'add', PLACE.netns]);
  run(...inNamespace(['ip', 'link', 'set', 'lo', 'up']));
  mkdirSync(PLACE.run, { recursive: true, mode: 0o700 });
  mkdirSync(PLACE.data, { recursive: true, mode: 0o711 });
  await runEngine();
}

/**
 * Runs the engine in its namespace. Its mounts are its own too: they are gone when it is. It outlives who starts it; its
 * log goes to a file.
 */
export async function runEngine(): Promise<void> {
  const log = openSync(PLACE.log, 'w');
  const [command, args] = inNamespace([
    'unshare',
    '--mount',
    '--propagation=private',
    'sh',
    '-c',
    HIDE_FIXED_PATHS,
    'dockerd',
    `--host=unix://${PLACE.socket}`,
    '--group=root',
    `--data-root=${PLACE.data}`,
    `--exec-root=${PLACE.run}`,
    `--pidfile=${PLACE.run}/docker.pid`,
    `--cgroup-parent=/${PLACE.cgroup}`,
    '--exec-opt=native.cgroupdriver=cgroupfs',
    '--storage-driver=overlay2',
    '--bridge=none',
    '--userland-proxy=false',
    '--log-level=warn',
  ]);
  const child = spawn(command, args, { env: { PATH: SBIN_PATH }, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref();
  await until('an answer of the engine', () => engineAnswers() || child.exitCode !== null, {
    seconds: SECONDS_TO_START,
    everyMs: 200,
    about: lastWords,
  });
  if (child.exitCode !== null) throw new Error(`the engine did not start: ${lastWords()}`);
}

/** Ends the engine as the host's own would be when it is restarted: in order, and its containers with it. */
export async function endEngine(): Promise<void> {
  const pid = Number(readFileSync(join(PLACE.run, 'docker.pid'), 'utf8'));
  process.kill(pid, 'SIGTERM');
  await until('the end of the engine', () => !existsSync(`/proc/${pid}`), { seconds: SECONDS_TO_START, everyMs: 50 });
}

/** Loads an image unless the engine has it: under its name, with the id that was built (spec 7, "Images"). */
export async function loadImage({ tag, id, folder }: BuiltImage): Promise<void> {
  if (imageId(tag) === id) return;
  // Streamed: no second copy of the image is written.
  const tar = spawn('tar', ['--create', `--directory=${folder}`, 'manifest.json', 'blobs'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const load = spawn('docker', ['load', '--quiet'], {
    env: ENGINE_ENVIRONMENT,
    stdio: [tar.stdout, 'ignore', 'inherit'],
  });
  tar.stdout.destroy(); // Ours; the child has its own.
  const codes = await Promise.all([tar, load].map((child) => new Promise((done) => child.once('close', done))));
  if (codes.some((code) => code !== 0)) throw new Error(`the image ${tag} could not be loaded`);
  const loaded = imageId(tag);
  if (loaded !== id) throw new Error(`${tag} was loaded and has the id ${loaded}, not ${id}`);
}

function imageId(tag: string): string | null {
  const { status, stdout } = spawnSync('docker', ['image', 'inspect', '--format={{.Id}}', tag], {
    env: ENGINE_ENVIRONMENT,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

function lastWords(): string {
  return existsSync(PLACE.log) ? readFileSync(PLACE.log, 'utf8').slice(-1500) : 'it said nothing';
}
