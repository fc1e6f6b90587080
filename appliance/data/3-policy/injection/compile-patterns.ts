import type { InjectionCategory } from '../gate.ts';
import { PHRASES } from './patterns/phrases.ts';
import { TEMPLATES, type Template } from './patterns/templates.ts';
import { VOCABULARIES, type Vocabulary } from './patterns/vocabulary.ts';

/** One expression ready to run on folded text. */
export interface CompiledPattern {
  category: InjectionCategory;
  strength: number;
  language: string;
  pattern: RegExp;
}

/**
 * Lower-case Latin letters and digits. The vocabularies need no others, and a short range compiles many times faster
 * than \p{L}, which would cost seconds over all expressions.
 */
const LETTERS = 'a-z0-9\\u00df-\\u024f';
/** A short stretch of blanks and punctuation that does not end a sentence. */
const GAP = `[^${LETTERS}.!?]{1,4}`;
const START =
  '(?<=^|[.!?:;,\\n"\'(*>-]\\s{0,3}|(?:^|[.!?\\n:]\\s{0,3})(?:please|bitte|so|and|now|then|also|but|hey|just|ok|okay|stop|stopp|und|nun|jetzt|por favor|per favore|merci de)[, ]{1,3})';
const EDGE = `(?<![${LETTERS}])`;
const END = `(?![${LETTERS}])`;
/** English verbs are imperatives only where no subject or auxiliary stands before them. */
const NOT_IMPERATIVE =
  "(?<!\\b(?:to|i|we|he|she|it|they|who|which|that|not|never|n't|shall|may|might|would|could|can|cannot|did|does|do|should|will|had|has|have|been|be|is|are|was|were|party|client|customer|court|people|often|always|sometimes|tend to|contractor|employees?|users|parties|of|the|a|an|his|her|their|our)[ ])";

export const PATTERNS: readonly CompiledPattern[] = [
  ...Object.entries(VOCABULARIES).flatMap(([language, words]) =>
    TEMPLATES.filter((template) => template.languages?.includes(language) ?? true).map((template) =>
      compile(language, words, template),
    ),
  ),
  ...PHRASES.map((row) => ({ ...row, language: '' })),
];

function compile(language: string, words: Vocabulary, template: Template): CompiledPattern {
  const parts: string[] = [];
  for (const token of template.shape.split(' ')) {
    const between = /^\.\.(\d+)$/.exec(token);
    if (between) parts.push(`(?:[${LETTERS}'’-]{1,24}${GAP}){0,${between[1]}}?`);
    else parts.push(`(?:${slot(words, token.slice(1, -1) as keyof Vocabulary)})${GAP}`);
  }
  const last = parts.length - 1;
  parts[last] = parts[last]!.slice(0, -GAP.length) + END;
  const imperative = language === 'en' && template.shape.startsWith('{ignore}') ? NOT_IMPERATIVE : '';
  const source = `${template.atStart ? START : EDGE}${imperative}${parts.join('')}`;
  return { category: template.category, strength: template.strength, language, pattern: new RegExp(source, 'gu') };
}

function slot(words: Vocabulary, name: keyof Vocabulary): string {
  return [...words[name]]
    .sort((a, b) => b.length - a.length)
    .map((entry) =>
      entry
        .replace(/(?<![)\]])\*/g, `[${LETTERS}]{0,6}`)
        .replace(/\)\*/g, '){0,3}')
        .replace(/ (?![^(]*\?\))/g, ' ')
        .replace(/,\? ?/g, ',? '),
    )
    .join('|');
}
