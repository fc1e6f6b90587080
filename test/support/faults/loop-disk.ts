import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { compilePowerCut } from './power-cut.ts';
import { until } from './until.ts';

/** A small disk of its own: ext4 on a file behind a loop device. Needs root. */
export interface LoopDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /**
   * What pulling the plug does: the file system stops at once, and what was not synced is gone. Every call on it fails
   * until `replug`.
   */
  cutPower(): void;
  /** Unmounts and mounts again, as after a power cut. Whoever works on the disk must be dead. */
  replug(options?: { readOnly: boolean }): Promise<void>;
  /** What Linux does when a disk reports errors: from now on it can only be read, also by who has files open. */
  failReadOnly(): void;
  /** From now on every call that would write hangs, as on a share whose server is gone; until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Fills the disk to the last block, in a file of its own; answers the bytes that were free. */
  fill(): number;
  /** Takes room in a file of its own until so many bytes are free. */
  fillTo(freeBytes: number): void;
  /** Takes the filling away. */
  free(): void;
  /** Unmounts, gives the loop device back, removes the file. Safe to call twice. */
  end(): Promise<void>;
}

let reason: string | false | undefined;

/** Why no such disk can be had here, or false when it can. */
export function noLoopDisks(): string | false {
  reason ??= findReason();
  return reason;
}

function findReason(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, for a loop device';
  for (const tool of ['mkfs.ext4', 'losetup', 'mount', 'umount', 'fsfreeze', 'fallocate', 'gcc']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `needs ${tool}`;
  }
  const probe = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  return probe.status === 0 ? false : `no loop device is free (${probe.stderr.trim()})`;
}

/** Makes and mounts a disk of `megabytes`. */
export function loopDisk(megabytes: number): LoopDisk {
  const home = mkdtempSync(join(tmpdir(), 'frostbyte-disk-'));
  const image = join(home, 'disk.img');
  const folder = join(home, 'mounted');
  const cutter = join(home, 'power-cut');
  const filling = join(folder, 'filling');
  const loose = () => rmSync(home, { recursive: true, force: true });
  let device = '';
  let failed = false;
  try {
    compilePowerCut(cutter);
    writeFileSync(image, '');
    truncateSync(image, megabytes << 20);
    // No blocks kept back for root, who runs this: a full disk must be full for us too.
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
    mkdirSync(folder);
    device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
    mount();
  } catch (error) {
    if (device !== '') spawnSync('losetup', ['--detach', device]);
    loose();
    throw error;
  }

  function mount(mode = 'rw'): void {
    // Barriers and ordered data are ext4's defaults; written out, since tests are about them.
    execFileSync('mount', ['-t', 'ext4', '-o', `${mode},data=ordered,barrier=1,errors=remount-ro`, device, folder]);
  }
  /**
   * An engine, or a container that is being made, has mounts of its own, and this disk among them where it was mounted then: as
   * long as one of those lasts, the kernel shows the file system as it was when the power was cut.
   */
  function isShutDown(): boolean {
    const line = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .findLast((one) => one.split(' ')[1] === folder);
    return /(?:^|,)shutdown(?:,|$)/.test(line?.split(' ')[3] ?? '');
  }
  const unmount = () =>
    until('the disk to be let go', () => spawnSync('umount', [folder]).status === 0, { seconds: 30, everyMs: 50 });

  return {
    folder,
    cutPower: () => execFileSync(cutter, [folder]),
    async replug({ readOnly } = { readOnly: false }) {
      await unmount();
      if (failed) spawnSync('fsck.ext4', ['-f', '-y', device]);
      failed = false;
      await until('the disk to be seen as it is by now', async () => {
        mount(readOnly ? 'ro' : 'rw');
        if (!isShutDown()) return true;
        await unmount();
        return false;
      });
    },
    freeze: () => void execFileSync('fsfreeze', ['--freeze', folder]),
    // Safe to call on a disk that is not frozen.
    thaw: () => void spawnSync('fsfreeze', ['--unfreeze', folder]),
    failReadOnly() {
      failed = true;
      writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'test');
    },
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      // dd ends with an error when the disk is full: that is what it is for.
      spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=64k', 'conv=notrunc', 'oflag=append']);
      spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=512', 'conv=notrunc', 'oflag=append']);
      spawnSync('sync', ['-f', folder]);
      return bavail * bsize;
    },
    fillTo(freeBytes) {
      const { bavail, bsize } = statfsSync(folder);
      execFileSync('fallocate', ['--length', String(bavail * bsize - freeBytes), filling]);
      spawnSync('sync', ['-f', folder]);
    },
    free() {
      if (existsSync(filling)) unlinkSync(filling);
      spawnSync('sync', ['-f', folder]);
    },
    async end() {
      if (device === '') return;
      const gone = await unmount().then(
        () => true,
        () => false,
      );
      // Nobody is left who could be hurt: a lazy unmount frees the device once the last file is closed.
      if (!gone) spawnSync('umount', ['--lazy', folder]);
      spawnSync('losetup', ['--detach', device]);
      device = '';
      loose();
    },
  };
}
