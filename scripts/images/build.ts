/** One image: taken from the cache under the hash of its recipe, or built. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { imageTag, writeImage } from './archive.ts';
import { type Layer, type LayerBlob, layersOf, putLayer } from './layers.ts';
import { ROOT, readRecipe } from './recipe.ts';

const CACHE = join(ROOT, '.cache/images');

export interface BuiltImage {
  name: string;
  /** `frostbyte.local/<name>:<release>`. */
  tag: string;
  /** `sha256:…` of its configuration. */
  id: string;
  /** What a tar of makes `docker load` happy: `manifest.json` and `blobs/`. */
  folder: string;
  /** False when it came from the cache. */
  fresh: boolean;
}

/** The release that the images of this tree carry. */
export function release(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Builds an image, or takes it from the cache. Building needs root, mmdebstrap and Debian's mirror. */
export async function buildImage(name: string, cache = CACHE): Promise<BuiltImage> {
  const recipe = readRecipe(name);
  const layers = layersOf(recipe);
  const folder = join(cache, layers.length === 1 ? layers[0]!.key : hashOfAll(layers.map(({ key }) => key)));
  const built = { name, tag: imageTag(name, release()), folder };
  const stamp = join(folder, 'image.json');
  if (existsSync(stamp)) {
    const { id, tag } = JSON.parse(readFileSync(stamp, 'utf8')) as { id: string; tag: string };
    if (tag === built.tag) return { ...built, id, fresh: false };
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
    const digests = put.map(({ digest }) => digest);
    const id = writeImage(recipe, digests, made, release());
    writeFileSync(join(made, 'packages.txt'), put.map(({ about }) => about).join(''));
    writeFileSync(join(made, 'image.json'), JSON.stringify({ name, tag: built.tag, id }));
    if (layers.length > 1) forgetEarlier(name, cache, layers);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return { ...built, id, fresh: true };
  } finally {
    rmSync(made, { recursive: true, force: true });
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
