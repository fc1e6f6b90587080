import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { isControlFile } from '../format/control-files.ts';
import { type BundleFile, type BundleManifest, readManifest } from '../format/manifest.ts';
import { blobPath } from '../format/oci.ts';
import { compareContent } from '../verify/compare.ts';
import { hashPlace } from '../verify/hash-place.ts';
import { listBundle } from '../verify/listing.ts';
import { refusalOf } from '../verify/problems.ts';

export interface Delta {
  from: string;
  to: string;
  files: number;
  bytes: number;
  /** Of the whole new bundle. */
  of_bytes: number;
}

/**
 * Writes the delta from one bundle to a newer one into `out`, which does not exist yet: the newer one's lists, signatures
 * and whatever the older one lacks, by hash. It is the newer bundle with files left out: whoever has the older one puts them
 * together and verifies it by the newer one's signature, so a delta is signed by nobody and believed by nobody. Manifests and
 * configurations of images always come along. Throws `BUNDLE_…` where a bundle is not one. O(bytes of the delta).
 */
export function makeDelta(older: string, newer: string, out: string): Delta {
  if (existsSync(out)) {
    throw new FrostbyteError('VALIDATION_ERROR', `There is something at ${out} already.`, {
      details: [{ field: 'out', value: out, constraint: 'not there yet' }],
    });
  }
  const [old, now] = [older, newer].map((at) => listBundle(at));
  const [before, after] = [manifestOf(old!.control, older), manifestOf(now!.control, newer)];
  const chosen = filesOfDelta(before, after);
  const folder = `${out}.building`;
  rmSync(folder, { recursive: true, force: true });
  try {
    for (const [path, bytes] of now!.control) write(join(folder, path), bytes);
    for (const file of chosen) {
      const place = now!.files.get(file.path);
      if (place === undefined) throw refusalOf([{ code: 'BUNDLE_FILE_MISSING', path: file.path, remark: newer }]);
      const to = join(folder, file.path);
      write(to, Buffer.alloc(0));
      const problem = compareContent(after, file, hashPlace({ place, target: { file: to, offset: 0 } }));
      if (problem !== null) throw refusalOf([problem]);
    }
    renameSync(folder, out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const sum = (files: readonly BundleFile[]) => files.reduce((bytes, { size }) => bytes + size, 0);
  const control = [...now!.control.values()].reduce((bytes, { length }) => bytes + length, 0);
  return {
    from: before.version,
    to: after.version,
    files: chosen.length + now!.control.size,
    bytes: sum(chosen) + control,
    of_bytes: sum(after.files) + control,
  };
}

/** What of the newer bundle the older one does not hold, wherever it lies there. */
export function filesOfDelta(before: BundleManifest, after: BundleManifest): BundleFile[] {
  const held = new Set(before.files.map(({ sha256 }) => sha256));
  const always = new Set(
    after.images.flatMap((image) =>
      [image.manifest_digest, image.config_digest].map((one) => `images/${blobPath(one)}`),
    ),
  );
  return after.files.filter(({ path, sha256 }) => !isControlFile(path) && (always.has(path) || !held.has(sha256)));
}

function manifestOf(control: ReadonlyMap<string, Buffer>, at: string): BundleManifest {
  const bytes = control.get('MANIFEST.json');
  if (bytes === undefined) throw refusalOf([{ code: 'BUNDLE_FILE_MISSING', path: 'MANIFEST.json', remark: at }]);
  return readManifest(bytes.toString('utf8'));
}

function write(file: string, bytes: Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
