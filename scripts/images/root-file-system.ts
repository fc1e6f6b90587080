/** Makes the root file system of an image in a folder: Debian packages, programs, files, and nobody but its user. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { LockedPackage } from './lock.ts';
import { writeRepository } from './packages.ts';
import { compiled, type Recipe } from './recipe.ts';

/** Every date in an image: two builds of the same recipe must give the same bytes. */
export const SOURCE_DATE_EPOCH = 1_767_225_600;

/** What no image needs: documentation but for licences, translations, and what only a package manager reads. */
const LEFT_OUT = ['doc', 'info', 'locale', 'i18n', 'lintian', 'man', 'bash-completion', 'bug'];
const REMOVED = [
  'boot',
  'home/*',
  'media/*',
  'mnt/*',
  'opt/*',
  'root/.*',
  'dev/*',
  'run/*',
  'tmp/*',
  'var/cache/*',
  'var/log/*',
  'var/tmp/*',
  'var/backups',
  // The package manager: nothing is ever installed in a container. Its list of packages stays, for the SBOM.
  'etc/apt',
  'usr/bin/apt*',
  'usr/lib/apt',
  'usr/lib/*-linux-gnu/libapt-p*',
  'usr/share/keyrings',
  'var/lib/apt',
  'var/lib/dpkg/*-old',
  // Nothing is started but the image's one program.
  'etc/cron*',
  'etc/init.d',
  'etc/rc?.d',
  'etc/systemd',
  'usr/lib/systemd',
  // Differ from one build to the next.
  'etc/machine-id',
  'etc/hostname',
  'etc/resolv.conf',
  'etc/*-',
];

/** Makes the root file system of `recipe` of these packages in the folder `root`, which must not exist. Needs to be root. */
export function makeRootFileSystem(recipe: Recipe, pins: readonly LockedPackage[], root: string): void {
  if (recipe.from === 'trixie') installPackages(recipe, pins, root);
  else makeBareRoot(recipe, root);
  removeFrom(root, [...REMOVED, ...recipe.remove]);
  for (const program of recipe.programs) {
    const path = join(root, program.path);
    mkdirSync(dirname(path), { recursive: true });
    if ('module' in program) cpSync(compiled(program.module), path);
    else compileOurs(join(recipe.folder, program.source), path);
    chmodSync(path, 0o755);
  }
  const own = join(recipe.folder, 'root');
  if (existsSync(own)) cpSync(own, root, { recursive: true });
  tidyModes(root);
  chmodSync(root, 0o755);
  chmodSync(join(root, 'tmp'), 0o1777);
  for (const folder of recipe.folders) {
    mkdirSync(join(root, folder), { recursive: true });
    chmodSync(join(root, folder), 0o700);
    chownSync(join(root, folder), recipe.user.id, recipe.user.id);
  }
}

/** The names and versions of the Debian packages in a root file system, one a line: what is really in it. */
export function installedPackages(root: string): string {
  if (!existsSync(join(root, 'var/lib/dpkg/status'))) return '';
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the format of dpkg-query
  const format = '${Package} ${Version} ${Architecture}\n';
  return execFileSync('dpkg-query', [`--admindir=${join(root, 'var/lib/dpkg')}`, '-W', `-f=${format}`], {
    encoding: 'utf8',
  });
}

function installPackages({ packages, user, from }: Recipe, pins: readonly LockedPackage[], root: string): void {
  const account = [
    `echo ${user.name}:x:${user.id}:${user.id}::/nonexistent:/usr/sbin/nologin >> "$1/etc/passwd"`,
    `echo ${user.name}:x:${user.id}: >> "$1/etc/group"`,
    // A server that its package would set up at once belongs on a volume, and is made when the container starts.
    'mkdir -p "$1/etc/postgresql-common" && echo create_main_cluster=false > "$1/etc/postgresql-common/createcluster.conf"',
  ];
  // A repository of the pinned packages alone: there is nothing else that could be installed. Each was held against its hash.
  const repository = mkdtempSync(join(dirname(root), 'packages-'));
  try {
    writeRepository(pins, from, repository);
    execFileSync(
      'mmdebstrap',
      [
        '--mode=root',
        '--variant=minbase',
        '--quiet',
        ...LEFT_OUT.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        '--dpkgopt=path-include=/usr/share/doc/*/copyright',
        ...account.map((line) => `--essential-hook=${line}`),
        `--include=${packages.join(',')}`,
        from,
        root,
        `deb [trusted=yes] copy:${repository} ./`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH) } },
    );
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
}

/** For programs that need no system around them: the folders and the two files that every program expects. */
function makeBareRoot({ user }: Recipe, root: string): void {
  for (const folder of ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr/bin', 'var'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/nonexistent:/nonexistent\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  appendFileSync(join(root, 'etc/passwd'), `${user.name}:x:${user.id}:${user.id}::/nonexistent:/nonexistent\n`);
  appendFileSync(join(root, 'etc/group'), `${user.name}:x:${user.id}:\n`);
}

function compileOurs(source: string, to: string): void {
  execFileSync('go', ['build', '-trimpath', '-ldflags', '-s -w -buildid=', '-o', to, '.'], {
    cwd: source,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local', GOWORK: 'off' },
  });
}

/** Removes what the patterns match below `root`; refuses a path that a link leads out of it. */
export function removeFrom(root: string, patterns: readonly string[]): void {
  for (const pattern of patterns)
    for (const found of globSync(pattern.replace(/^\/+/, ''), { cwd: root })) {
      const path = join(root, found);
      if (!`${realpathSync(dirname(path))}/`.startsWith(`${realpathSync(root)}/`))
        throw new Error(`${pattern} leads out of the image: a link stands in its way`);
      rmSync(path, { recursive: true, force: true });
    }
}

/**
 * Modes that do not depend on who checked the files out, and no program that runs as somebody else. Links are left
 * alone: in an image they point at the container's files, here they would at the host's.
 */
export function tidyModes(root: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) tidyModes(path);
    if (!entry.isFile()) continue;
    const { mode } = lstatSync(path);
    if (mode & 0o6022) chmodSync(path, mode & 0o1755);
  }
}
