import nlp from 'compromise/two';
import { FAMILY_NAMES, GIVEN_NAMES, NOT_NAMES } from './patterns/name-words.ts';

/** What is known about single words, in lower case: the library's English lexicon and our lists. */
export interface NameLexicon {
  given: ReadonlySet<string>;
  family: ReadonlySet<string>;
  places: ReadonlySet<string>;
  /** Dictionary words that are not names. */
  words: ReadonlySet<string>;
}

const GIVEN_TAGS = new Set(['MaleName', 'FemaleName', 'FirstName']);
const PLACE_TAGS = new Set(['City', 'Region', 'Country', 'Place', 'Demonym', 'SportsTeam', 'Organization']);

let lexicon: NameLexicon | undefined;

/** The lexicon, built from about 25,000 entries at first use (tens of milliseconds) and kept: it never changes. */
export function nameLexicon(): NameLexicon {
  lexicon ??= build();
  return lexicon;
}

function build(): NameLexicon {
  const given = new Set(GIVEN_NAMES);
  const family = new Set([...FAMILY_NAMES].map((name) => name.replace('-', ' ')));
  const places = new Set<string>();
  const words = new Set(NOT_NAMES);
  const entries = nlp.model() as { one: { lexicon: Record<string, string | string[]> } };
  for (const [word, tags] of Object.entries(entries.one.lexicon)) {
    const all = [tags].flat();
    if (all.some((tag) => GIVEN_TAGS.has(tag))) given.add(word);
    else if (all.includes('LastName')) family.add(word);
    else if (all.some((tag) => PLACE_TAGS.has(tag))) places.add(word);
    else if (!all.includes('Person') && !all.includes('ProperNoun')) words.add(word);
  }
  return { given, family, places, words };
}
