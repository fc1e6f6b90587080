import { de } from './de.ts';
import { en, type Texts } from './en.ts';
import { nb } from './nb.ts';

/** The languages that pages speak; one catalogue, of which each holds every text. */
export const LANGUAGES = ['en', 'de', 'nb'] as const;
export type Language = (typeof LANGUAGES)[number];

const CATALOGUE: Readonly<Record<Language, Texts>> = Object.freeze({ en, de, nb });
export const LANGUAGE_COOKIE = 'frostbyte-language';
/** Other names of the same: browsers in Norway say `no` or `nn`. */
const SAME: Readonly<Record<string, Language>> = Object.freeze({ no: 'nb', nn: 'nb' });

export type { Texts };

export function textsIn(language: Language): Texts {
  return CATALOGUE[language];
}

export function isLanguage(value: unknown): value is Language {
  return (LANGUAGES as readonly unknown[]).includes(value);
}

/** The language that was chosen here, else the first that the browser asks for and we speak, else English. */
export function languageOf(request: Request): Language {
  const chosen = new RegExp(`(?:^|;)\\s*${LANGUAGE_COOKIE}=([a-z]{2})\\s*(?:;|$)`).exec(
    request.headers.get('cookie') ?? '',
  )?.[1];
  if (isLanguage(chosen)) return chosen;
  const wanted = (request.headers.get('accept-language') ?? '')
    .slice(0, 1000)
    .split(',')
    .map((part) => {
      const [range = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.map((one) => /^\s*q=([01](?:\.\d{1,3})?)\s*$/.exec(one)?.[1]).find(Boolean);
      const primary = range.split('-')[0]!;
      return { language: SAME[primary] ?? primary, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return wanted.map(({ language }) => language).find(isLanguage) ?? 'en';
}
