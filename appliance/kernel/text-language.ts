/**
 * Languages whose inflection full text knows, besides English, by their ISO 639-1 codes: those that the detector tells apart and
 * that there is a good stemmer for. A text of any other, of English, or of none that anybody could name, has no language here.
 */
export const TEXT_LANGUAGES = Object.freeze([
  'da',
  'de',
  'es',
  'fi',
  'fr',
  'hu',
  'it',
  'nl',
  'no',
  'pt',
  'ro',
  'ru',
  'sv',
] as const);
export type TextLanguage = (typeof TEXT_LANGUAGES)[number];

/** Both written forms of Norwegian, and Moldovan, go by their common names. */
const OTHER_NAMES: Readonly<Record<string, TextLanguage>> = Object.freeze({ nb: 'no', nn: 'no', mo: 'ro' });

/** The language of a code (`de`, `nb`), or null where full text does not know its inflection. */
export function textLanguageOf(code: string): TextLanguage | null {
  return TEXT_LANGUAGES.find((one) => one === code) ?? (Object.hasOwn(OTHER_NAMES, code) ? OTHER_NAMES[code]! : null);
}
