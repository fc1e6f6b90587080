/** The one disk of a box: ext4 on a file behind a loop device, mounted where the box is booted from. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { compilePowerCut } from '../../test/support/faults/power-cut.ts';
import { until } from '../../test/support/faults/until.ts';
import { PLACE } from './place.ts';

export interface Disk {
  /** Where it is mounted on this host. */
  readonly folder: string;
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

/** Written out, since tests are about them; inode tables of a disk that lives for minutes are not zeroed in the background. */
const OPTIONS = 'loop,data=ordered,barrier=1,errors=remount-ro,noinit_itable';

/** Copies the file system in `from` to `file`, grows it to `gibibytes` and mounts it at `folder`. */
export function makeDisk(from: string, file: string, folder: string, gibibytes: number): Disk {
  copySparse(from, file);
  const bytes = gibibytes * 2 ** 30;
  if (bytes > statSync(file).size) grow(file, bytes);
  mkdirSync(folder, { recursive: true });
  mount(file, folder);
  return diskAt(file, folder);
}

/** One that was made, or what is left of it. */
export function diskAt(file: string, folder: string): Disk {
  return {
    folder,
    cutPower: () => void execFileSync(powerCut(), [folder]),
    async replug() {
      await unmount(folder);
      mount(file, folder);
    },
    async save(to) {
      await unmount(folder);
      copySparse(file, to);
      mount(file, folder);
    },
    async end() {
      await unmount(folder);
      rmSync(file, { force: true });
      if (existsSync(folder)) rmdirSync(folder);
    },
  };
}

/** A copy that is whole under its name, or not there. Holes stay holes. */
export function copySparse(from: string, to: string): void {
  execFileSync('cp', ['--sparse=always', from, `${to}.part`]);
  renameSync(`${to}.part`, to);
}

/** Unmounts what is mounted there, however often; its loop device goes with it. */
export async function unmount(folder: string): Promise<void> {
  await until(
    `${folder} to be let go`,
    () => {
      if (spawnSync('mountpoint', ['--quiet', folder]).status !== 0) return true;
      spawnSync('umount', ['--recursive', folder]);
      return false;
    },
    { seconds: 30, everyMs: 50 },
  );
}

function mount(file: string, folder: string): void {
  execFileSync('mount', ['-t', 'ext4', '-o', OPTIONS, file, folder]);
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
