/** The layers of an image, from the system up. */
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobName } from '../../appliance/bundle/format/oci.ts';
import { applianceLayers } from './appliance.ts';
import { type PackedLayer, packLayer, writeLayer } from './archive.ts';
import type { ImageLock } from './lock.ts';
import { pinsOf } from './lock.ts';
import { fetchPackages } from './packages.ts';
import { hashRecipe, type Recipe } from './recipe.ts';
import { installedPackages, makeRootFileSystem } from './root-file-system.ts';

export interface Layer {
  /** The hash of all that goes into it. */
  key: string;
  /** Fills the folder `root`, which does not exist yet or is empty. */
  fill(root: string): void;
  /** What is said of it beside the image. */
  about?(root: string): string;
}

/** A layer as an image holds it. */
export interface LayerBlob extends PackedLayer {
  about: string;
}

/** An image is the same as long as the keys of its layers are. */
export function layersOf(recipe: Recipe, lock: ImageLock): Layer[] {
  const pins = pinsOf(lock, recipe.name);
  return [
    {
      key: hashRecipe(recipe, pins),
      fill(root) {
        fetchPackages(pins, lock);
        makeRootFileSystem(recipe, pins, root);
      },
      about: installedPackages,
    },
    ...applianceLayers(recipe),
  ];
}

/**
 * Puts a layer into `blobs` under its digest. One that an earlier image was made of is taken from the cache: of an image
 * of several layers mostly the last is new.
 */
export async function putLayer(layer: Layer, blobs: string, cache: string, isKept: boolean): Promise<LayerBlob> {
  const kept = join(cache, `layer-${layer.key}`);
  if (!existsSync(join(kept, 'layer.zst'))) await makeLayer(layer, kept, cache);
  const blob = JSON.parse(readFileSync(join(kept, 'layer.json'), 'utf8')) as LayerBlob;
  linkSync(join(kept, 'layer.zst'), join(blobs, blobName(blob.digest)));
  if (!isKept) rmSync(kept, { recursive: true });
  return blob;
}

async function makeLayer({ fill, about }: Layer, to: string, cache: string): Promise<void> {
  const work = mkdtempSync(join(cache, '.work-'));
  try {
    const [root, made] = [join(work, 'root'), join(work, 'made')];
    mkdirSync(made);
    fill(root);
    const tar = join(work, 'layer.tar');
    writeLayer(root, tar);
    const blob: LayerBlob = { ...(await packLayer(tar, join(made, 'layer.zst'))), about: about?.(root) ?? '' };
    writeFileSync(join(made, 'layer.json'), JSON.stringify(blob));
    rmSync(to, { recursive: true, force: true });
    renameSync(made, to);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
