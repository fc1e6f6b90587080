/** One image: taken from the cache under the hash of its recipe, or built, and held against the lock. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ImageDigests, imageTag, writeImage } from './archive.ts';
import { holdInstalled } from './installed.ts';
import { type Layer, type LayerBlob, layersOf, putLayer } from './layers.ts';
import { type ImageLock, lockedRecipe, readLock } from './lock.ts';
import { ROOT, readRecipe } from './recipe.ts';

const CACHE = join(ROOT, '.cache/images');

export interface BuiltImage extends ImageDigests {
  name: string;
  /** `frostbyte.local/<name>:<release>`. */
  tag: string;
  /** The digest of its first layer, unpacked. */
  system: string;
  /** Its blobs, in `blobs/sha256/`. */
  folder: string;
  /** False when it came from the cache. */
  fresh: boolean;
}

export interface BuildOptions {
  cache?: string;
  lock?: ImageLock;
  /** False: what comes out is not held against the lock, since the lock is being written. */
  isHeld?: boolean;
}

/** The release that the images of this tree carry. */
export function release(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * Builds an image, or takes it from the cache. Building needs root and mmdebstrap, and Debian's mirror for packages that
 * are not in `.cache/packages`. Throws where what comes out is not what the lock says.
 */
export async function buildImage(
  name: string,
  { cache = CACHE, lock = readLock(), isHeld = true }: BuildOptions = {},
): Promise<BuiltImage> {
  const recipe = readRecipe(name);
  const layers = layersOf(recipe, lock);
  const folder = join(cache, layers.length === 1 ? layers[0]!.key : hashOfAll(layers.map(({ key }) => key)));
  const built = { name, tag: imageTag(name, release()), folder };
  const stamp = join(folder, 'image.json');
  if (existsSync(stamp)) {
    const known = JSON.parse(readFileSync(stamp, 'utf8')) as ImageDigests & { system: string };
    const image = { ...known, ...built, fresh: false };
    if (isHeld) holdAgainst(lock, image);
    return image;
  }
  if (process.getuid?.() !== 0)
    throw new Error(`the image ${name} is not in .cache/images, and building it needs root`);
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, '.work-'));
  try {
    const blobs = join(made, 'blobs/sha256');
    mkdirSync(blobs, { recursive: true });
    const put: LayerBlob[] = [];
    for (const layer of layers) put.push(await putLayer(layer, blobs, cache, layers.length > 1));
    const digests = { ...writeImage(recipe, put, made), system: put[0]!.diff_id };
    const image = { ...digests, ...built, fresh: true };
    if (isHeld) holdAgainst(lock, image);
    writeFileSync(join(made, 'packages.txt'), put.map(({ about }) => about).join(''));
    await holdInstalled({ ...image, folder: made }, lock);
    writeFileSync(join(made, 'image.json'), JSON.stringify({ name, ...digests }));
    if (layers.length > 1) forgetEarlier(name, cache, layers);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return image;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** Throws where an image is another than the lock says. */
function holdAgainst(lock: ImageLock, image: BuiltImage): void {
  const locked = lockedRecipe(lock, image.name);
  const mend = 'where that is meant, make images-update PINS=keep writes it down';
  if (locked === null) throw new Error(`images/lock.json has no image ${image.name}: ${mend}`);
  for (const what of ['system', 'config_digest', 'manifest_digest'] as const) {
    if (locked[what] === null || locked[what] === image[what]) continue;
    throw new Error(
      `the image ${image.name} was made with the ${what} ${image[what]}; images/lock.json says ${locked[what]} (written with ${lock.go}): ${mend}`,
    );
  }
}

/** Our own program changes many times a day, and each of its images is made again in seconds. */
function forgetEarlier(name: string, cache: string, layers: readonly Layer[]): void {
  for (const file of globSync('*/image.json', { cwd: cache })) {
    const known = JSON.parse(readFileSync(join(cache, file), 'utf8')) as { name: string };
    if (known.name === name) rmSync(join(cache, dirname(file)), { recursive: true });
  }
  const kept = new Set(layers.map(({ key }) => `layer-${key}`));
  for (const layer of globSync('layer-*', { cwd: cache }))
    if (!kept.has(layer)) rmSync(join(cache, layer), { recursive: true });
}

function hashOfAll(keys: readonly string[]): string {
  return createHash('sha256').update(keys.join(' ')).digest('hex').slice(0, 16);
}
