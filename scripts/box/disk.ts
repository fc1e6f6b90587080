/**
 * The one disk of a box: ext4 on a file behind a loop device. It is mounted in a mount namespace of its own, which a process
 * holds that does nothing else: what is mounted among the host's own mounts is copied by whoever makes a namespace meanwhile,
 * another box or an engine, and is not let go before all of those have ended.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { compilePowerCut } from '../../test/support/faults/power-cut.ts';
import { killIfThere } from '../../test/support/faults/processes.ts';
import { until } from '../../test/support/faults/until.ts';
import { SBIN_PATH } from '../stack/engine.ts';
import { groupsOf, inGroups, makeGroups, processesOf, removeGroups } from './cgroups.ts';
import { PLACE } from './place.ts';

export interface Disk {
  /** Where this host sees it, while it is mounted. */
  readonly folder: string;
  /** Words that run a program among the mounts of which it is one, at `MOUNTED`. */
  beside(words: readonly string[]): string[];
  /**
   * What pulling the plug does: the file system stops at once, and what was not synced is gone. Every call on it fails until
   * `replug`.
   */
  cutPower(): void;
  /** Unmounts and mounts again, as after a power cut. Nobody may be at work on it. */
  replug(): Promise<void>;
  /** Writes a copy of it to a file, from which another box can be made. Nobody may be at work on it. */
  save(file: string): Promise<void>;
  end(): Promise<void>;
}

/** Where it is, among the mounts of its own namespace; whoever boots it locks it by a file beside it, on memory here. */
export const MOUNTED = '/mnt/box';
/** Written out, since tests are about them; inode tables of a disk that lives for minutes are not zeroed in the background. */
const OPTIONS = 'loop,data=ordered,barrier=1,errors=remount-ro,noinit_itable';
const HOLD = `mount -t tmpfs box /mnt && mkdir ${MOUNTED} && mount -t ext4 -o ${OPTIONS} "$0" ${MOUNTED} &&
exec sleep infinity`;

/** Copies the file system in `from` to `file`, grows it to `gibibytes` and mounts it. Its holder is known by `name`. */
export async function makeDisk(from: string, file: string, name: string, gibibytes: number): Promise<Disk> {
  copySparse(from, file);
  const bytes = gibibytes * 2 ** 30;
  if (bytes > statSync(file).size) grow(file, bytes);
  await mount(file, name);
  return diskAt(file, name);
}

/** One that was made, or what is left of it. */
export function diskAt(file: string, name: string): Disk {
  const seen = () => join('/proc', String(holderOf(name)), 'root', MOUNTED);
  return {
    get folder() {
      return seen();
    },
    beside: (words) => ['nsenter', `--target=${holderOf(name)}`, '--mount', '--', ...words],
    cutPower: () => void execFileSync(powerCut(), [seen()]),
    async replug() {
      await unmount(file, name);
      await mount(file, name);
    },
    async save(to) {
      await unmount(file, name);
      copySparse(file, to);
      await mount(file, name);
    },
    async end() {
      await unmount(file, name);
      rmSync(file, { force: true });
    },
  };
}

/** A copy that is whole under its name, or not there. Holes stay holes. */
export function copySparse(from: string, to: string): void {
  execFileSync('cp', ['--sparse=always', from, `${to}.part`]);
  renameSync(`${to}.part`, to);
}

/** Ends who holds it, and resolves when the kernel has written all of it and let it go. */
async function unmount(file: string, name: string): Promise<void> {
  const group = groupOf(name);
  await until(
    `${file} to be let go`,
    () => {
      for (const pid of processesOf(group)) killIfThere(pid);
      if (processesOf(group).length > 0 || !removeGroups(group)) return false;
      return spawnSync('losetup', ['--associated', file], { encoding: 'utf8' }).stdout.trim() === '';
    },
    { seconds: 30, everyMs: 20 },
  );
}

async function mount(file: string, name: string): Promise<void> {
  const group = groupOf(name);
  makeGroups(group);
  const [command, ...args] = inGroups(groupsOf(group));
  const words = ['unshare', '--mount', '--propagation=private', 'sh', '-c', HOLD, file];
  const child = spawn(command!, [...args, ...words], {
    env: { PATH: SBIN_PATH },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  child.unref();
  const isThere = () => holderOf(name) !== undefined || child.exitCode !== null;
  await until(`${file} to be mounted`, isThere, { everyMs: 5 });
  if (child.exitCode !== null) throw new Error(`${file} could not be mounted`);
}

/** Its holder is in a control group beside the box's: it stays when a box is ended. */
const groupOf = (name: string): string => `${name}-disk`;

/** It has become what does nothing when the disk is mounted. */
function holderOf(name: string): number | undefined {
  return processesOf(groupOf(name)).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n';
    } catch {
      return false;
    }
  });
}

/** Before it is mounted: not every root may have a mounted one grown. */
function grow(file: string, bytes: number): void {
  truncateSync(file, bytes);
  // One that was mounted before is not grown unseen; 1 says that something was mended.
  const { status, stderr } = spawnSync('e2fsck', ['-f', '-p', file], { encoding: 'utf8' });
  if (status === null || status > 1) throw new Error(`${file} is damaged: ${stderr.trim()}`);
  execFileSync('resize2fs', [file], { stdio: 'ignore' });
}

function powerCut(): string {
  const program = join(PLACE.cache, 'power-cut');
  if (!existsSync(program)) compilePowerCut(program);
  return program;
}
