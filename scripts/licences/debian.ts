/** What Debian's packages say of their licences: in the copyright file that each brings, or shares with its neighbours. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LockedPackage } from '../images/lock.ts';
import { ROOT } from '../images/recipe.ts';
import type { Component, LicencePolicy } from './policy.ts';

const CACHE = join(ROOT, '.cache/packages');

/** Packages as components; their files must be in `.cache/packages`. O(bytes of the packages). */
export function debianComponents(pins: readonly LockedPackage[], policy: LicencePolicy, cache = CACHE): Component[] {
  return componentsOf(
    pins.map((pin) => ({ pin, file: join(cache, `${pin.sha256}.deb`) })),
    policy,
  );
}

/** Packages as components, by what their own files say of them: those of an engine, that somebody brought. */
export function broughtPackages(files: readonly string[], policy: LicencePolicy): Component[] {
  const field = (file: string, name: string) =>
    execFileSync('dpkg-deb', ['--field', file, name], { encoding: 'utf8' }).trim();
  return componentsOf(
    files.map((file) => {
      const [name, version, arch] = ['Package', 'Version', 'Architecture'].map((one) => field(file, one));
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
      return { file, pin: { name: name!, version: version!, arch: arch!, sha256 } };
    }),
    policy,
  );
}

type Pin = Pick<LockedPackage, 'name' | 'version' | 'arch' | 'sha256'>;

function componentsOf(packages: readonly { pin: Pin; file: string }[], policy: LicencePolicy): Component[] {
  return debianParts(
    packages.map(({ pin: { name, version, arch, sha256 }, file }) => {
      return { name, version, arch, sha256, ...aboutPackage(file, { name, version, arch, sha256 }) };
    }),
    policy,
  );
}

/** A package, wherever it is read from, with its copyright file and the texts of licences that others' files point to. */
export interface DebianPackage {
  name: string;
  version: string;
  arch: string;
  /** Of the file that it came as. */
  sha256?: string;
  distribution?: string;
  /** What it was built from, and the version of that. */
  source: string;
  built: string;
  /** Empty: its neighbours of the same source say it. */
  text: string;
  common: readonly string[];
}

/** Packages as components: what people have read of them counts, then their own words, then those of a neighbour. */
export function debianParts(packages: readonly DebianPackage[], policy: LicencePolicy): Component[] {
  const neighbours = new Map(packages.filter(({ text }) => text !== '').map((one) => [one.source, one.text]));
  return packages.map(({ source, built, text: own, common, ...names }): Component => {
    const neighbour = neighbours.get(source) ?? '';
    const byPeople = policy.debian[source];
    const words = machineReadable(own);
    const says = byPeople !== undefined ? [byPeople] : words.length > 0 ? words : machineReadable(neighbour);
    const texts = [own === '' ? neighbour : own, ...common].filter((one) => one !== '');
    return { ecosystem: 'deb', ...names, source: `${source} ${built}`, says, texts };
  });
}

/** Most images have most packages in common. */
const known = new Map<string, ReturnType<typeof readPackage>>();

function aboutPackage(file: string, pin: Pin): ReturnType<typeof readPackage> {
  const about = known.get(pin.sha256) ?? readPackage(file, pin);
  known.set(pin.sha256, about);
  return about;
}

/** A package's source and the version of that, and its copyright file. */
function readPackage(file: string, { name, version }: Pin) {
  const field = execFileSync('dpkg-deb', ['--field', file, 'Source'], { encoding: 'utf8' }).trim();
  const { source, built } = sourceOf(field, { name, version });
  const text = filesIn(file, './usr/share/doc/*/copyright');
  // The texts that the others' files point to.
  const common = name === 'base-files' ? [filesIn(file, './usr/share/common-licenses/*')] : [];
  return { source, built, text, common };
}

/** What `Source:` of a package says, which is left out where the source is called as the package. */
export function sourceOf(field: string, { name, version }: { name: string; version: string }) {
  const [, source = name, built = version] = /^(\S+)(?: \((\S+)\))?$/.exec(field) ?? [];
  return { source, built };
}

function filesIn(file: string, pattern: string): string {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout --wildcards "$2" 2>/dev/null || true';
  return execFileSync('sh', ['-c', script, 'sh', file, pattern], { encoding: 'utf8', maxBuffer: 64 << 20 });
}

/** The licences that a machine-readable copyright file (DEP-5) names; none where it is another. */
export function machineReadable(text: string): string[] {
  if (!/^format(?:-specification)?:/im.test(text.slice(0, 2000))) return [];
  const named = [...text.matchAll(/^License:[ \t]*(\S.*)$/gm)].map((match) => match[1]!.trim());
  return [...new Set(named)].sort();
}
