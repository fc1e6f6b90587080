/** A Docker Engine of the tests' own, in a network namespace of the tests' own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLayoutBlob, readLayoutImage } from '../../appliance/bundle/format/oci-layout.ts';
import { loadImages } from '../../appliance/control/engine/images/load-images.ts';
import { openImageStore } from '../../appliance/control/engine/images/store.ts';
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

/** Loads images that the engine does not have, each under its name and with the id that was built (spec 7, "Images"). */
export async function loadImage(...images: BuiltImage[]): Promise<void> {
  const brought = images.map(({ folder, tag, manifest_digest }) => readLayoutImage(folder, tag, manifest_digest));
  const folders = new Map(
    brought.flatMap(({ config, manifest, layers }, at) =>
      [config, manifest, ...layers].map(({ digest }) => [digest, images[at]!.folder] as const),
    ),
  );
  await loadImages(openImageStore(PLACE.socket), brought, (digest) => openLayoutBlob(folders.get(digest)!)(digest));
}

function lastWords(): string {
  return existsSync(PLACE.log) ? readFileSync(PLACE.log, 'utf8').slice(-1500) : 'it said nothing';
}
