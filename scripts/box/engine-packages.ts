/** The distribution's packages of a Docker Engine, as a folder that a bundle can bring (spec 7, "Compose"). */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDebian } from '../images/debian.ts';

const WANTED = ['docker.io', 'iptables'];

/** Fetches what a system at `root` lacks for an engine, each package held against the hash that the mirror's signed lists give. */
export function enginePackages(root: string, folder: string, { suite, arch }: { suite: string; arch: string }): void {
  const installed = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
  const debian = openDebian(suite, arch, installed);
  const work = mkdtempSync(join(dirname(folder), 'packages-'));
  try {
    const [came, made] = [join(work, 'came'), join(work, 'made')];
    for (const each of [came, made]) mkdirSync(each);
    const pins = debian.resolve(WANTED);
    const files = new Map(debian.download(pins, came).map((file) => [sha256Of(file), file]));
    const sums = pins.map(({ name, version, sha256 }) => {
      const file = files.get(sha256);
      if (file === undefined) throw new Error(`the mirror’s ${name} ${version} is not what its lists say: ${sha256}`);
      // A stick's file system takes no other signs.
      const as = `${name}_${version.replaceAll(/[^\w.+-]/g, '-')}.deb`;
      copyFileSync(file, join(made, as));
      return `${sha256}  ${as}\n`;
    });
    writeFileSync(join(made, 'SHA256SUMS'), sums.sort().join(''));
    renameSync(made, folder);
  } finally {
    debian.end();
    rmSync(work, { recursive: true, force: true });
  }
}

const sha256Of = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
