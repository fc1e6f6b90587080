import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './faults/until.ts';

/** A stick as people bring them, on a file: FAT32 or exFAT, mounted by the programs that do it without the kernel. */
export interface Stick {
  /** Where it is mounted. */
  at: string;
  /** The file with its bytes: what the medium itself holds. */
  image: string;
  /** The process that is in its way: without it the medium is gone. */
  pid: number;
  /** As if it were pulled out. */
  pull(): void;
  end(): void;
}

const FORMATS = {
  exfat: { make: ['mkfs.exfat'], mount: ['mount.exfat-fuse', '-d'], device: true },
  fat32: { make: ['mkfs.vfat', '-F', '32'], mount: ['fusefat', '-f', '-o', 'rw+'], device: false },
} as const;
export type StickFormat = keyof typeof FORMATS;

/** Why there can be none here, or null. */
export function stickMissing(): string | null {
  if (process.getuid?.() !== 0) return 'needs root, to mount';
  for (const { make, mount } of Object.values(FORMATS))
    for (const tool of [make[0], mount[0]])
      if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `the ${tool} tool is not installed`;
  return null;
}

export async function stick(format: StickFormat, megabytes: number): Promise<Stick> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-stick-'));
  const [image, at] = [join(folder, 'image'), join(folder, 'stick')];
  mkdirSync(at);
  const fd = openSync(image, 'wx');
  ftruncateSync(fd, megabytes * 2 ** 20);
  closeSync(fd);
  const { make, mount, device } = FORMATS[format];
  execFileSync(make[0], [...make.slice(1), image], { stdio: 'ignore' });
  const source = device ? execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim() : image;
  const [program, ...args] = mount;
  const daemon: ChildProcess = spawn(program, [...args, source, at], { stdio: 'ignore' });
  const ended = () => daemon.exitCode !== null || daemon.signalCode !== null;
  await until(`${format} to be mounted`, () => {
    if (ended()) throw new Error(`${program} ended`);
    return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${at} `);
  });
  return {
    at,
    image,
    pid: daemon.pid!,
    pull: () => void daemon.kill('SIGKILL'),
    end() {
      spawnSync('umount', ['--lazy', at]);
      daemon.kill('SIGKILL');
      if (device) spawnSync('losetup', ['--detach', source]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Closes a file of a stick that was pulled out, which cannot be done without a complaint. */
export function closeGone(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTCONN') throw error;
  }
}
