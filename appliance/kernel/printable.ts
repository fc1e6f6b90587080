/**
 * Characters that a reader does not see or that turn text around: controls, terminal escapes among them, directional
 * marks, zero widths, tags. Names and texts from outside are data: where they are shown, these are shown too.
 */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The text with every unseen character as its escape (`\u202e`), for a terminal. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (found) => {
    const code = found.codePointAt(0)!;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The text in pieces: what can be shown as it is, and each unseen character by its number (`U+202E`). */
export function visiblePieces(text: string): { text: string; unseen: boolean }[] {
  const pieces: { text: string; unseen: boolean }[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(UNSEEN)) {
    if (index > from) pieces.push({ text: text.slice(from, index), unseen: false });
    const number = found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    pieces.push({ text: `U+${number}`, unseen: true });
    from = index + found.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), unseen: false });
  return pieces;
}
