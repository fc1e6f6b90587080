/** How text of lines becomes text of paragraphs: ligatures, soft hyphens, hyphens at line ends. */

const LIGATURES: Readonly<Record<string, string>> = Object.freeze({
  '\uFB00': 'ff',
  '\uFB01': 'fi',
  '\uFB02': 'fl',
  '\uFB03': 'ffi',
  '\uFB04': 'ffl',
  '\uFB05': 'st',
  '\uFB06': 'st',
});

const SOFT_HYPHEN = '\u00AD';
const HYPHENS = '-\u2010\u2011\u00AD';
const NUMBER_BEFORE_HYPHEN = /\p{Nd}[-\u2010\u2011]$/u;
const DIGIT_AT_START = /^\p{Nd}/u;
const CUT_WORD = /^[-\u2010\u00AD]$/u;
const WORD_BEFORE_HYPHEN = /([\p{L}\p{M}]+(?:[-\u2010][\p{L}\p{M}]+)*)[-\u2010\u00AD]$/u;
const WORD_AT_START = /^[\p{L}\p{M}]+/u;
const WORDS = /[\p{L}\p{M}]+(?:[-\u2010][\p{L}\p{M}]+)*/gu;

/**
 * Text of one line, cleaned: ligatures are spelt out, control characters are gone, white space is a single space.
 * A soft hyphen stays only at the end, where it still has to say that the word goes on.
 */
export function cleanLine(text: string): string {
  const plain = text
    .replace(/[\uFB00-\uFB06]/g, (ligature) => LIGATURES[ligature] ?? ligature)
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFEFF\uFFFE\uFFFF]/g, '')
    .replace(/\s+/gu, ' ')
    .trim();
  if (!plain.includes(SOFT_HYPHEN)) return plain;
  const goesOn = plain.endsWith(SOFT_HYPHEN);
  return plain.replaceAll(SOFT_HYPHEN, '') + (goesOn ? SOFT_HYPHEN : '');
}

/** The words of a document, lower case: they decide whether a hyphen at a line end belongs to the word. */
export type Vocabulary = ReadonlySet<string>;

/** Collects the words of `lines`, without those that a line end cuts. O(characters). */
export function vocabularyOf(lines: Iterable<string>): Vocabulary {
  const words = new Set<string>();
  for (const line of lines) {
    for (const match of line.matchAll(WORDS)) {
      const end = match.index + match[0].length;
      if (CUT_WORD.test(line.slice(end, end + 2))) continue;
      words.add(match[0].toLowerCase().replaceAll('\u2010', '-'));
    }
  }
  return words;
}

/**
 * Joins the lines of one paragraph. A hyphen at a line end goes away when the next line goes on in lower case, unless
 * the document writes the compound with its hyphen elsewhere and never without (`well-\nknown` → `well-known`). A number
 * cut at its hyphen is one number again.
 */
export function joinLines(lines: readonly string[], vocabulary: Vocabulary): string {
  // Parts are joined at the end: growing one string and looking at its end for every line would be quadratic.
  const parts: string[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const last = parts.at(-1);
    if (last === undefined) {
      parts.push(line);
      continue;
    }
    const [before, space] = seam(last, line, vocabulary);
    parts[parts.length - 1] = before;
    parts.push(space + line);
  }
  const text = parts.join('');
  return text.endsWith(SOFT_HYPHEN) ? text.slice(0, -1) : text;
}

/** What becomes of the end of one line before the next, and what stands between them. */
function seam(before: string, after: string, vocabulary: Vocabulary): [before: string, between: '' | ' '] {
  const end = before.at(-1) ?? '';
  if (!HYPHENS.includes(end)) return [before, ' '];
  const bare = before.slice(0, -1);
  if (end === SOFT_HYPHEN) return [bare, ''];
  if (NUMBER_BEFORE_HYPHEN.test(before) && DIGIT_AT_START.test(after)) return [before, ''];
  // No word is longer; the bound keeps the search short.
  const head = WORD_BEFORE_HYPHEN.exec(before.slice(-80))?.[1];
  if (head === undefined) return [before, ' '];
  const tail = WORD_AT_START.exec(after)?.[0];
  if (tail === undefined) return [before, /^\p{N}/u.test(after) ? '' : ' '];
  if (tail[0] !== tail[0]?.toLowerCase()) return [before, ''];
  const whole = (head + tail).toLowerCase();
  const compound = `${head}-${tail}`.toLowerCase();
  return vocabulary.has(compound) && !vocabulary.has(whole) ? [before, ''] : [bare, ''];
}
