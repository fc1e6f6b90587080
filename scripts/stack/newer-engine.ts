/**
 * A newer Docker Engine beside the stack's: Debian trixie's (26.1) in a root of its own, with containerd's image store. What
 * is true of images on one store need not be on the other (spec 7, "Images"). Made by `make newer-engine`, once.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../test/support/faults/until.ts';
import { inNamespace, SBIN_PATH } from './engine.ts';
import { PLACE, ROOT } from './place.ts';

const ROOT_FOLDER = join(ROOT, '.cache/newer-engine');
const PACKAGES = 'docker.io,iptables,ca-certificates';
const SECONDS_TO_START = 60;
const SECONDS_TO_END = 30;

export interface NewerEngine {
  socket: string;
  /** Runs the client against it; what it printed. */
  docker(...args: string[]): string;
  end(): Promise<void>;
}

/** Why it cannot be started here, or null. */
export function newerEngineMissing(): string | null {
  return existsSync(join(ROOT_FOLDER, 'usr/sbin/dockerd')) ? null : 'the newer engine is not there: make newer-engine';
}

/** Makes its root file system, where there is none. Needs root, mmdebstrap and Debian's mirror. */
export function makeNewerEngine(): void {
  if (newerEngineMissing() === null) return;
  const work = `${ROOT_FOLDER}.new`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  execFileSync('mmdebstrap', ['--mode=root', '--variant=minbase', '--quiet', `--include=${PACKAGES}`, 'trixie', work], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH: SBIN_PATH },
  });
  renameSync(work, ROOT_FOLDER);
}

/** Starts it empty, in the stack's network namespace and mounts of its own: nothing leads out of it. */
export async function startNewerEngine(): Promise<NewerEngine> {
  const run = `${PLACE.run}-newer`;
  const data = join(PLACE.cache, 'newer-engine');
  const socket = join(run, 'docker.sock');
  for (const folder of [run, data]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o711 });
  }
  writeFileSync(join(data, 'daemon.json'), JSON.stringify({ features: { 'containerd-snapshotter': true } }));
  const log = openSync(join(PLACE.cache, 'newer-engine.log'), 'w');
  const [command, args] = inNamespace([
    'unshare',
    '--mount',
    '--propagation=private',
    'sh',
    '-c',
    ENTER,
    'sh',
    ROOT_FOLDER,
    run,
    data,
    `--cgroup-parent=/${PLACE.cgroup}-newer`,
  ]);
  const child = spawn(command, args, { env: { PATH: SBIN_PATH }, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const environment = { PATH: SBIN_PATH, HOME: run, DOCKER_HOST: `unix://${socket}` };
  const words = () => readFileSync(join(PLACE.cache, 'newer-engine.log'), 'utf8').slice(-1500);
  const engine: NewerEngine = {
    socket,
    docker: (...given) => execFileSync('docker', given, { env: environment, encoding: 'utf8' }).trim(),
    async end() {
      const file = join(run, 'docker.pid');
      if (existsSync(file)) {
        const pid = Number(readFileSync(file, 'utf8'));
        process.kill(pid, 'SIGTERM');
        await until('the end of the newer engine', () => !existsSync(`/proc/${pid}`), {
          seconds: SECONDS_TO_END,
          everyMs: 50,
          about: words,
        });
      }
      for (const folder of [run, data]) rmSync(folder, { recursive: true, force: true });
    },
  };
  await until(
    'an answer of the newer engine',
    () =>
      child.exitCode !== null ||
      spawnSync('docker', ['version'], { env: environment, stdio: 'ignore', timeout: 10_000 }).status === 0,
    { seconds: SECONDS_TO_START, everyMs: 200, about: words },
  );
  if (child.exitCode !== null) throw new Error(`the newer engine did not start: ${words()}`);
  child.unref();
  return engine;
}

/** What of the host it sees: processes, devices, control groups; its socket and its data by their paths here. */
const ENTER = `set -e
root=$1 run=$2 data=$3; shift 3
mount --bind "$root" "$root"
for path in proc sys dev; do mount --rbind "/$path" "$root/$path"; done
mount -t tmpfs -o mode=0755 newer "$root/run"
mkdir -p "$root$run" "$root/var/lib/docker"
mount --bind "$run" "$root$run"
mount --bind "$data" "$root/var/lib/docker"
exec chroot "$root" /usr/sbin/dockerd --config-file=/var/lib/docker/daemon.json --host="unix://$run/docker.sock" \\
  --group=root --pidfile="$run/docker.pid" --exec-root=/run/docker --bridge=none --log-level=warn "$@"`;

if (import.meta.main) makeNewerEngine();
