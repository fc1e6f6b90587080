import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CONTROL_FILES, isControlFile } from '../format/control-files.ts';
import { type BundleManifest, pathRefused } from '../format/manifest.ts';
import { plainFilesAlone, whatIsWrongWithPath } from '../format/paths.ts';
import { paddingOf, TAR_END, tarHeader } from '../format/tar.ts';

/**
 * A bundle's folder as a tar, piece by piece: control files first, then by path, so that whoever reads it as a stream knows
 * whom it is from before anything else comes. The same folder gives the same bytes. O(bytes), one piece in memory.
 */
export async function* tarBundle(folder: string, { files }: Pick<BundleManifest, 'files'>): AsyncIterable<Buffer> {
  // A stick’s file system may not know which files are programs.
  const programs = new Set(files.filter(({ executable }) => executable).map(({ path }) => path));
  for (const path of await orderOf(folder)) {
    const file = join(folder, path);
    const { size } = await lstat(file);
    yield tarHeader({ path, size, executable: programs.has(path) });
    for await (const piece of createReadStream(file, { highWaterMark: 4 << 20 })) yield piece as Buffer;
    yield Buffer.alloc(paddingOf(size));
  }
  yield TAR_END;
}

async function orderOf(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    const rule = entry.isFile() ? whatIsWrongWithPath(path) : plainFilesAlone();
    if (rule !== null) throw pathRefused(path, rule);
    paths.push(path);
  }
  const control = CONTROL_FILES.filter((path) => paths.includes(path));
  return [...control, ...paths.filter((path) => !isControlFile(path)).sort()];
}
