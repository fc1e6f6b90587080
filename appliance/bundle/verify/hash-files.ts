import { diskError, noRoom } from '../../kernel/durable-file.ts';
import { sideBySide } from '../../kernel/side-by-side.ts';
import type { BundleFile, BundleManifest } from '../format/manifest.ts';
import { compareContent } from './compare.ts';
import type { Hashed, HashJob } from './hash-place.ts';
import type { IncomingCopy } from './incoming-copy.ts';
import type { Place } from './listing.ts';
import { mediumError } from './medium.ts';
import type { Problem } from './problems.ts';

/** Whoever hashes: threads, one a core. */
export interface Hashers {
  /** How many jobs they take at once. */
  readonly atOnce: number;
  hash(job: HashJob, read: (bytes: number) => void): Promise<Hashed>;
}

export interface HashFilesOptions {
  hashers: Hashers;
  /** Where the bytes of each of the files lie. */
  places: ReadonlyMap<string, Place>;
  /** What they are copied into while they are hashed; null: nothing is. */
  copy: IncomingCopy | null;
  progress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Holds every byte of these files against the manifest, on all cores, the largest first so that no core works alone in
 * the end. Answers what is wrong with them, and how many bytes they should be. Throws `BUNDLE_MEDIUM_FAILED`, `DISK_FULL` and
 * the system's errors. O(bytes).
 */
export async function hashFiles(
  bundle: BundleManifest,
  files: readonly BundleFile[],
  { hashers, places, copy, progress }: HashFilesOptions,
): Promise<{ problems: Problem[]; bytes: number }> {
  const problems: Problem[] = [];
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const read = (bytes: number) => {
    done += bytes;
    progress?.(done, total);
  };
  const order = files.toSorted((a, b) => b.size - a.size);
  await sideBySide(order, hashers.atOnce, async (file) => {
    const place = { ...places.get(file.path)!, size: file.size };
    const target = copy?.placeOf(file) ?? null;
    const hashed = await hashers
      .hash({ place, target }, read)
      // No medium that is read has no room: that is where it is copied to.
      .catch((error: NodeJS.ErrnoException) =>
        Promise.reject(
          target !== null && noRoom(error) !== null ? diskError(error, target.file) : mediumError(error, file.path),
        ),
      );
    const problem = compareContent(bundle, file, hashed);
    if (problem !== null) problems.push(problem);
  });
  return { problems, bytes: total };
}
