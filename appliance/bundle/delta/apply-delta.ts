import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isControlFile } from '../format/control-files.ts';
import { type BundleFile, type BundleManifest, readManifest } from '../format/manifest.ts';
import { blobPath } from '../format/oci.ts';
import { type LayoutImage, readLayoutImage } from '../format/oci-layout.ts';
import { hashFiles } from '../verify/hash-files.ts';
import { IncomingCopy } from '../verify/incoming-copy.ts';
import { type Listing, listBundle, type Place } from '../verify/listing.ts';
import { type Problem, refusalOf } from '../verify/problems.ts';
import { controlProblems, genuine, type Verified, type VerifyOptions } from '../verify/verify-bundle.ts';
import { strangers } from './verify-delta.ts';

export interface ApplyOptions extends Omit<VerifyOptions, 'target'> {
  /** The folder of the older bundle: a verified copy, whole or without blobs that the engine has. */
  older: string;
  /** Where the newer bundle is put together; it does not exist yet. Null: it is only seen whether it could be. */
  target: string | null;
  /** The digests of those blobs that the engine here would have to be sent to have these images; null: there is none. */
  needed: ((images: readonly LayoutImage[]) => Promise<ReadonlySet<string>>) | null;
  /**
   * What becomes of it. False: the newer bundle, whole and in its parts, as it was built: every verifier takes it, and it
   * installs. True: a copy to load images from, without blobs that lie in neither bundle as the engine has what they hold.
   */
  lean: boolean;
}

export interface Applied extends Verified {
  /** Blobs that were left out, since they are in neither and the engine has what they hold. */
  in_engine: number;
  /** Bytes of images that the engine here would be sent; null: it was not asked. */
  to_send: number | null;
}

/**
 * Puts a bundle together from a delta and an older bundle. First whom it is from, what of it the engine here lacks as it is
 * now, and whether every file is in one of the two (of a lean one, blobs may be in the engine instead); only then is anything
 * copied, and every byte is held against the newer bundle's signed list, whichever of the two it came from. Throws one refusal
 * that names all that is missing.
 */
export async function applyDelta(delta: string, options: ApplyOptions): Promise<Applied> {
  const { hashers, older, target, progress, lean } = options;
  const listing = listBundle(delta);
  const { trusted, bundle } = genuine(listing.control, options);
  const problems: Problem[] = controlProblems(bundle, listing.control);
  problems.push(...strangers(listing, bundle));
  const places = placesOf(bundle, listing, older);
  const { unsent, to_send } = await askEngine(delta, bundle, places, options);
  for (const { path, size } of bundle.files) {
    if (isControlFile(path) || places.has(path) || unsent.has(path)) continue;
    problems.push({
      code: 'BUNDLE_FILE_MISSING',
      path,
      remark: `${size} bytes, in neither bundle${lean ? ' nor engine' : ''}: take the full bundle`,
    });
  }
  if (problems.length > 0) throw refusalOf(problems);

  const files = bundle.files.filter(({ path }) => places.has(path));
  const copy = target === null ? null : new IncomingCopy(target, without(bundle, unsent), { isJoined: lean });
  try {
    const { problems: found, bytes } = await hashFiles(bundle, files, { hashers, places, copy, progress });
    for (const each of found) problems.push({ ...each, remark: `${each.remark}; from ${places.get(each.path)!.file}` });
    if (problems.length > 0) throw refusalOf(problems);
    copy?.keep(listing.control);
    return { ...trusted, bundle, bytes, in_engine: unsent.size, to_send };
  } finally {
    copy?.end();
  }
}

/** Where each file's bytes lie, as far as lists say: what they really are is seen when they are copied. */
function placesOf(bundle: BundleManifest, { files }: Listing, older: string): Map<string, Place> {
  const held = heldBy(older);
  const places = new Map<string, Place>();
  for (const file of bundle.files) {
    if (isControlFile(file.path)) continue;
    const place = files.get(file.path) ?? held.get(file.sha256);
    if (place !== undefined && place.size === file.size) places.set(file.path, place);
  }
  return places;
}

/** What an older bundle's folder holds, by hash: files as they are listed, and parts within the wholes that a copy has. */
function heldBy(older: string): Map<string, Place> {
  const list = join(older, 'MANIFEST.json');
  if (!existsSync(list)) throw refusalOf([{ code: 'BUNDLE_FILE_MISSING', path: 'MANIFEST.json', remark: older }]);
  const { files, joined } = readManifest(readFileSync(list, 'utf8'));
  const parts = new Map<string, { file: string; offset: number }>();
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  for (const whole of joined) {
    let offset = 0;
    for (const part of whole.parts) {
      parts.set(part, { file: join(older, whole.path), offset });
      offset += sizes.get(part)!;
    }
  }
  const held = new Map<string, Place>();
  for (const { path, size, sha256 } of files) {
    for (const { file, offset } of [{ file: join(older, path), offset: 0 }, parts.get(path) ?? []].flat()) {
      const about = lstatSync(file, { throwIfNoEntry: false });
      if (about?.isFile() && about.size >= offset + size && (offset > 0 || parts.has(path) || about.size === size))
        held.set(sha256, { file, offset, size });
    }
  }
  return held;
}

/** What the engine would be sent, and which of the blobs that lie in neither folder it needs no more. */
async function askEngine(
  delta: string,
  bundle: BundleManifest,
  places: ReadonlyMap<string, Place>,
  { needed, lean }: ApplyOptions,
): Promise<{ unsent: Set<string>; to_send: number | null }> {
  const layout = join(delta, 'images');
  // Their manifests and configurations are in every delta.
  const isThere = bundle.images.every(({ manifest_digest, config_digest }) =>
    [manifest_digest, config_digest].every((digest) => existsSync(join(layout, blobPath(digest)))),
  );
  if (needed === null || !isThere) return { unsent: new Set(), to_send: null };
  const images = bundle.images.map(({ reference, manifest_digest }) =>
    readLayoutImage(layout, reference, manifest_digest),
  );
  const wanted = await needed(images);
  const blobs = new Map(images.flatMap(({ layers }) => layers.map(({ digest, size }) => [digest, size])));
  const to_send = [...blobs].reduce((sum, [digest, size]) => sum + (wanted.has(digest) ? size : 0), 0);
  // A part is needed where its whole is.
  const wholes = new Map(bundle.joined.flatMap(({ sha256, parts }) => parts.map((part) => [part, sha256])));
  const isWanted = ({ path, sha256 }: BundleFile) => wanted.has(`sha256:${wholes.get(path) ?? sha256}`);
  const absent = bundle.files.filter(({ path }) => path.startsWith('images/blobs/') && !places.has(path));
  return { unsent: new Set(lean ? absent.filter((file) => !isWanted(file)).map(({ path }) => path) : []), to_send };
}

function without(bundle: BundleManifest, left: ReadonlySet<string>): BundleManifest {
  const isThere = ({ path }: BundleFile) => !left.has(path);
  const gone = new Set(bundle.joined.filter(({ parts }) => parts.some((part) => left.has(part))));
  const parts = new Set([...gone].flatMap((whole) => whole.parts));
  return {
    ...bundle,
    files: bundle.files.filter((file) => isThere(file) && !parts.has(file.path)),
    joined: bundle.joined.filter((whole) => !gone.has(whole)),
  };
}
