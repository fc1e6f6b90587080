import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import { MANIFEST } from '../../format/checksums.ts';
import { readManifest } from '../../format/manifest.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { ReleaseImages } from '../../install/tools.ts';
import type { Phase } from '../../operation/phase.ts';

/** Removes releases, and their names of images, that nothing goes back to any more: all but the current one and the one before. */
export function dropOlder(
  { releases }: HostLayout,
  kept: readonly string[],
  images: Pick<ReleaseImages, 'forget'> | null,
): Phase {
  const older = () =>
    existsSync(releases) ? readdirSync(releases).filter((name) => !name.startsWith('.') && !kept.includes(name)) : [];
  return {
    name: 'older',
    title: 'Remove releases that nothing goes back to',
    seconds: 2,
    check: async () => older().length === 0,
    async do({ note }) {
      for (const version of older()) {
        const folder = join(releases, version);
        for (const reference of referencesOf(folder)) await images?.forget(reference);
        rmSync(folder, { recursive: true });
        note(`removed: release ${version}`);
      }
      syncFolder(releases);
    },
    undo: null,
  };
}

/** What is no release that can be read has no images that are known. */
function referencesOf(folder: string): string[] {
  try {
    return readManifest(readFileSync(join(folder, MANIFEST), 'utf8')).images.map(({ reference }) => reference);
  } catch {
    return [];
  }
}
