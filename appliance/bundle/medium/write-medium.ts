import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { MANIFEST } from '../format/checksums.ts';
import { type Listing, listBundle, type Place } from '../verify/listing.ts';
import { mediumError } from '../verify/medium.ts';
import { type Verified, type VerifyOptions, verifyBundle } from '../verify/verify-bundle.ts';
import { forgetCached, syncMedium } from './settle.ts';

export interface WriteMediumOptions extends Pick<VerifyOptions, 'anchor' | 'known' | 'at' | 'host' | 'hashers'> {
  /** The folder that the medium is mounted at. */
  medium: string;
  /** Takes the place of a bundle of the same name; otherwise one that is there is refused. */
  replace?: boolean;
  /** How this host lets go of what it remembers; answers whether it could. */
  forget?: (folder: string) => boolean;
  /** What is read back is verified as a bundle; as something else where that was written. */
  verify?: (at: string, options: VerifyOptions) => Promise<Verified>;
  progress?: (phase: 'writing' | 'reading back', done: number, total: number) => void;
}

export interface Written extends Verified {
  /** Where it lies on the medium. */
  at: string;
  /** False where this host does not let go of what it has in memory: then the medium itself was perhaps not read. */
  fromMedium: boolean;
}

/**
 * Writes a bundle to a medium and reads it back: every file, each on the medium before the next, the signed lists last, so
 * that what was broken off is no bundle; then what the host remembers of it is let go, and the copy is verified from trust
 * to the last byte. A copy that did not hold is taken away.
 * Throws `VALIDATION_ERROR` for a name that is taken, `DISK_FULL` before anything is written where there is no room,
 * `BUNDLE_MEDIUM_FAILED` where the medium ends, and as `verifyBundle`. O(bytes); memory does not grow with them.
 */
export async function writeMedium(bundle: string, options: WriteMediumOptions): Promise<Written> {
  const { medium, replace = false, forget = forgetCached, verify = verifyBundle, progress, hashers } = options;
  const listing = listBundle(bundle);
  const at = join(medium, basename(bundle).replace(/\.tar$/, ''));
  // One without its list was broken off.
  if (existsSync(join(at, MANIFEST)) && !replace) throw taken(at);
  try {
    rmSync(at, { recursive: true, force: true });
    refuseWithoutRoom(medium, listing);
    await writeAll(listing, at, hashers, (done, total) => progress?.('writing', done, total));
    syncMedium(medium);
    const fromMedium = forget(at);
    const verified = await verify(at, {
      ...options,
      target: null,
      progress: (done, total) => progress?.('reading back', done, total),
    });
    return { ...verified, at, fromMedium };
  } catch (error) {
    // One that was pulled out cannot be tidied; the next try does it.
    await Promise.resolve()
      .then(() => rmSync(at, { recursive: true, force: true }))
      .catch(() => undefined);
    throw whatWentWrong(error, medium);
  }
}

async function writeAll(
  { control, files }: Listing,
  folder: string,
  hashers: VerifyOptions['hashers'],
  progress: (done: number, total: number) => void,
): Promise<void> {
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const to = (path: string): string => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  mkdirSync(folder, { recursive: true });
  // One after the other: a stick that writes in two places at once is slower in both.
  for (const [path, place] of files) {
    const file = to(path);
    closeSync(openSync(file, 'wx', 0o644));
    const { bytes } = await hashers.hash({ place, target: { file, offset: 0 } }, (read) => {
      done += read;
      progress(done, total);
    });
    if (bytes !== place.size) throw shrunk(path, place);
  }
  for (const [path, bytes] of control) writeFileSync(to(path), bytes, { flush: true });
}

function refuseWithoutRoom(medium: string, { control, files }: Listing): void {
  const { blocks, bavail, bsize } = statfsSync(medium);
  // One that does not say how large it is says so when it is full.
  if (blocks === 0) return;
  const sizes = [...[...control.values()].map(({ length }) => length), ...[...files.values()].map(({ size }) => size)];
  // A cluster each for names and folders, beside what the bytes take.
  const needed = sizes.reduce((sum, size) => sum + (Math.ceil(size / bsize) + 1) * bsize, 0);
  if (needed > bavail * bsize) throw full(medium, `${needed} bytes free; there are ${bavail * bsize}`);
}

function whatWentWrong(error: unknown, medium: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return full(medium, 'room for the whole bundle');
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new FrostbyteError('VALIDATION_ERROR', `The medium at ${medium} cannot be written to (${code}).`, {
      cause: error,
      details: [{ field: 'medium', value: medium, constraint: 'a medium that can be written to' }],
    });
  }
  return mediumError(error, medium);
}

function full(medium: string, constraint: string): FrostbyteError {
  return new FrostbyteError('DISK_FULL', `There is no room for the bundle on the medium at ${medium}.`, {
    details: [{ field: 'medium', value: medium, constraint }],
  });
}

function taken(at: string): FrostbyteError {
  return new FrostbyteError(
    'VALIDATION_ERROR',
    `There is a bundle at ${at} already. Take it away, or say that it is to be replaced (--replace).`,
    { details: [{ field: 'medium', value: at, constraint: 'not there yet' }] },
  );
}

function shrunk(path: string, { size }: Place): FrostbyteError {
  return new FrostbyteError(
    'BUNDLE_FILE_TRUNCATED',
    `${path} became shorter while it was copied. Build the bundle again.`,
    {
      details: [{ field: path, constraint: `${size} bytes` }],
    },
  );
}
