/** The files of an image as a container of it would find them: layer upon layer, less what an upper one takes away. */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { readLayoutImage } from '../../appliance/bundle/format/oci-layout.ts';
import type { BuiltImage } from './build.ts';
import { type LayerEntry, layerEntries } from './layer-entries.ts';

export interface ImageFile {
  /** Where a link leads; null: it is none. */
  target: string | null;
  /** Of a file that a system would run, or load into what runs. */
  program: { sha256: string } | null;
  /** Of a file that was asked for. */
  text: string | null;
}

export interface ImageFiles {
  /** By their paths, without a slash before them. */
  readonly all: ReadonlyMap<string, ImageFile>;
  /** What a file holds that was asked for, found along links; null: it is not there. */
  textOf(path: string): string | null;
}

type Kept = ImageFile & { layer: number };

/** An upper layer says by such a name what of those below is not there any more. */
const GONE = '.wh.';
const ALL_GONE = '.wh..wh..opq';
const ELF = Buffer.from('\x7fELF', 'latin1');
/** More are no list of packages and no licence. */
const MOST_TEXT = 64 << 20;
const MOST_LINKS = 40;

/** Reads all layers of an image; what `isWanted` names is kept as text. Throws for layers that cannot be read. O(bytes). */
export async function filesOfImage(
  { folder, tag, manifest_digest }: Pick<BuiltImage, 'folder' | 'tag' | 'manifest_digest'>,
  isWanted: (path: string) => boolean,
): Promise<ImageFiles> {
  const all = new Map<string, Kept>();
  const folders = new Set<string>();
  for (const [layer, { digest }] of readLayoutImage(folder, tag, manifest_digest).layers.entries()) {
    for await (const entry of layerEntries(join(folder, blobPath(digest)))) {
      const [at, name] = [dirname(entry.path), basename(entry.path)];
      if (name === ALL_GONE) removeBelow(all, at, layer);
      else if (name.startsWith(GONE)) {
        const gone = join(at, name.slice(GONE.length));
        if ((all.get(gone)?.layer ?? layer) < layer) all.delete(gone);
        removeBelow(all, gone, layer);
      } else {
        const file = await fileOf(entry, all, isWanted(entry.path));
        if (entry.kind === 'folder') folders.add(entry.path);
        // What was a folder and is none any more hides all that was in it.
        else if (folders.delete(entry.path)) removeBelow(all, entry.path, layer);
        if (file === null) all.delete(entry.path);
        else all.set(entry.path, { ...file, layer });
      }
    }
  }
  return { all, textOf: (path) => all.get(followed(all, path))?.text ?? null };
}

async function fileOf(entry: LayerEntry, all: ReadonlyMap<string, Kept>, isWanted: boolean): Promise<ImageFile | null> {
  if (entry.kind === 'link') return { target: entry.target, program: null, text: null };
  if (entry.kind === 'hard link') {
    const same = all.get(entry.target.replace(/^(?:\.?\/)+/, ''));
    if (same === undefined) throw new Error(`${entry.path} is the same as ${entry.target}, which is not in the image`);
    return same;
  }
  if (entry.kind !== 'file') return null;
  if (isWanted && entry.size > MOST_TEXT) throw new Error(`${entry.path} is too large for what it should be`);
  const [hash, kept] = [createHash('sha256'), [] as Buffer[]];
  let start = Buffer.alloc(0);
  for await (const piece of entry.content()) {
    hash.update(piece);
    if (start.length < ELF.length) start = Buffer.concat([start, piece.subarray(0, ELF.length)]);
    if (isWanted) kept.push(Buffer.from(piece));
  }
  const isProgram = (entry.mode & 0o111) !== 0 || start.subarray(0, ELF.length).equals(ELF);
  return {
    target: null,
    program: isProgram ? { sha256: hash.digest('hex') } : null,
    text: isWanted ? Buffer.concat(kept).toString('utf8') : null,
  };
}

/** Takes away what layers below this one have under a path. */
function removeBelow(all: Map<string, Kept>, folder: string, layer: number): void {
  const start = folder === '' || folder === '.' ? '' : `${folder}/`;
  for (const [path, { layer: of }] of all) if (of < layer && path.startsWith(start)) all.delete(path);
}

/** Where a path leads, link by link, as a system within the image would go. */
function followed(all: ReadonlyMap<string, ImageFile>, path: string): string {
  let parts = path.split('/');
  let links = 0;
  for (let at = 1; at <= parts.length; at++) {
    const target = all.get(parts.slice(0, at).join('/'))?.target;
    if (target === undefined || target === null) continue;
    if (++links > MOST_LINKS) return path;
    const start = target.startsWith('/') ? '' : parts.slice(0, at - 1).join('/');
    // (Above the root is the root.)
    parts = join('/', start, target, ...parts.slice(at))
      .slice(1)
      .split('/');
    at = 0;
  }
  return parts.join('/');
}
