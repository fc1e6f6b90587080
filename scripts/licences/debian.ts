/** What Debian's packages say of their licences: in the copyright file that each brings, or shares with its neighbours. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { LockedPackage } from '../images/lock.ts';
import { ROOT } from '../images/recipe.ts';
import type { Component, LicencePolicy } from './policy.ts';

const CACHE = join(ROOT, '.cache/packages');

/** Packages as components; their files must be in `.cache/packages`. O(bytes of the packages). */
export function debianComponents(pins: readonly LockedPackage[], policy: LicencePolicy, cache = CACHE): Component[] {
  const read = pins.map((pin) => ({ pin, ...aboutPackage(join(cache, `${pin.sha256}.deb`), pin) }));
  const bySource = new Map(read.filter(({ says }) => says.length > 0).map(({ source, says }) => [source, says]));
  return read.map(({ pin: { name, version, arch, sha256 }, source, says }) => {
    const byPeople = policy.debian[source];
    const words = byPeople !== undefined ? [byPeople] : says.length > 0 ? says : (bySource.get(source) ?? []);
    return { ecosystem: 'deb', name, version, arch, sha256, says: words };
  });
}

function aboutPackage(file: string, { name }: LockedPackage): { source: string; says: string[] } {
  const source = execFileSync('dpkg-deb', ['--field', file, 'Source'], { encoding: 'utf8' }).trim().split(' ')[0];
  const script =
    'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout --wildcards "./usr/share/doc/*/copyright" 2>/dev/null || true';
  const text = execFileSync('sh', ['-c', script, 'sh', file], { encoding: 'utf8', maxBuffer: 64 << 20 });
  return { source: source || name, says: machineReadable(text) };
}

/** The licences that a machine-readable copyright file (DEP-5) names; none where it is another. */
export function machineReadable(text: string): string[] {
  if (!/^format(?:-specification)?:/im.test(text.slice(0, 2000))) return [];
  const named = [...text.matchAll(/^License:[ \t]*(\S.*)$/gm)].map((match) => match[1]!.trim());
  return [...new Set(named)].sort();
}
