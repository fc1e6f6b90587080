/**
 * The packages that images are made of: by their pins, from `.cache/packages/` or from a mirror. What was fetched once stays,
 * whatever becomes of the mirror.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Debian, openDebian } from './debian.ts';
import type { LockedPackage } from './lock.ts';
import { ROOT } from './recipe.ts';

const CACHE = join(ROOT, '.cache/packages');

const fileOf = (cache: string, { sha256 }: LockedPackage) => join(cache, `${sha256}.deb`);

/**
 * Fetches what the cache lacks. Throws an error that names every pin that no mirror has any more: nothing else is taken in
 * its place.
 */
export function fetchPackages(
  pins: readonly LockedPackage[],
  { suite, arch, cache = CACHE, debian: given }: { suite: string; arch: string; cache?: string; debian?: Debian },
): void {
  const missing = pins.filter((pin) => !existsSync(fileOf(cache, pin)));
  if (missing.length === 0) return;
  mkdirSync(cache, { recursive: true });
  const debian = given ?? openDebian(suite, arch);
  try {
    const vanished = missing.filter((pin) => !debian.has(pin));
    if (vanished.length > 0) {
      const names = vanished.map(({ name, version }) => `${name} ${version}`).join(', ');
      throw new Error(
        `the mirror has no more of these pins of images/lock.json: ${names}. Bring them from another build host’s .cache/packages, or move the pins: make images-update`,
      );
    }
    const came = mkdtempSync(join(cache, '.incoming-'));
    try {
      const files = new Map(debian.download(missing, came).map((file) => [sha256Of(file), file]));
      for (const pin of missing) {
        const file = files.get(pin.sha256);
        if (file === undefined)
          throw new Error(
            `the mirror’s ${pin.name} ${pin.version} has another hash than images/lock.json says: ${pin.sha256}`,
          );
        renameSync(file, fileOf(cache, pin));
      }
    } finally {
      rmSync(came, { recursive: true });
    }
  } finally {
    if (given === undefined) debian.end();
  }
}

/**
 * Writes a repository that holds these packages and no other into `folder`, which exists, as the suite that they are from.
 * Each is held against its pin once more: the cache is only a folder.
 */
export function writeRepository(pins: readonly LockedPackage[], suite: string, folder: string, cache = CACHE): void {
  const entries = pins.map((pin) => {
    const from = fileOf(cache, pin);
    const is = sha256Of(from);
    if (is !== pin.sha256) {
      rmSync(from);
      throw new Error(
        `${pin.name} ${pin.version} was damaged in the cache and has been removed from it: run this again`,
      );
    }
    const name = `${pin.sha256}.deb`;
    place(from, join(folder, name));
    const control = execFileSync('dpkg-deb', ['--field', from], { encoding: 'utf8' });
    return `${control.trimEnd()}\nFilename: ./${name}\nSize: ${pin.size}\nSHA256: ${pin.sha256}\n`;
  });
  const list = entries.join('\n');
  writeFileSync(join(folder, 'Packages'), list);
  const sum = createHash('sha256').update(list).digest('hex');
  const head = { Origin: 'Debian', Label: 'Debian', Suite: suite, Codename: suite, Components: 'main' };
  const lines = Object.entries(head).map(([key, value]) => `${key}: ${value}\n`);
  const release = `${lines.join('')}Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n ${sum} ${Buffer.byteLength(list)} Packages\n`;
  writeFileSync(join(folder, 'Release'), release);
}

function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
