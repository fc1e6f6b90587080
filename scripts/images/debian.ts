/**
 * Debian's package lists of one suite, read by the host's own `apt` in a folder of its own: signatures are checked, the
 * host's packages are not looked at, and nothing of the host changes.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockedPackage } from './lock.ts';

/** What every root file system begins with: mmdebstrap's `minbase`. */
const BASE = ['?essential', '?priority(required)', 'apt'];

export interface Debian {
  /** All that installing these packages brings, without what is only recommended; into an empty root also what each begins with. */
  resolve(packages: readonly string[]): LockedPackage[];
  /** Those of the pins that the mirror still has. */
  has(pin: LockedPackage): boolean;
  /** Downloads packages into a folder; their files there, whose hashes are the caller's to check. */
  download(pins: readonly LockedPackage[], folder: string): string[];
  end(): void;
}

/**
 * Fetches the lists of a suite, with its updates, from the mirror that the host uses. Throws where there is none. `installed`:
 * what the root has already, as dpkg's `status` says it.
 */
export function openDebian(suite: string, arch: string, installed = ''): Debian {
  const root = mkdtempSync(join(tmpdir(), 'frostbyte-debian-'));
  const end = () => rmSync(root, { recursive: true, force: true });
  try {
    for (const folder of ['lists/partial', 'archives/partial', 'etc/apt.conf.d', 'etc/preferences.d'])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'status'), installed);
    const base = installed === '' ? BASE : [];
    writeFileSync(join(root, 'etc/sources.list'), sourcesOf(suite));
    writeFileSync(join(root, 'apt.conf'), settings(root, arch));
    const apt = (program: string, ...args: string[]) =>
      execFileSync(program, ['-qq', ...args], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, APT_CONFIG: join(root, 'apt.conf') },
        stdio: ['ignore', 'pipe', 'inherit'],
        maxBuffer: 64 << 20,
      });
    apt('apt-get', 'update', '-o', 'APT::Update::Error-Mode=any');
    const known = new Map<string, boolean>();
    return {
      resolve: (packages) =>
        readUris(
          apt('apt-get', '-o', 'Acquire::ForceHash=SHA256', '--print-uris', '--yes', 'install', ...base, ...packages),
        ),
      has({ name, version }) {
        const key = `${name} ${version}`;
        if (!known.has(key)) {
          const lines = apt('apt-cache', 'madison', name).split('\n');
          known.set(
            key,
            lines.some((line) => line.split('|')[1]?.trim() === version),
          );
        }
        return known.get(key)!;
      },
      download(pins, folder) {
        execFileSync('apt-get', ['-qq', 'download', ...pins.map(({ name, version }) => `${name}=${version}`)], {
          cwd: folder,
          env: { ...process.env, APT_CONFIG: join(root, 'apt.conf') },
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        return globSync('*.deb', { cwd: folder }).map((file) => join(folder, file));
      },
      end,
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** `'uri' name_version_arch.deb size SHA256:hash` */
function readUris(text: string): LockedPackage[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, file, size, sha256] = /^'[^']*' (\S+) (\d+) SHA256:([0-9a-f]{64})$/.exec(line) ?? [];
      const [name, version, arch] = (file ?? '').replace(/\.deb$/, '').split('_');
      if (!name || !version || !arch || !size || !sha256)
        throw new Error(`apt-get says what is not understood: ${line}`);
      return { name, version: decodeURIComponent(version), arch, size: Number(size), sha256 };
    });
}

/** The mirrors that this host's own lists come from, for another suite. */
function sourcesOf(suite: string): string {
  const targets = execFileSync('apt-get', ['indextargets', '--format', '$(CREATED_BY)|$(LABEL)|$(REPO_URI)'], {
    encoding: 'utf8',
  });
  const mirror = (label: string) =>
    targets
      .split('\n')
      .map((line) => line.split('|'))
      .find(([by, of]) => by === 'Packages' && of === label)?.[2];
  const [main, security] = [mirror('Debian'), mirror('Debian-Security')];
  if (main === undefined || security === undefined) {
    throw new Error(
      'this host knows no Debian mirror, or has not fetched its lists: run apt-get update on a Debian host',
    );
  }
  return [
    `deb ${main} ${suite} main`,
    `deb ${main} ${suite}-updates main`,
    `deb ${security} ${suite}-security main`,
    '',
  ].join('\n');
}

function settings(root: string, arch: string): string {
  const values: [string, string][] = [
    ['Dir', root],
    ['Dir::State', root],
    ['Dir::State::lists', join(root, 'lists')],
    ['Dir::State::status', join(root, 'status')],
    ['Dir::Cache', root],
    ['Dir::Cache::archives', join(root, 'archives')],
    ['Dir::Etc', join(root, 'etc')],
    ['Dir::Etc::trustedparts', '/etc/apt/trusted.gpg.d'],
    ['APT::Architecture', arch],
    ['APT::Architectures', arch],
    ['APT::Install-Recommends', 'false'],
    ['APT::Sandbox::User', 'root'],
    ['Acquire::Languages', 'none'],
  ];
  return values.map(([key, value]) => `${key} ${JSON.stringify(value)};\n`).join('');
}
