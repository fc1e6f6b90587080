import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { openLayoutBlob, readLayoutImage } from '../../appliance/bundle/format/oci-layout.ts';
import type { BroughtImage, OpenBlob } from '../../appliance/control/engine/images/port.ts';
import { type PackedLayer, packLayer, writeImage, writeLayer } from '../../scripts/images/archive.ts';
import { readRecipe } from '../../scripts/images/recipe.ts';

/** Images of a few kilobytes, made as the large ones are: real to an engine, and quick to load. */
export interface SmallImages {
  folder: string;
  open: OpenBlob;
  /** A layer that holds one file. */
  layer(file: string, content: string): Promise<PackedLayer>;
  image(name: string, layers: readonly PackedLayer[]): BroughtImage;
  end(): void;
}

export function smallImages(): SmallImages {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-small-images-'));
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  return {
    folder,
    open: openLayoutBlob(folder),
    async layer(file, content) {
      const root = mkdtempSync(join(folder, 'root-'));
      writeFileSync(join(root, file), content, { mode: 0o644 });
      const [tar, packed] = [`${root}.tar`, `${root}.zst`];
      writeLayer(root, tar);
      const made = await packLayer(tar, packed);
      renameSync(packed, join(folder, blobPath(made.digest)));
      return made;
    },
    image(name, layers) {
      const recipe = { ...readRecipe('redis'), name };
      const { manifest_digest } = writeImage(recipe, layers, folder);
      return readLayoutImage(folder, `frostbyte.local/small-${name}:1.2.3`, manifest_digest);
    },
    end: () => rmSync(folder, { recursive: true }),
  };
}
