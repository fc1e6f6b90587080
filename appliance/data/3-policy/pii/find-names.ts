import type { PiiSpan } from '../gate.ts';
import { type NameLexicon, nameLexicon } from './lexicon.ts';
import {
  COMMON_ENDINGS,
  FAMILY_ENDINGS,
  HONORIFICS,
  NAME_FIELDS,
  NAME_PHRASES,
  NOT_NAMES,
  SPEECH_VERBS,
} from './patterns/name-words.ts';

/**
 * Names of people: runs of capitalised words, judged by what stands before and after them (titles, field names, phrases
 * of several languages) and by what the words are (given names, family names, family-name endings, dictionary words,
 * places). O(n) in the text; each run looks at no more than sixty characters around it.
 */
export function findNames(text: string): PiiSpan[] {
  const lexicon = nameLexicon();
  const spans: PiiSpan[] = [];
  const sure = new Set<string>();
  const runs = [...text.matchAll(RUN)].map((match) => readRun(text, match.index, match[0], lexicon));
  for (const run of runs) {
    const found = judge(text, run);
    if (!found) continue;
    spans.push(found);
    if (found.confidence >= 0.7)
      for (const word of text.slice(found.start, found.end).split(/[ \n]+/)) if (word.length > 2) sure.add(word);
  }
  // A part of a name found elsewhere in the text is that person again ("Usamov" after "Ivan Usamov").
  const taken = new Set(spans.map((span) => span.start));
  for (const run of runs) {
    if (run.words.length !== 1 || taken.has(run.start)) continue;
    const word = run.words[0]!;
    if (sure.has(word.text) && !word.dictionary && !word.place)
      spans.push({ type: 'NAME', start: word.start, end: word.end, confidence: 0.6 });
  }
  return spans;
}

const PART = "\\p{Lu}[\\p{L}\\p{M}]{0,30}(?:['’-]\\p{L}[\\p{L}\\p{M}]{0,30}){0,3}";
const PARTICLES =
  'van der|van den|van de|ten|ter|van|von der|von|zu|de la|de los|de las|de|del|della|di|da|dos|das|do|du|le|la|bin|ibn|al|el|av|af|y|e';
const RUN = new RegExp(
  `(?<![\\p{L}\\p{N}@#_/\\\\.])${PART}(?: (?:\\p{Lu}\\.|(?:${PARTICLES}) ${PART}|${PART})){0,5}(?![\\p{L}\\p{N}@_])`,
  'gu',
);

interface Word {
  text: string;
  start: number;
  end: number;
  given: boolean;
  family: boolean;
  ending: boolean;
  place: boolean;
  dictionary: boolean;
  never: boolean;
  initial: boolean;
}

interface Run {
  start: number;
  end: number;
  words: Word[];
  before: string;
  after: string;
}

function readRun(text: string, start: number, value: string, lexicon: NameLexicon): Run {
  const words: Word[] = [];
  for (const match of value.matchAll(/\S+/g)) {
    const raw = match[0];
    const lower = raw.toLowerCase().replace(/['’]s$/, '');
    const possessive = /['’]s$/.test(raw) ? 2 : 0;
    const given = lexicon.given.has(lower) || (lower.includes('-') && lexicon.given.has(lower.split('-')[0]!));
    const family = lexicon.family.has(lower);
    words.push({
      text: raw.slice(0, raw.length - possessive),
      start: start + match.index,
      end: start + match.index + raw.length - possessive,
      given,
      family,
      ending: !given && !family && FAMILY_ENDINGS.test(lower),
      place: lexicon.places.has(lower),
      dictionary: !given && !family && (lexicon.words.has(lower) || COMMON_ENDINGS.test(lower)),
      never: NOT_NAMES.has(lower),
      initial: /^\p{Lu}\.?$/u.test(raw),
    });
  }
  const end = start + value.length;
  return { start, end, words, before: text.slice(Math.max(0, start - 60), start), after: text.slice(end, end + 24) };
}

const TITLE_BEFORE = new RegExp(`(?<![\\p{L}\\p{N}])(?:${HONORIFICS})\\.? $`, 'u');
const TITLE_WORD = new RegExp(`^(?:${HONORIFICS})\\.?$`, 'u');
const FIELD_BEFORE = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${NAME_FIELDS}) ?(?:\\([^()\\n]{1,20}\\) ?)?[:=|\\t]\\s{0,6}$`,
  'iu',
);
const PHRASE_BEFORE = new RegExp(`(?<![\\p{L}\\p{N}])(?:${NAME_PHRASES})[ \\n]{1,3}$`, 'iu');
const ORGANISATION_AFTER =
  /^(?:,? (?:Inc|LLC|Ltd|Limited|GmbH|AG|KG|SE|S\.A|SA|SAS|SARL|S\.?r\.?l|SpA|BV|NV|AS|ASA|AB|Oy|ApS|A\/S|Corp|Corporation|Company|Co\.|Group|Holdings?|& Co|& Sons|and Sons|Partners|University|College|Hospital|Bank|Foundation|Institute|Street|Avenue|Road|Lane|Drive|Square|Airport|Orchestra|County)\b)/;
const LABEL_AFTER = /^:\s/;

/** What a run of capitalised words is worth as a name, or undefined. */
function judge(text: string, run: Run): PiiSpan | undefined {
  const words = withoutLeadingNonNames(run.words);
  if (words.length === 0) return undefined;
  const first = words[0]!;
  const leading = first.start === run.start ? run.before : text.slice(Math.max(0, first.start - 60), first.start);
  const titled = TITLE_BEFORE.test(leading);
  const labelled = titled || FIELD_BEFORE.test(leading) || PHRASE_BEFORE.test(leading);
  const person = untilNonName(words, labelled);
  if (person.length === 0) return undefined;
  const last = person.at(-1)!;
  const after = last.end === run.end ? run.after : text.slice(last.end, last.end + 24);
  if (ORGANISATION_AFTER.test(after)) return undefined;
  const confidence = confidenceOf(person, { titled, labelled, after, leading });
  return confidence >= 0.5 ? { type: 'NAME', start: first.start, end: last.end, confidence } : undefined;
}

/** Drops titles and dictionary words at the front ("Yesterday John Smith"). */
function withoutLeadingNonNames(words: Word[]): Word[] {
  let from = 0;
  while (from < words.length) {
    const word = words[from]!;
    if (!(TITLE_WORD.test(word.text) || word.never || (word.dictionary && words.length > from + 1))) break;
    from++;
  }
  return words.slice(from);
}

/** The words up to the first that cannot belong to a name. */
function untilNonName(words: Word[], labelled: boolean): Word[] {
  const end = words.findIndex((word, i) => i > 0 && (word.never || (word.dictionary && !labelled && !word.ending)));
  const person = end < 0 ? words : words.slice(0, end);
  while (person.length > 0 && isParticle(person.at(-1)!.text)) person.pop();
  return person.slice(0, 6);
}

const isParticle = (text: string) => /^\p{Ll}/u.test(text);

function confidenceOf(
  person: Word[],
  around: { titled: boolean; labelled: boolean; after: string; leading: string },
): number {
  const parts = person.filter((word) => !word.initial && !isParticle(word.text));
  if (parts.length === 0) return 0;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (around.titled) return 0.9;
  if (around.labelled && !parts.every((word) => word.dictionary || word.place)) {
    return first.given || last.family || last.ending || parts.length > 1 ? 0.85 : 0.6;
  }
  const spoken = SPEECH_VERBS.has(/^ (\p{L}+)/u.exec(around.after)?.[1]?.toLowerCase() ?? '');
  if (parts.length >= 2) {
    if (first.given && !last.place) return 0.85;
    if (first.given && last.family) return 0.85;
    if (last.family && !first.dictionary && !first.place) return 0.7;
    if (last.ending && !first.dictionary && !first.place) return 0.65;
    if (parts.some((word) => word.place || word.dictionary)) return 0;
    if (spoken) return 0.65;
    if (
      parts.length === 2 &&
      person.length <= 3 &&
      parts.every((word) => word.text.length > 2 && !/^\p{Lu}+$/u.test(word.text))
    )
      return 0.5;
    return 0;
  }
  if (first.dictionary || first.place || first.text.length < 3 || /^\p{Lu}+$/u.test(first.text)) return 0;
  if (first.given) return 0.6;
  if (spoken || (LABEL_AFTER.test(around.after) && /(?:^|\n)$/.test(around.leading) && (first.family || first.ending)))
    return 0.55;
  return first.family ? 0.5 : 0;
}
