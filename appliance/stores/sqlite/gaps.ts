/**
 * SQLite overwrites what is deleted where it lay last. When the cells of a page move to another, as the tree is balanced,
 * their old copies stay behind in the page's unused middle, and `secure_delete` does not know of them when the row goes.
 * This finds that middle in a page as it lies in the file (SQLite file format, section 1.6, "B-tree Pages").
 */

/** Beginning and end of the bytes in a page that belong to nobody. */
export type Gap = readonly [from: number, to: number];

const INTERIOR = new Set([0x02, 0x05]);
const LEAF = new Set([0x0a, 0x0d]);
/** From so many pages on, the number that an overflow page begins with could be taken for the mark of a tree's page. */
export const MOST_PAGES = 0x02_00_00_00;
const HEADER = 100;

/** The gap of a page of a tree; null where the page is none, or says of itself what cannot be. `page` counts from 1. */
export function gapOf(bytes: Buffer, page: number): Gap | null {
  const at = page === 1 ? HEADER : 0;
  const kind = bytes[at]!;
  const header = LEAF.has(kind) ? 8 : INTERIOR.has(kind) ? 12 : 0;
  if (header === 0) return null;
  const from = at + header + 2 * bytes.readUInt16BE(at + 3);
  // A page of 64 KiB writes its end as 0.
  const to = bytes.readUInt16BE(at + 5) || 65_536;
  return from <= to && to <= bytes.length ? [from, to] : null;
}

/** Whether anything stands in the gap of a page. */
export function isSoiled(bytes: Buffer, page: number): boolean {
  const gap = gapOf(bytes, page);
  return gap !== null && bytes.compare(ZEROS, 0, gap[1] - gap[0], gap[0], gap[1]) !== 0;
}

/** Zeros, as many as a page may have. */
export const ZEROS = Buffer.alloc(65_536);
