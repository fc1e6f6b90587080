/** One token of a number format section. */
export type Token =
  | { kind: 'literal'; text: string }
  | { kind: 'digit'; text: '0' | '#' | '?' }
  | { kind: 'point' | 'comma' | 'percent' | 'text' | 'general' | 'slash' }
  | { kind: 'exponent'; plus: boolean }
  /** Date and time parts by their letters, lower case; `[h]` and the like are `elapsed`. */
  | { kind: 'date'; text: string }
  | { kind: 'elapsed'; unit: 'h' | 'm' | 's'; width: number }
  | { kind: 'fraction'; width: number }
  | { kind: 'ampm'; short: boolean };

export interface Section {
  tokens: Token[];
  condition?: { operator: string; value: number };
  /** True when the section formats dates or times. */
  isDate: boolean;
}

/** Excel's own limit on the length of a format code. */
const LONGEST_CODE = 255;

/** Reads a format code into its sections (ECMA-376 part 1, 18.8.31). Never throws; what it does not know is literal. */
export function parseFormat(code: string): Section[] {
  const sections: Section[] = [];
  let rest = code.slice(0, LONGEST_CODE);
  do {
    const { section, used } = parseSection(rest);
    sections.push(section);
    rest = rest.slice(used);
    if (!rest.startsWith(';')) break;
    rest = rest.slice(1);
    if (rest === '') sections.push({ tokens: [], isDate: false });
  } while (rest !== '' && sections.length < 4);
  return sections;
}

type Rule = readonly [RegExp, (match: RegExpExecArray, section: Section) => Token | undefined];

/** What a format code is made of: the first rule that fits at a place makes the token there. */
const RULES: readonly Rule[] = [
  [/"([^"]*)"?/y, ([, text]) => ({ kind: 'literal', text: text! })],
  [/\\(.?)/suy, ([, text]) => ({ kind: 'literal', text: text! })],
  // Room as wide as the next character.
  [/_.?/suy, () => ({ kind: 'literal', text: ' ' })],
  // The next character fills the cell's width, which a document does not have.
  [/\*.?/suy, () => undefined],
  [/\[([^\]]*)\]/y, ([, inner], section) => readBracket(inner!, section)],
  [/General/iy, () => ({ kind: 'general' })],
  [/am\/pm|a\/p/iy, ([text]) => ({ kind: 'ampm', short: text.length === 3 })],
  [/E([+-])/iy, ([, sign]) => ({ kind: 'exponent', plus: sign === '+' })],
  [/y+|m+|d+|h+|s+|g+|e+|b+|a{3,}/iy, ([text]) => ({ kind: 'date', text: text.toLowerCase() })],
  [/[0#?]/y, ([text]) => ({ kind: 'digit', text: text as '0' | '#' | '?' })],
  [/\.(0+)/y, secondsFraction],
  [/[.,%@/]/y, ([sign]) => ({ kind: SIGNS[sign]! })],
  [/[^;]/suy, ([text]) => ({ kind: 'literal', text })],
];

function parseSection(code: string): { section: Section; used: number } {
  const section: Section = { tokens: [], isDate: false };
  let at = 0;
  while (at < code.length && code[at] !== ';') at = readToken(code, at, section);
  section.isDate = section.tokens.some(({ kind }) => kind === 'date' || kind === 'elapsed' || kind === 'ampm');
  return { section, used: at };
}

/** Adds the token at `at` to the section; returns where the next one begins. */
function readToken(code: string, at: number, section: Section): number {
  for (const [pattern, make] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(code);
    if (!match) continue;
    if (make === secondsFraction && section.tokens.at(-1)?.kind !== 'date') continue;
    const token = make(match, section);
    if (token) section.tokens.push(token);
    return at + match[0].length;
  }
  return at + 1;
}

/** `.00` right after seconds. */
function secondsFraction(match: RegExpExecArray): Token {
  return { kind: 'fraction', width: Math.min(3, match[1]!.length) };
}

const SIGNS: Readonly<Record<string, 'point' | 'comma' | 'percent' | 'text' | 'slash'>> = Object.freeze({
  __proto__: null as never,
  '.': 'point',
  ',': 'comma',
  '%': 'percent',
  '@': 'text',
  '/': 'slash',
});

/** `[h]` and `[$€-407]` make tokens, `[>100]` a condition, `[Red]` nothing. */
function readBracket(inner: string, section: Section): Token | undefined {
  if (/^(h+|m+|s+)$/i.test(inner)) {
    return { kind: 'elapsed', unit: inner[0]!.toLowerCase() as 'h' | 'm' | 's', width: inner.length };
  }
  const currency = /^\$([^-]*)/.exec(inner);
  if (currency) return currency[1] === '' ? undefined : { kind: 'literal', text: currency[1]! };
  const condition = /^(<=|>=|<>|<|>|=)\s*(-?[\d.]+)$/.exec(inner);
  if (condition) section.condition = { operator: condition[1]!, value: Number(condition[2]) };
  return undefined;
}
