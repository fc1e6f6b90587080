/**
 * What a box has before anything is installed: Debian 12 with systemd, with or without a Docker Engine and Compose. The disk
 * of each is made once and kept under the hash of what it is made by.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compiled } from '../images/recipe.ts';
import { SBIN_PATH } from '../stack/engine.ts';
import { makeDisk } from './disk.ts';
import { enginePackages } from './engine-packages.ts';
import { PLACE } from './place.ts';

/** Neither an engine nor Compose; an engine alone; both. */
export const EQUIPMENTS = ['bare', 'docker', 'both'] as const;
export type Equipment = (typeof EQUIPMENTS)[number];

const SUITE = 'bookworm';
const ARCH = process.arch === 'x64' ? 'amd64' : 'arm64';
/** What a freshly installed server has of what the installer uses. */
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'openssh-client', 'iproute2', 'procps', 'passwd'];
const LEFT_OUT = ['doc', 'info', 'locale', 'lintian', 'man', 'bug'];
const GIB = 2 ** 30;

/** Files that make a root file system a box. */
const FILES: Readonly<Record<string, string>> = {
  'etc/hostname': 'box\n',
  'etc/hosts': '127.0.0.1 localhost box\n::1 localhost\n',
  // Empty: each box gets its own when it boots.
  'etc/machine-id': '',
  'etc/fstab': '',
  'etc/resolv.conf': '',
  // A container manager hands them over read-only, and no engine starts anything under such.
  'etc/systemd/system/box-cgroups.service': `[Unit]
Description=Control groups that an engine may write to
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'while read -r _ group kind _; do [ $$kind != cgroup ] || mount -o remount,bind,rw $$group; done </proc/self/mounts'
[Install]
WantedBy=sysinit.target
`,
};
/** Enabled, or kept from running: what would go out by itself on a host with a route. */
const LINKS: Readonly<Record<string, string>> = {
  'etc/systemd/system/sysinit.target.wants/box-cgroups.service': '../box-cgroups.service',
  'etc/systemd/system/apt-daily.timer': '/dev/null',
  'etc/systemd/system/apt-daily-upgrade.timer': '/dev/null',
};

/** The disk that a box with this equipment begins with. Made where there is none: Debian's mirror, root, a minute. */
export async function baseDisk(equipment: Equipment): Promise<string> {
  const file = join(PLACE.cache, `${equipment}-${hashOf(equipment)}.ext4`);
  if (globSync(file).length > 0) return file;
  for (const old of globSync(join(PLACE.cache, `${equipment}-*.ext4`))) rmSync(old);
  mkdirSync(PLACE.cache, { recursive: true });
  await makers[equipment](file);
  return file;
}

/** The packages that a bare box lacks for an engine, with a `SHA256SUMS`: what `make bundle ENGINE=…` takes. */
export async function engineFolder(): Promise<string> {
  const folder = join(PLACE.cache, `engine-${hashOf('bare')}`);
  if (globSync(folder).length === 0) {
    for (const old of globSync(join(PLACE.cache, 'engine-*'))) rmSync(old, { recursive: true });
    await onCopy(await baseDisk('bare'), (root) => enginePackages(root, folder, { suite: SUITE, arch: ARCH }));
  }
  return folder;
}

const makers: Readonly<Record<Equipment, (file: string) => Promise<void>>> = {
  bare: makeBare,
  docker: makeDocker,
  both: makeBoth,
};

function hashOf(equipment: Equipment): string {
  const hash = createHash('sha256').update(ARCH);
  for (const file of ['equipment.ts', 'engine-packages.ts']) hash.update(readFileSync(join(import.meta.dirname, file)));
  if (equipment === 'both') hash.update(compiled('docker-compose'));
  return hash.digest('hex').slice(0, 16);
}

async function makeBare(file: string): Promise<void> {
  const work = mkdtempSync(join(PLACE.cache, 'root-'));
  const root = join(work, 'root');
  try {
    execFileSync(
      'mmdebstrap',
      [
        '--mode=root',
        '--variant=minbase',
        '--quiet',
        ...LEFT_OUT.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        `--include=${PACKAGES.join(',')}`,
        SUITE,
        root,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PATH: SBIN_PATH } },
    );
    for (const [path, text] of Object.entries(FILES)) place(root, path, (to) => writeFileSync(to, text));
    for (const [path, target] of Object.entries(LINKS)) place(root, path, (to) => symlinkSync(target, to));
    // Room for what is installed into copies of it; a box's own disk is grown.
    writeFileSync(join(work, 'disk'), '');
    truncateSync(join(work, 'disk'), 2 * GIB);
    // No blocks kept back for root: a full disk must be full for whoever installs, too.
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-d', root, join(work, 'disk')], { env: { PATH: SBIN_PATH } });
    renameSync(join(work, 'disk'), file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function place(root: string, path: string, put: (to: string) => void): void {
  const to = join(root, path);
  mkdirSync(dirname(to), { recursive: true });
  rmSync(to, { force: true });
  put(to);
}

/** With the very packages that a bundle brings, so that they are known to be all that is needed. */
async function makeDocker(file: string): Promise<void> {
  const packages = await engineFolder();
  await onCopy(
    await baseDisk('bare'),
    (root) => {
      const inside = join(root, 'packages');
      mkdirSync(inside);
      for (const name of globSync('*.deb', { cwd: packages })) copyFileSync(join(packages, name), join(inside, name));
      // Nothing is started while it is installed.
      const policy = join(root, 'usr/sbin/policy-rc.d');
      writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
      execFileSync('chroot', [root, 'sh', '-c', 'dpkg --install /packages/*.deb'], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
      });
      for (const path of [policy, inside]) rmSync(path, { recursive: true });
    },
    file,
  );
}

async function makeBoth(file: string): Promise<void> {
  await onCopy(
    await baseDisk('docker'),
    (root) => {
      const plugin = join(root, 'usr/local/lib/docker/cli-plugins/docker-compose');
      mkdirSync(dirname(plugin), { recursive: true });
      copyFileSync(compiled('docker-compose'), plugin);
      chmodSync(plugin, 0o755);
    },
    file,
  );
}

/** Does something in a copy of a disk, which is kept as `file` or not at all. */
async function onCopy(of: string, work: (root: string) => void, file?: string): Promise<void> {
  const folder = mkdtempSync(join(PLACE.cache, 'copy-'));
  const name = `${PLACE.prefix}${basename(folder)}`;
  const disk = await makeDisk(of, join(folder, 'disk'), name, 2);
  try {
    work(disk.folder);
    if (file !== undefined) await disk.save(file);
  } finally {
    await disk.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
