/** One image: taken from the cache under the hash of its recipe, or built. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageTag, writeImage } from './archive.ts';
import { hashRecipe, ROOT, readRecipe } from './recipe.ts';
import { installedPackages, makeRootFileSystem } from './root-file-system.ts';

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
  const folder = join(cache, hashRecipe(recipe));
  const built = { name, tag: imageTag(name, release()), folder };
  const stamp = join(folder, 'image.json');
  if (existsSync(stamp)) {
    const { id, tag } = JSON.parse(readFileSync(stamp, 'utf8')) as { id: string; tag: string };
    if (tag === built.tag) return { ...built, id, fresh: false };
  }
  if (process.getuid?.() !== 0)
    throw new Error(`the image ${name} is not in .cache/images, and building it needs root`);
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, '.work-'));
  try {
    const root = join(work, 'root');
    makeRootFileSystem(recipe, root);
    const made = join(work, 'image');
    const id = await writeImage(recipe, root, made, release());
    writeFileSync(join(made, 'packages.txt'), installedPackages(root));
    writeFileSync(join(made, 'image.json'), JSON.stringify({ name, tag: built.tag, id }));
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
    return { ...built, id, fresh: true };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
