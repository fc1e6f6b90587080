import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledImages } from '../../build/oci-layout.ts';
import { MANIFEST } from '../../format/checksums.ts';
import { readManifest } from '../../format/manifest.ts';
import { openLayoutBlob } from '../../format/oci-layout.ts';
import type { Phase } from '../../operation/phase.ts';
import type { ReleaseImages } from '../tools.ts';

/** Bytes a second that an engine takes, unpacked and on the disk, on a small host. */
const PACE = 25 << 20;

/**
 * The release's images in the engine: only what it lacks is sent, each blob held against its digest on the way, and each image
 * against its id. Undone, the names go that this operation brought.
 */
export function loadReleaseImages(release: string, bytes: number, engine: ReleaseImages): Phase {
  const layout = join(release, 'images');
  const images = () => bundledImages(release, readManifest(readFileSync(join(release, MANIFEST), 'utf8')));
  return {
    name: 'images',
    title: 'Load the images that the engine lacks',
    seconds: 2 + bytes / PACE,
    check: async () => (await engine.lacking(images())).length === 0,
    before: () => engine.lacking(images()),
    async do({ progress, signal, note }) {
      const loaded = await engine.load(images(), openLayoutBlob(layout), { signal, progress });
      const sent = loaded.filter(({ how }) => how === 'loaded');
      const size = sent.reduce((sum, each) => sum + each.sent, 0);
      note(`${sent.length} of ${loaded.length} images were sent, ${(size / 1e6).toFixed(1)} MB; the others were there`);
    },
    async undo({ before }) {
      for (const reference of before as string[]) await engine.forget(reference);
    },
  };
}
