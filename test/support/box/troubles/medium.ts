import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initOf, STICK } from '../../../../scripts/box/boot.ts';
import type { Box } from '../../../../scripts/box/box.ts';
import { SBIN_PATH } from '../../../../scripts/stack/engine.ts';
import { compilePowerCut } from '../../faults/power-cut.ts';
import { until } from '../../faults/until.ts';

/** A medium as a device of its own, mounted read-only in a box where a bundle is looked for. */
export interface Medium {
  /** As somebody pulls it out: from now on nothing of it can be read, also by who has it open. */
  pullOut(): Promise<void>;
  /** As a desktop does when it is asked to, or when the device is gone: its folder is empty, and who has a file open reads on. */
  unmount(): Promise<void>;
  /** Puts it in again. Whoever had it open must be dead. */
  putIn(): Promise<void>;
  /** Gives the device back; the box may be gone by then. */
  end(): void;
}

/** The two ways in which it goes away. */
export const WAYS = Object.freeze({ 'medium pulled out': 'pullOut', 'medium unmounted': 'unmount' } as const);

const DEVICE = '/dev/stick';
/** What an image of so many files takes beside their bytes. */
const SPARE = 1.15;

/** Makes a medium of a bundle's folder, and puts it into a box that runs. */
export async function mediumIn(box: Box, folder: string): Promise<Medium> {
  const home = mkdtempSync(join(tmpdir(), 'frostbyte-medium-'));
  const [image, cutter] = [join(home, 'image'), join(home, 'power-cut')];
  compilePowerCut(cutter);
  const bytes = Number(execFileSync('du', ['--bytes', '--summarize', folder], { encoding: 'utf8' }).split('\t')[0]);
  execFileSync('truncate', ['--size', String(Math.ceil((bytes * SPARE) / 2 ** 20) * 2 ** 20 + (64 << 20)), image]);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-O', '^has_journal', '-d', folder, image], {
    env: { PATH: SBIN_PATH },
  });
  const device = execFileSync('losetup', ['--find', '--show', '--read-only', image], { encoding: 'utf8' }).trim();
  await box.must('mknod', DEVICE, 'b', '7', /\d+$/.exec(device)![0]);
  await box.must('mkdir', '-p', STICK);
  const isThere = async () => (await box.run(['cat', `${STICK}/MANIFEST.json`])).code === 0;
  const medium: Medium = {
    async pullOut() {
      execFileSync(cutter, [join('/proc', String(initOf(box.name)), 'root', STICK)]);
    },
    async unmount() {
      await box.must('umount', '--lazy', STICK);
    },
    async putIn() {
      // The kernel shows a file system as it was until the last who has it open is gone.
      await until(
        'the medium to be there again',
        async () => {
          await box.run(['umount', '--lazy', STICK]);
          await box.run(['mount', '-t', 'ext4', '-o', 'ro', DEVICE, STICK]);
          return isThere();
        },
        { seconds: 30, everyMs: 100 },
      );
    },
    end() {
      spawnSync('losetup', ['--detach', device]);
      rmSync(home, { recursive: true, force: true });
    },
  };
  await medium.putIn();
  return medium;
}
