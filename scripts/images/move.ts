/**
 * Pins that somebody moves on purpose, to a version that he names: images of others, and programs that are compiled from their
 * modules. Which version that is nobody here decides: data formats and holes hang on it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedModule } from '../go-programs.ts';
import { takeForeign } from './foreign.ts';
import type { ForeignImage } from './lock.ts';
import { ROOT } from './recipe.ts';
import { openRegistry } from './registry.ts';

const PROGRAMS = join(ROOT, 'scripts/go-programs.txt');

/** `qdrant=v1.20.0`, by name. Throws for what is no such pair. */
export function movesOf(words: readonly string[]): Map<string, string> {
  return new Map(
    words.map((word) => {
      const [, name, version] = /^([a-z0-9-]+)=(\S+)$/.exec(word) ?? [];
      if (name === undefined || version === undefined) throw new Error(`${word} is no pin to move: NAME=VERSION`);
      return [name, version];
    }),
  );
}

/**
 * An image of others at another version, or as it is: with the digests and the size of what its registry has, which is fetched
 * and held against them. As it was where it was not asked for and nothing of it is missing.
 */
export async function movedImage(
  image: ForeignImage,
  version: string | undefined,
  { registry, cache }: { registry: string | undefined; cache?: string },
): Promise<ForeignImage> {
  const isWhole = image.manifest_digest === null || image.config_digest !== null;
  if (version === undefined && (isWhole || registry === undefined)) return image;
  if (image.source !== 'registry')
    throw new Error(`${image.name} is an archive: write its digest into images/lock.json`);
  if (registry === undefined)
    throw new Error(`no registry was named (REGISTRY=https://… that has ${image.repository})`);
  const manifest_digest =
    version === undefined ? image.manifest_digest : await openRegistry(registry, image.repository).digestOf(version);
  const moved = { ...image, version: version ?? image.version, manifest_digest, config_digest: null, size: null };
  const { config_digest, size } = await takeForeign(moved, { registry, ...(cache === undefined ? {} : { cache }) });
  return { ...moved, config_digest, size };
}

/** Writes a program's pin at another version, with the hash that Go's checksum database vouches for; says what changed. */
export function moveProgram(name: string, version: string, file = PROGRAMS): string {
  const { path, version: before } = pinnedModule(name);
  const told = execFileSync('go', ['mod', 'download', '-json', `${path}@${version}`], { cwd: ROOT, encoding: 'utf8' });
  const { Sum } = JSON.parse(told) as { Sum: string };
  writeFileSync(file, movedLine(readFileSync(file, 'utf8'), name, version, Sum));
  return `  ${name} ${before} → ${version}`;
}

/** The list of programs with one at another version, also where its linker flags say it. */
export function movedLine(text: string, name: string, version: string, sum: string): string {
  return text
    .split('\n')
    .map((line) => {
      const [program, , before, hash] = line.split(/\s+/);
      if (program !== name || before === undefined || hash === undefined) return line;
      return line.replaceAll(before, version).replace(hash, sum);
    })
    .join('\n');
}
