import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What a tree of files is made of, told so closely that whoever touched one of them since cannot hide it. */

/** One entry as it was. Large numbers are text: they do not fit into a double. */
export interface Stamp {
  /** Below the tree’s root, `''` for the root itself. */
  path: string;
  kind: 'file' | 'folder' | 'link';
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Nanoseconds; the second is the kernel’s own, which nobody sets. */
  modified: string;
  changed: string;
  inode: string;
  /** Where a link points. */
  target?: string;
}

/**
 * Every entry of a tree, folders before what is in them, without those that are left out by their path below the root.
 * Sockets and pipes belong to who listens at them, and are not told. What vanishes meanwhile is not there.
 */
export function* stampsOf(root: string, without: readonly string[], path = ''): Generator<Stamp> {
  const stamp = stampOf(root, path);
  if (stamp === null) return;
  yield stamp;
  if (stamp.kind !== 'folder') return;
  for (const name of namesIn(join(root, path))) {
    const below = path === '' ? name : `${path}/${name}`;
    if (!without.includes(below)) yield* stampsOf(root, without, below);
  }
}

/** One entry; null where there is none, or nothing that is kept. */
export function stampOf(root: string, path: string): Stamp | null {
  const file = join(root, path);
  const found = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return null;
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : null;
  if (kind === null) return null;
  return {
    path,
    kind,
    mode: Number(found.mode) & 0o7777,
    uid: Number(found.uid),
    gid: Number(found.gid),
    size: Number(found.size),
    modified: `${found.mtimeNs}`,
    changed: `${found.ctimeNs}`,
    inode: `${found.ino}`,
    ...(kind === 'link' ? { target: readlinkSync(file) } : {}),
  };
}

/** Whether a file is the very one that was stamped, with not a byte, name or owner changed since. */
export function isUntouched(now: Stamp | null | undefined, then: Stamp | undefined): boolean {
  if (now === null || now === undefined || then === undefined || now.kind !== then.kind) return false;
  return (
    now.inode === then.inode && now.changed === then.changed && now.modified === then.modified && now.size === then.size
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw error;
  }
}
