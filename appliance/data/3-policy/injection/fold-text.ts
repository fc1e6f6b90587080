import { LOOKALIKES } from '../text/lookalikes.ts';

/** A text as the patterns read it, and what folding it told. */
export interface FoldedText {
  /** NFKC, lower case, without invisible characters, look-alikes in mixed words made Latin, blanks single. */
  text: string;
  /** Invisible characters that hide something: between letters, direction overrides, tags, selector runs. */
  suspiciousInvisible: number;
  directionOverrides: number;
  /** What Unicode tag characters spell, "" without any. */
  tagText: string;
  /** Words that mix Latin with look-alike letters of another script. */
  mixedWords: number;
  words: number;
  characters: number;
}

const TAGS = /[\u{E0000}-\u{E007F}]/gu;
/** Emoji flags of regions are spelt with tags after a black flag; those are no attack. */
const FLAG = /\u{1F3F4}[\u{E0061}-\u{E007A}\u{E0030}-\u{E0039}]{2,6}\u{E007F}/gu;
const BETWEEN_LETTERS =
  /(?<=[\p{Script=Latin}\p{N}])(?:[\u200B\u200C\u2060-\u2064\uFEFF\u180E]|\u200D|\u034F){1,40}(?=[\p{Script=Latin}\p{N}])/gu;
const OVERRIDES = /[\u202A-\u202E\u2066-\u2069]/gu;
const SELECTOR_RUN = /\p{Variation_Selector}{3,}/gu;
const CONTROLS = /[\u0000-\u0008\u000E-\u001F\u007F]/gu;
const INVISIBLE = /[\p{Cf}\p{Variation_Selector}\u115F\u1160\u3164\uFFA0]|\u034F/gu;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}]/u;
const FOREIGN = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}ıȷɑɡɩʀʏᴀ-ᴢꜰꜱ]/u;

/** Folds a text. O(n). */
export function foldText(original: string): FoldedText {
  const withoutFlags = original.replace(FLAG, '');
  const tags = withoutFlags.match(TAGS) ?? [];
  const tagText = tags
    .map((tag) => tag.codePointAt(0)! - 0xe0000)
    .filter((code) => code >= 0x20 && code < 0x7f)
    .map((code) => String.fromCharCode(code))
    .join('');
  const overrides = RIGHT_TO_LEFT.test(original) ? 0 : count(original, OVERRIDES);
  const suspiciousInvisible =
    total(withoutFlags, BETWEEN_LETTERS) +
    tags.length +
    overrides +
    total(original, SELECTOR_RUN) +
    count(original, CONTROLS);
  const plain = original.normalize('NFKC').replace(INVISIBLE, '').replace(CONTROLS, ' ');
  const { text, mixedWords, words } = foldWords(plain);
  return {
    text: text
      .toLowerCase()
      .replace(/[\u2018\u2019\u02BC\u0060\u00B4]/g, "'")
      .replace(/[\u201C-\u201E\u00AB\u00BB]/g, '"')
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/[^\S\n]{1,}/g, ' '),
    suspiciousInvisible,
    directionOverrides: overrides,
    tagText,
    mixedWords,
    words,
    characters: original.length,
  };
}

function foldWords(text: string): { text: string; mixedWords: number; words: number } {
  let mixedWords = 0;
  let words = 0;
  const foreign = FOREIGN.test(text);
  const mostlyLatin = foreign && foreignShare(text) <= 0.2;
  const folded = text.replace(/\p{L}[\p{L}\p{M}]*/gu, (word) => {
    words++;
    if (!foreign || !FOREIGN.test(word)) return word;
    const letters = [...word];
    const replaced = letters.map((letter) => LOOKALIKES.get(letter) ?? letter).join('');
    const mixed = /[a-zA-Z]/.test(word);
    // A word wholly of look-alikes is folded only where the text around it is Latin.
    if (!mixed && (!/^[a-zA-Z]+$/.test(replaced) || !mostlyLatin)) return word;
    if (mixed) mixedWords++;
    return replaced;
  });
  return { text: folded, mixedWords, words };
}

/** Share of letters in scripts other than Latin. O(n). */
function foreignShare(text: string): number {
  const letters = count(text, /\p{L}/gu);
  return letters === 0 ? 0 : (letters - count(text, /\p{Script=Latin}/gu)) / letters;
}

function count(text: string, pattern: RegExp): number {
  let n = 0;
  for (const _ of text.matchAll(pattern)) n++;
  return n;
}

function total(text: string, pattern: RegExp): number {
  let n = 0;
  for (const match of text.matchAll(pattern)) n += [...match[0]].length;
  return n;
}
