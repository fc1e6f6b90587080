import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Control, isControlFile } from '../format/control-files.ts';
import { pathRefused } from '../format/manifest.ts';
import { plainFilesAlone, THERE_ONCE, whatIsWrongWithPath } from '../format/paths.ts';
import { BLOCK, paddingOf, TAR_END } from '../format/tar.ts';
import { mediumError } from './medium.ts';
import { entryOf, MOST_ENTRIES, PADDING_SAYS, refuseLargeControl, tarInvalid, tooMany } from './tar-entry.ts';

/** Where a file of a bundle lies: so many bytes of a file on the medium. */
export interface Place {
  file: string;
  offset: number;
  size: number;
}

/** What a medium holds, before anything of it is believed. */
export interface Listing {
  control: Control;
  /** Every other file by its path. */
  files: ReadonlyMap<string, Place>;
}

/**
 * Lists a bundle that lies in a folder, or as a tar in a file or on a device. Nothing is written, and no link is followed but
 * one that is named itself.
 * Throws `BUNDLE_LINK_REFUSED` for what is no plain file, `BUNDLE_PATH_…` for paths that no bundle has, `BUNDLE_TOO_LARGE`,
 * `BUNDLE_TAR_INVALID`, and `BUNDLE_MEDIUM_FAILED`. O(files).
 */
export function listBundle(at: string): Listing {
  try {
    return statSync(at).isDirectory() ? listFolder(at) : listTar(at);
  } catch (error) {
    throw mediumError(error, at);
  }
}

function listFolder(root: string): Listing {
  const control = new Map<string, Buffer>();
  const files = new Map<string, Place>();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const rule =
        entry.isDirectory() || entry.isFile()
          ? whatIsWrongWithPath(path)
          : plainFilesAlone(': no links, pipes or devices');
      if (rule !== null) throw pathRefused(path, rule);
      if (files.size + control.size + folders.length > MOST_ENTRIES) throw tooMany();
      if (entry.isDirectory()) folders.push(path);
      else if (isControlFile(path)) control.set(path, readWhole({ file: join(root, path), offset: 0, size: -1 }, path));
      else {
        const file = join(root, path);
        files.set(path, { file, offset: 0, size: lstatSync(file).size });
      }
    }
  }
  return { control, files };
}

function listTar(file: string): Listing {
  const control = new Map<string, Buffer>();
  const files = new Map<string, Place>();
  const fd = openSync(file, constants.O_RDONLY);
  try {
    const block = Buffer.alloc(BLOCK);
    for (let offset = 0; ; ) {
      if (!fill(fd, block, offset)) throw tarInvalid('it ends in the middle; copy it again');
      if (block.every((byte) => byte === 0)) {
        endTar(fd, offset);
        return { control, files };
      }
      const entry = entryOf(block);
      if (files.has(entry.path) || control.has(entry.path)) throw pathRefused(entry.path, THERE_ONCE);
      if (files.size + control.size > MOST_ENTRIES) throw tooMany();
      const place = { file, offset: offset + BLOCK, size: entry.size };
      if (isControlFile(entry.path)) {
        if (files.size > 0) throw tarInvalid(`${entry.path} stands behind other files`);
        control.set(entry.path, readWhole(place, entry.path));
      } else files.set(entry.path, place);
      offset += BLOCK + entry.size;
      const padding = Buffer.alloc(paddingOf(entry.size));
      if (!fill(fd, padding, offset)) throw tarInvalid('it ends in the middle; copy it again');
      if (padding.some((byte) => byte !== 0)) throw tarInvalid(PADDING_SAYS);
      offset += padding.length;
    }
  } finally {
    closeSync(fd);
  }
}

/** Two empty blocks, and nothing behind them; a device goes on, with what was on it before. */
function endTar(fd: number, offset: number): void {
  const end = Buffer.alloc(TAR_END.length);
  if (!fill(fd, end, offset) || !end.equals(TAR_END)) throw tarInvalid('it ends in the middle; copy it again');
  const about = fstatSync(fd);
  if (about.isFile() && about.size !== offset + TAR_END.length) throw tarInvalid('something follows its end');
}

/** A control file, whole; `size` −1: as large as it is. */
function readWhole({ file, offset, size }: Place, path: string): Buffer {
  const fd = openSync(file, constants.O_RDONLY | (offset === 0 ? constants.O_NOFOLLOW : 0));
  try {
    const length = size === -1 ? fstatSync(fd).size : size;
    refuseLargeControl(path, length);
    const bytes = Buffer.alloc(length);
    if (!fill(fd, bytes, offset)) throw tarInvalid(`it ends in the middle of ${path}; copy it again`);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function fill(fd: number, buffer: Buffer, position: number): boolean {
  let done = 0;
  while (done < buffer.length) {
    const read = readSync(fd, buffer, done, buffer.length - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
