/**
 * Paths of a bundle: below its folder, of characters that every file system of a stick takes, none that only differs in
 * case from another (FAT32, exFAT). What breaks a rule is refused, never mended.
 */

import type { BundleCode } from '../../kernel/errors.ts';

const MOST_PATH = 200;
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}$/;
/** Names that Windows keeps for devices: a stick that it has written, or is to be copied there, cannot hold them. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A rule that a path breaks: the code that refuses it, and what is allowed. */
export interface PathRule {
  code: BundleCode;
  allowed: string;
}

const name = (allowed: string): PathRule => ({ code: 'BUNDLE_PATH_REFUSED', allowed });

/** What no bundle holds: links, hard links, pipes, devices. */
export const plainFilesAlone = (what = ''): PathRule => ({
  code: 'BUNDLE_LINK_REFUSED',
  allowed: `plain files alone${what}`,
});
/** A path that stands where it stood before. */
export const THERE_ONCE: PathRule = { code: 'BUNDLE_PATH_TWICE', allowed: 'there once' };

/** Why a path may not be in a bundle, or null. */
export function whatIsWrongWithPath(path: string): PathRule | null {
  if (path.length === 0 || path.length > MOST_PATH) return name(`1 to ${MOST_PATH} characters`);
  if (path.startsWith('/')) return { code: 'BUNDLE_PATH_ABSOLUTE', allowed: 'no absolute path' };
  const segments = path.split('/');
  if (segments.includes('..')) return { code: 'BUNDLE_PATH_UPWARD', allowed: 'no way up (..)' };
  for (const segment of segments) {
    if (!SEGMENT.test(segment)) return name('names of letters, digits and . _ + @ -, not beginning with a sign');
    if (segment.endsWith('.') || DEVICES.test(segment)) return name('names that every file system takes');
  }
  return null;
}

/** Which rule two paths break together. */
export function ruleOfCollision({ path, other }: { path: string; other: string }): PathRule {
  if (path === other) return THERE_ONCE;
  if (path.toLowerCase() === other.toLowerCase())
    return { code: 'BUNDLE_PATH_CASE', allowed: `apart from ${other} in more than case` };
  return path.toLowerCase().startsWith(`${other.toLowerCase()}/`) || !other.includes('/')
    ? name(`not below the file ${other}`)
    : { code: 'BUNDLE_PATH_CASE', allowed: `apart from ${other} in more than case` };
}

/** The first path that is there twice, or differs from an earlier one in case alone, or that another needs as a folder. */
export function collision(paths: Iterable<string>): { path: string; other: string } | null {
  const seen = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const path of paths) {
    const folded = path.toLowerCase();
    const other = seen.get(folded) ?? folders.get(folded);
    if (other !== undefined) return { path, other };
    seen.set(folded, path);
    for (let end = folded.lastIndexOf('/'); end > 0; end = folded.lastIndexOf('/', end - 1)) {
      const folder = folded.slice(0, end);
      const file = seen.get(folder);
      if (file !== undefined) return { path, other: file };
      // Folders too: `Docs/a` and `docs/b` become one folder, or two.
      const written = folders.get(folder);
      if (written !== undefined && !written.startsWith(`${path.slice(0, end)}/`)) return { path, other: written };
      folders.set(folder, path);
    }
  }
  return null;
}

/**
 * The first path that differs from another in case alone, or that has a folder on its way which does: on a stick both are one.
 * O(paths).
 */
export function differsInCase(paths: Iterable<string>): { path: string; other: string } | null {
  const seen = new Map<string, { at: string; path: string }>();
  for (const path of paths) {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const at = path.slice(0, end);
      const known = seen.get(at.toLowerCase());
      if (known === undefined) seen.set(at.toLowerCase(), { at, path });
      else if (known.at !== at) return { path, other: known.path };
    }
  }
  return null;
}
