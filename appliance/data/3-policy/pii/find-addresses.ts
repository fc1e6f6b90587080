import type { PiiSpan } from '../gate.ts';
import {
  ADDRESS_INTRODUCTIONS,
  STREET_AFTER_NAME,
  STREET_BEFORE_NAME,
  STREET_ENDING,
  STREET_LAST_WORD,
  UNIT_WORDS,
} from './patterns/address-words.ts';

/**
 * Street addresses and post boxes: a core that says "street" in one of the languages (street word and house number, a
 * post box, or a number after words like "lives at"), grown over what follows it: unit, postcode, city, region.
 * O(n): each expression repeats only with a bound, and a core grows at most eight pieces.
 */
export function findAddresses(text: string): PiiSpan[] {
  const spans: PiiSpan[] = [];
  let reached = 0;
  for (const core of cores(text)) {
    if (core.start < reached) continue;
    const end = grow(text, core.end);
    const start = growBack(text, core.start);
    spans.push({ type: 'ADDRESS', start: Math.max(start, reached), end, confidence: core.confidence });
    reached = end;
  }
  return spans;
}

interface Core {
  start: number;
  end: number;
  confidence: number;
}

const WORD = "\\p{Lu}[\\p{L}\\p{M}'’.-]{0,30}";
const ANY_WORD = "\\p{L}[\\p{L}\\p{M}'’.-]{0,30}";
const PARTICLE =
  "(?:d['’]|l['’]|(?:de l['’]|de la|de las|de los|de|du|des|del|della|dei|degli|delle|do|da|dos|das|van der|van den|van de|van|von der|vom|von|am|an der|im|zur|zum|la|le|les|los|las|al|el|na) )";
const NUMBER = '\\d{1,5}(?: ?[a-zA-Z](?![\\p{L}\\p{N}]))?(?:[-/]\\d{1,4}[a-zA-Z]?)?';
/** Capitalised words between numbers that are months, or count something. */
const NO_STREET =
  '(?!(?:Jan|Feb|Mar|Apr|May|Ma[ijy]|Jun|Jul|Aug|Sep|O[ck]t|Nov|De[cz]|No|Nr|Vol|Fig|Figure|Table|Tab|Section|Sec|Page|Pages|Chapter|Part|Item|Version|Rev|Type|Class|Form|Note|Step|Phase|Grade|Level|Model|AND|TO|FROM|Art|Article)[\\p{L}.]{0,8} )';
const EDGE = '(?<![\\p{L}\\p{N}.,-])';
const AFTER = '(?![\\p{L}\\p{N}])';
const alternatives = (words: readonly string[]) => [...words].sort((a, b) => b.length - a.length).join('|');
/** The words with a small or a capital first letter; the names beside them must keep their capitals. */
const eitherCase = (words: readonly string[]) =>
  alternatives(
    words.map((word) => word.replace(/^\p{L}/u, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)),
  );
/** French street words that are common English words: they need the house number before them. */
const AMBIGUOUS = new Set([
  'place',
  'square',
  'passage',
  'route',
  'cours',
  'avenue',
  'largo',
  'corso',
  'os\\.',
  'al\\.',
  'r\\.',
]);

const CORES: readonly { pattern: RegExp; confidence: number }[] = [
  // 1600 Pennsylvania Avenue NW
  {
    pattern: new RegExp(
      `${EDGE}\\d{1,6}[A-Za-z]?(?:[-/ ]\\d{1,5})?,? (?:(?:[NSEW]|NE|NW|SE|SW)\\.? )?(?:(?:${WORD}|\\d{1,3}(?:st|nd|rd|th)|de|la|las|los|del) ){0,4}?(?:${WORD}|\\d{1,3}(?:st|nd|rd|th)) (?:${alternatives(STREET_AFTER_NAME)})${AFTER}\\.?(?: (?:NE|NW|SE|SW|North|South|East|West|[NSEW])${AFTER})?`,
      'gu',
    ),
    confidence: 0.85,
  },
  // 12 rue de la Paix; 3, avenue Foch
  {
    pattern: new RegExp(
      `${EDGE}\\d{1,5}(?: ?(?:bis|ter|quater))?,? (?:\\d{1,5} )?(?:${eitherCase(STREET_BEFORE_NAME)}) ${PARTICLE}?(?:${WORD}[ ]?){1,4}(?: \\d{1,5})?`,
      'gu',
    ),
    confidence: 0.8,
  },
  // Calle de Alcalá, 45; Via Roma 12; ul. Długa 7
  {
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}])(?:(?:${eitherCase(STREET_BEFORE_NAME.filter((word) => !AMBIGUOUS.has(word) && word !== 'c/'))}) |[cC]/ ?)${PARTICLE}?(?:${WORD} ){0,4}${WORD},? ?(?:n[°º.o]{1,2} ?|č\\. ?)?${NUMBER}${AFTER}`,
      'gu',
    ),
    confidence: 0.75,
  },
  // Hauptstraße 5; Storgata 12 B; Þórunnarstræti 31
  {
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}])(?:\\d{1,6} )?(?:${WORD} ){0,2}\\p{Lu}\\p{L}{1,30}(?:${alternatives(STREET_ENDING)}) ${NUMBER}${AFTER}`,
      'gu',
    ),
    confidence: 0.75,
  },
  // Lange Straße 5; Piroska u. 97
  {
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}])(?:\\d{1,6} )?(?:${WORD} ){1,3}(?:${eitherCase(STREET_LAST_WORD)}) ${NUMBER}${AFTER}`,
      'gu',
    ),
    confidence: 0.7,
  },
  // P.O. Box 12; Postfach 11 22; PSC 1437, Box 3833; Unit 4719 Box 7394
  {
    pattern:
      /(?<![\p{L}\p{N}])(?:P\. ?O\. ?Box|PO Box|Post Office Box|Postbox|Postfach|Postboks|Postboks|Box postal|B\.P\.|Boîte postale|Apartado(?: de correos)?|Casella postale|Caixa postal|Postbus|Skrytka pocztowa|PSC|CMR|Unit) ?\d{1,6}(?: \d{1,4})?(?:,? Box \d{1,6})?(?![\p{L}\p{N}])/giu,
    confidence: 0.6,
  },
  // 20789 Allika 46: a number, a name, a number, as foreign street names read without their street word
  {
    pattern: new RegExp(
      `${EDGE}\\d{3,6} (?:\\d{1,4} )?(?:${NO_STREET}${WORD} ){1,3}(?!(?:19|20)\\d{2}(?!\\d))\\d{1,4}\\.?${AFTER}`,
      'gu',
    ),
    confidence: 0.55,
  },
  // lives at 255 hersnapvej 18
  {
    pattern: new RegExp(
      `(?<=(?<!\\p{L})(?:${eitherCase(ADDRESS_INTRODUCTIONS)})[\\s:]{1,6})(?:the corner of ${ANY_WORD}[^\\n?!;]{3,60}|(?:\\d{1,6},? (?:\\d{1,5} )?)(?:${ANY_WORD},? ){0,4}${ANY_WORD}(?: \\d{1,5})?|(?:${WORD} ){1,4}\\d{1,5})${AFTER}`,
      'gu',
    ),
    confidence: 0.6,
  },
  // the corner of Csabai kapu 39. and Mathias Pass
  {
    pattern: new RegExp(
      `(?<!\\p{L})the corner of (?:\\d{1,5} )?(?:${WORD} ){1,4}(?:\\d{1,5}\\.? )?and (?:${WORD} ){0,4}${WORD}`,
      'gu',
    ),
    confidence: 0.6,
  },
];

/** Cores from left to right; where two begin alike, the longer. */
function cores(text: string): Core[] {
  const found: Core[] = [];
  for (const { pattern, confidence } of CORES) {
    for (const match of text.matchAll(pattern)) {
      const length = match[0].trimEnd().length;
      if (!/\d|corner/.test(match[0])) continue;
      found.push({ start: match.index, end: match.index + length, confidence });
    }
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

const CITY = `${WORD}(?:[ -](?:${WORD}|de|la|el|am|an der|on|upon|del|do|da|ob|pri|na|der)){0,3}`;
const POSTCODE =
  '(?:[A-Z]{1,2}-)?\\d{4,6}(?:-\\d{3,4})?|\\d{3} \\d{2}|[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}|[A-Z]\\d[A-Z] ?\\d[A-Z]\\d|\\d{4} ?[A-Z]{2}';
const STOP = '(?![\\p{L}\\p{N}])';

/** What may follow a core, tried in this order at each place. */
const PIECES: readonly RegExp[] = [
  new RegExp(
    `[\\s,>]{1,6}(?:\\d{1,2}(?:st|nd|rd|th|\\.|º|er|e)? ?)?(?:${alternatives(UNIT_WORDS)}) ?#?[\\p{L}\\d-]{1,6}${STOP}`,
    'iuy',
  ),
  new RegExp(`[\\s,>]{1,6}(?:${POSTCODE})[ ,]{1,2}${CITY}${STOP}`, 'uy'),
  new RegExp(`[\\s,>]{1,6}${CITY}[\\s,>]{1,6}(?:[A-Z]{2,3}[\\s,]{1,4})?(?:${POSTCODE})${STOP}`, 'uy'),
  new RegExp(`[\\s,>]{1,6}(?:[A-Z]{2,3}|nan)${STOP}(?=[\\s,.;?]|$)`, 'uy'),
  new RegExp(`[\\s,>]{1,6}(?:${POSTCODE})${STOP}`, 'uy'),
  new RegExp(
    `(?:,[ \\t]{0,3}|\\s{0,3}\\n\\s{0,4},?\\s{0,2})${CITY}(?: \\([^()\\n]{1,20}\\))?(?=\\s{0,2}(?:[,\\n.;?!)]|$)|\\s\\d)`,
    'uy',
  ),
];

function grow(text: string, from: number): number {
  let end = from;
  if (text[end] === '.' && /\d\.$/.test(text.slice(end - 1, end + 1)) && /\s/.test(text[end + 1] ?? '')) {
    if (/^\.\s{1,3}(?:\p{Lu}|\d)/u.test(text.slice(end, end + 6))) end++;
  }
  for (let pieces = 0; pieces < 8; pieces++) {
    let next = end;
    for (const piece of PIECES) {
      piece.lastIndex = end;
      const match = piece.exec(text);
      if (match) {
        next = end + match[0].length;
        break;
      }
    }
    if (next === end) return text[end - 1] === '.' && end !== from ? end - 1 : end;
    end = next;
  }
  return end;
}

const UNIT_BEFORE = new RegExp(`(?:(?:${alternatives(UNIT_WORDS)}) ?\\d{1,5}[A-Z]?,? |\\d{1,6} )$`, 'u');

/** A unit or number written before the street ("Apt. 675 62314 Mellemvej 32"). */
function growBack(text: string, start: number): number {
  const before = text.slice(Math.max(0, start - 20), start);
  const match = UNIT_BEFORE.exec(before);
  return match ? start - match[0].length : start;
}
