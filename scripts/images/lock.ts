/** `images/lock.json`: what goes into the images, each package by its hash, and what comes out (spec 7, "Images"). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { pinnedModule } from '../go-programs.ts';
import { type Recipe, ROOT } from './recipe.ts';

export const LOCK_FILE = join(ROOT, 'images/lock.json');

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const text = z.string().min(1).max(200);

const lockedPackage = z.strictObject({
  name: text,
  version: text,
  arch: text,
  size: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const recipeImage = z.strictObject({
  name: text,
  source: z.literal('recipe'),
  /** Of what the image is for: its first package, or the first module compiled into it. Null for our own program. */
  version: text.nullable(),
  /** Of the same, as SPDX names it; each package's own stands in the image's bill of materials. */
  licence: text.nullable(),
  /** Names of packages, all that are installed; their pins stand in `packages`. */
  packages: z.array(text),
  /** The digest of its first layer, unpacked. */
  system: digest,
  /** Null where our own program is in it, which every commit changes: the bundle's manifest has those. */
  config_digest: digest.nullable(),
  manifest_digest: digest.nullable(),
  /** Bytes of all its blobs. */
  size: z.number().int().positive().nullable(),
});

const foreign = {
  name: text,
  version: text,
  licence: text,
  /** Null as long as nobody pinned it: then it is not taken. */
  manifest_digest: digest.nullable(),
  /** Of this architecture's image, and the bytes of its blobs: null until one has been fetched (`make images-update`). */
  config_digest: digest.nullable(),
  size: z.number().int().positive().nullable(),
  /** The image of ours in whose place it may be put. */
  replaces: text.optional(),
};

/** Pulled by digest on a build host that reaches a registry. */
const registryImage = z.strictObject({ source: z.literal('registry'), repository: text, ...foreign });
/** An archive on the build host's disk: an OCI layout, which is what `docker save` writes from 25 on. */
const archiveImage = z.strictObject({ source: z.literal('archive'), file: text, ...foreign });

const lockSchema = z.strictObject({
  format: z.literal(1),
  arch: z.enum(['amd64', 'arm64']),
  /** What compiled the programs: another version gives other bytes. */
  go: text,
  suite: text,
  packages: z.array(lockedPackage),
  images: z.array(z.discriminatedUnion('source', [recipeImage, registryImage, archiveImage])),
});

export type ImageLock = z.output<typeof lockSchema>;
export type LockedPackage = z.output<typeof lockedPackage>;
export type LockedImage = ImageLock['images'][number];
export type LockedRecipe = Extract<LockedImage, { source: 'recipe' }>;
export type ForeignImage = Exclude<LockedImage, { source: 'recipe' }>;

/** The lock of this tree; throws an error that names each field that is wrong. */
export function readLock(file = LOCK_FILE): ImageLock {
  const read = lockSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!read.success) throw new Error(`images/lock.json: ${z.prettifyError(read.error)}`);
  const names = new Set(read.data.packages.map(({ name }) => name));
  for (const image of read.data.images) {
    const missing = image.source === 'recipe' ? image.packages.find((name) => !names.has(name)) : undefined;
    if (missing !== undefined) throw new Error(`images/lock.json: ${image.name} needs ${missing}, which has no pin`);
  }
  return read.data;
}

/** Throws where this host is not of the architecture that the lock pins packages of. */
export function requireArchitecture({ arch }: Pick<ImageLock, 'arch'>, host: string = process.arch): void {
  const own = ARCHITECTURES[host];
  if (own === arch) return;
  throw new Error(
    `images/lock.json pins packages of ${arch}, and this host is ${own ?? host}: build on a host that is ${arch}.${own === undefined ? '' : ` Releases for ${own} need a lock of their own (make images-update on such a host), and nobody has tried one.`}`,
  );
}

/** Throws where Go is another than the one whose programs the lock knows: they would come out otherwise. `here`: null where there is none. */
export function requireCompiler({ go }: Pick<ImageLock, 'go'>, here: string | null): void {
  if (here?.trim() === go) return;
  throw new Error(
    `images/lock.json was written with ${go}, and this host has ${here?.trim() ?? 'no Go'}: install that version, or move the lock to this one (make images-update PINS=keep) and look at what it changes.`,
  );
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Sorted, one package a line: what changed is seen in a diff. */
export function writeLock(lock: ImageLock, file = LOCK_FILE): void {
  const sorted = <T extends { name: string }>(list: readonly T[]) =>
    list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { packages, images, ...head } = lock;
  const lines = (list: readonly unknown[]) => list.map((one) => `    ${JSON.stringify(one)}`).join(',\n');
  const about = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  const body = `  "packages": [\n${lines(sorted(packages))}\n  ],\n  "images": ${indent(sorted(images))}\n`;
  writeFileSync(file, `{\n${about.join('')}${body}}\n`);
}

function indent(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
}

/** The version of what an image is for, by its pins and by what is compiled into it. */
export function versionOf(
  { packages, programs }: Pick<Recipe, 'packages' | 'programs'>,
  pins: readonly Pick<LockedPackage, 'name' | 'version'>[],
): string | null {
  const module = programs.flatMap((one) => ('module' in one ? [one.module] : []))[0];
  if (module !== undefined) return pinnedModule(module).version;
  const first = packages[0];
  return pins.find(({ name }) => name === first)?.version ?? null;
}

/** What the lock says of an image that is made by a recipe. */
export function lockedRecipe(lock: ImageLock, name: string): LockedRecipe | null {
  const found = lock.images.find((image) => image.name === name);
  return found?.source === 'recipe' ? found : null;
}

/** The pins of an image, sorted by name. */
export function pinsOf(lock: ImageLock, name: string): LockedPackage[] {
  const names = new Set(lockedRecipe(lock, name)?.packages ?? []);
  return lock.packages.filter((one) => names.has(one.name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What became of pins, a line each: nothing where they are the same. */
export function changesOf(before: readonly LockedPackage[], after: readonly LockedPackage[]): string[] {
  const [old, now] = [before, after].map((list) => new Map(list.map((one) => [one.name, one])));
  const names = [...new Set([...old!.keys(), ...now!.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old!.get(name), now!.get(name)];
    if (was === undefined) return `+ ${name} ${is!.version}`;
    if (is === undefined) return `- ${name} ${was.version}`;
    if (was.version !== is.version) return `  ${name} ${was.version} → ${is.version}`;
    return was.sha256 === is.sha256 ? [] : `  ${name} ${is.version}: the same version has other bytes`;
  });
}
