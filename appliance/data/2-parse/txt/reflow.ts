import type { Line } from './lines.ts';

/** Lines shorter than this were not broken by a margin. */
const LEAST_WIDTH = 40;
/** Nor were lines longer than this. */
const MOST_WIDTH = 140;
const CJK = /[\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/;

/**
 * The text of a paragraph. Lines are joined when they look wrapped at a margin: each but the last so long that the next
 * line's first word would not have fitted. Otherwise line breaks are the author's and stay. O(n).
 */
export function paragraphText(lines: Line[]): string {
  const texts = lines.map((line) => line.text.trim());
  return looksWrapped(texts) ? joinLines(texts) : texts.join('\n');
}

function looksWrapped(texts: string[]): boolean {
  if (texts.length < 2) return false;
  const width = texts.reduce((most, text) => Math.max(most, text.length), 0);
  if (width < LEAST_WIDTH || width > MOST_WIDTH) return false;
  return texts.slice(0, -1).every((text, at) => {
    const next = texts[at + 1]!;
    const word = CJK.test(next[0] ?? '') ? 1 : next.search(/\s|$/);
    return text.length + 1 + word > width;
  });
}

/** Joins wrapped lines: a hyphen between lower-case letters was put in by the wrapping; CJK needs no space. */
export function joinLines(texts: string[]): string {
  // Only the last line is looked at: testing the end of what has grown so far would read all of it again each time.
  const parts: string[] = [];
  for (const text of texts.filter((line) => line !== '')) {
    const last = parts.at(-1);
    if (last === undefined) parts.push(text);
    else if (/\p{Ll}-$/u.test(last) && /^\p{Ll}/u.test(text)) parts.splice(-1, 1, last.slice(0, -1), text);
    else if (CJK.test(last.at(-1)!) && CJK.test(text[0]!)) parts.push(text);
    else parts.push(' ', text);
  }
  return parts.join('');
}
