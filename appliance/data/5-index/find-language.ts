import { type TextLanguage, textLanguageOf } from '../../kernel/text-language.ts';

/** What the detector tells apart, by its codes (ISO 639-3): full text's languages, and English. */
const KNOWN: Readonly<Record<string, TextLanguage | 'en'>> = Object.freeze({
  dan: 'da',
  deu: 'de',
  eng: 'en',
  fin: 'fi',
  fra: 'fr',
  hun: 'hu',
  ita: 'it',
  nld: 'nl',
  nno: 'no',
  nob: 'no',
  por: 'pt',
  ron: 'ro',
  rus: 'ru',
  spa: 'es',
  swe: 'sv',
});
/** Their neighbours, which texts in them would else be taken for. */
const NEIGHBOURS = 'bel bos bul cat ces ckb ekk glg hrv ind lit lvs mkd pol slk slv srp tur ukr vie'.split(' ');
/** How near English may come to another language, of 1: from there on a text may be either. */
const LIKE_ENGLISH = 0.9;

/** Which are so much alike that parts of a text in the one may sound like the other. */
const SIBLINGS: Readonly<Partial<Record<TextLanguage, TextLanguage>>> = Object.freeze({ da: 'no', no: 'da' });

/** Samples of a document, spread over it, since it may begin in another language than it goes on in. */
const MOST_SAMPLES = 8;
/** Characters of each: in longer ones languages come nearer to one another, as the detector counts. */
const SAMPLE = 300;
/** Letters without which nobody can tell: names and headings sound like many languages. */
const FEWEST_LETTERS = 40;
/** What the gates put in the place of what they took out, and what no language has: numbers, codes. */
const NO_WORDS = /\[[A-Z_]+:[A-Z_]+\]|\S*\d\S*/g;

/**
 * The language by whose stems a document's texts are found, or null: of English, of one that full text does not know, and where
 * nobody can tell. What its metadata say (`language`, a code as `de` or `de-CH`) holds; else most of its samples must agree.
 * Some milliseconds at most, and O(texts) to find the samples.
 */
export async function languageOf(
  texts: readonly string[],
  metadata: Record<string, unknown>,
): Promise<TextLanguage | null> {
  const named = namedIn(metadata);
  if (named !== null) return textLanguageOf(named);
  const samples = samplesOf(texts);
  if (samples.length === 0) return null;
  // Loaded where a document is indexed, and in no other process.
  const { francAll } = await import('franc');
  const heard = samples.flatMap((sample): TextLanguage[] => {
    const sounds = francAll(sample, { only: [...Object.keys(KNOWN), ...NEIGHBOURS] });
    const language = KNOWN[sounds[0]?.[0] ?? ''];
    const english = sounds.find(([code]) => code === 'eng')?.[1] ?? 0;
    return language === undefined || language === 'en' || english > LIKE_ENGLISH ? [] : [language];
  });
  const times = (one: TextLanguage) => heard.filter((other) => other === one).length;
  const [most] = heard.toSorted((a, b) => times(b) - times(a));
  if (most === undefined) return null;
  const agree = times(most) + (most in SIBLINGS ? times(SIBLINGS[most]!) : 0);
  return agree > samples.length / 2 ? most : null;
}

/** The language that whoever sent the document named, as its shortest code; null where they named none that is one. */
function namedIn({ language }: Record<string, unknown>): string | null {
  if (typeof language !== 'string') return null;
  try {
    const named = new Intl.Locale(language.trim()).language;
    // Longer ones are no codes but names, as `german`, which nothing knows.
    return named.length <= 3 ? named : null;
  } catch {
    return null;
  }
}

/** Pieces of the texts with letters enough, evenly spread from the first to the last. */
function samplesOf(texts: readonly string[]): string[] {
  const whole = texts.join('\n');
  const count = Math.min(MOST_SAMPLES, Math.ceil(whole.length / SAMPLE));
  const step = count > 1 ? (whole.length - SAMPLE) / (count - 1) : 0;
  return Array.from({ length: count }, (_, at) => {
    const from = Math.round(at * step);
    return whole.slice(from, from + SAMPLE).replace(NO_WORDS, ' ');
  }).filter((sample) => (sample.match(/\p{L}/gu)?.length ?? 0) >= FEWEST_LETTERS);
}
