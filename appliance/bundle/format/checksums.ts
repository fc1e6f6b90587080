/** `SHA256SUMS` as `sha256sum` writes and checks it: a line for every file of the bundle but itself and the signatures. */

export const MANIFEST = 'MANIFEST.json';
export const CHECKSUMS = 'SHA256SUMS';
/** What stands in no list, since it is made of the lists. */
export const SIGNATURES: ReadonlySet<string> = new Set([`${MANIFEST}.sig`, `${CHECKSUMS}.sig`]);

const LINE = /^([0-9a-f]{64}) {2}([^\s\\]+)$/;

/** The list, sorted by path. */
export function writeChecksums(files: ReadonlyMap<string, string>): string {
  const lines = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, sha256]) => `${sha256}  ${path}\n`);
  return lines.join('');
}

/** Path to hash; a string says what is wrong with the list. */
export function readChecksums(text: string): Map<string, string> | string {
  if (!text.endsWith('\n')) return 'its last line is cut off';
  const found = new Map<string, string>();
  for (const [at, line] of text.slice(0, -1).split('\n').entries()) {
    const [, sha256, path] = LINE.exec(line) ?? [];
    if (sha256 === undefined || path === undefined) return `line ${at + 1} is none of sha256sum’s`;
    if (found.has(path)) return `line ${at + 1} names ${path} again`;
    found.set(path, sha256);
  }
  return found;
}
