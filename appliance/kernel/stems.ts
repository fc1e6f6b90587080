import { stemmer as danish } from '@orama/stemmers/danish';
import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as finnish } from '@orama/stemmers/finnish';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as hungarian } from '@orama/stemmers/hungarian';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as norwegian } from '@orama/stemmers/norwegian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as romanian } from '@orama/stemmers/romanian';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { stemmer as swedish } from '@orama/stemmers/swedish';
import { rememberingWords } from './remembering-words.ts';
import type { TextLanguage } from './text-language.ts';

const STEMMERS: Readonly<Record<TextLanguage, (word: string) => string>> = Object.freeze({
  da: danish,
  de: german,
  es: spanish,
  fi: finnish,
  fr: french,
  hu: hungarian,
  it: italian,
  nl: dutch,
  no: norwegian,
  pt: portuguese,
  ro: romanian,
  ru: russian,
  sv: swedish,
});

/** No word of a language is longer; what is would only keep a stemmer busy. */
const LONGEST = 64;
const LATIN = /^\p{Script=Latin}[\p{Script=Latin}\p{M}]*$/u;
const CYRILLIC = /^\p{Script=Cyrillic}[\p{Script=Cyrillic}\p{M}]*$/u;

/** By the language's two letters and the word behind them; a stem takes up to 20 µs. */
const stemOf = rememberingWords((named) => STEMMERS[named.slice(0, 2) as TextLanguage](named.slice(2)));

/** True for what may be a word of the language: letters of its script and nothing else. Numbers and codes are of none. */
export function mayBeOf(language: TextLanguage, word: string): boolean {
  return word.length <= LONGEST && (language === 'ru' ? CYRILLIC : LATIN).test(word);
}

/** The stem that the forms of a word have in common, of a word in lower case (Snowball's stemmers). */
export const stemIn = (language: TextLanguage, word: string): string => stemOf(language + word);
