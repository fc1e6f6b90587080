/**
 * Scripts written without spaces between words. Their runs are cut into overlapping pairs of characters, the usual
 * stand-in for words where no dictionary is at hand.
 */
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]+/gu;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Accents, Hebrew points and Arabic vowel signs: often left out when writing. Other scripts' marks are letters. */
const ACCENTS =
  /(?:[\u0300-\u036f]|[\u0591-\u05bd]|[\u05bf-\u05c7]|[\u064b-\u065f]|\u0670|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20f0])+/g;

/** Letters that carry no mark to strip and still have a plain spelling. */
const PLAIN: Readonly<Record<string, string>> = Object.freeze({
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
});
const SPECIAL = /[ßæœøđðþłı]/g;

/** A word longer than this is cut: no real word is, and it bounds the work an adversary can cause. */
const LONGEST = 64;

/**
 * The words of a text in order: compatibility forms unified, lower case, diacritics folded, so that `Überweisung`,
 * `uberweisung` and full-width letters meet. O(n). The Unicode tables are those of the pinned Node.
 */
export function tokens(text: string): string[] {
  const folded = text
    .normalize('NFKD')
    .replace(ACCENTS, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(SPECIAL, (letter) => PLAIN[letter]!);
  const words: string[] = [];
  for (const [run] of folded.matchAll(WORD)) {
    let end = 0;
    for (const match of run.matchAll(UNSPACED)) {
      if (match.index > end) words.push(run.slice(end, match.index).slice(0, LONGEST));
      pushPairs(words, [...match[0]]);
      end = match.index + match[0].length;
    }
    if (end < run.length) words.push(run.slice(end).slice(0, LONGEST));
  }
  return words;
}

function pushPairs(words: string[], characters: string[]): void {
  if (characters.length === 1) words.push(characters[0]!);
  for (let i = 0; i + 1 < characters.length; i++) words.push(characters[i]! + characters[i + 1]!);
}
