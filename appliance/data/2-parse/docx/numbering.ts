import { child, childElements, type XmlElement } from '../ooxml/tree.ts';
import { number, type Styles } from './styles.ts';

interface Level {
  start: number;
  format: string;
  /** E.g. `%1.%2`. */
  text: string;
  /** The level after which this one starts again; 0: never. Undefined: after any higher one. */
  restart: number | undefined;
  suffix: string;
  legal: boolean;
}

interface List {
  abstractId: string;
  levels: Map<number, Level>;
  startOverrides: Map<number, number>;
}

const LEVELS = 9;

/**
 * The numbers and bullets that Word draws in front of list paragraphs (ECMA-376 part 1, 17.9). Lists that share one
 * abstract definition count on where the other stopped, which is how a numbered list resumes after an interruption.
 */
export class Numbering {
  readonly #lists = new Map<string, List>();
  /** Counters by abstract list. */
  readonly #counters = new Map<string, (number | undefined)[]>();
  readonly #started = new Set<string>();

  constructor(root: XmlElement | undefined, styles: Styles) {
    if (!root) return;
    const abstracts = new Map(
      childElements(root, 'w:abstractNum').map((item) => [item.attributes['w:abstractNumId'] ?? '', item]),
    );
    const instances = new Map(childElements(root, 'w:num').map((item) => [item.attributes['w:numId'] ?? '', item]));
    const abstractOf = (numId: string) => child(instances.get(numId), 'w:abstractNumId')?.attributes['w:val'] ?? '';
    for (const [numId, instance] of instances) {
      let abstractId = abstractOf(numId);
      const link = child(abstracts.get(abstractId), 'w:numStyleLink')?.attributes['w:val'];
      const linked = link === undefined ? undefined : styles.listOf(link);
      if (linked !== undefined && abstracts.has(abstractOf(linked))) abstractId = abstractOf(linked);
      const levels = readLevels(abstracts.get(abstractId));
      const startOverrides = new Map<number, number>();
      for (const override of childElements(instance, 'w:lvlOverride')) {
        const index = number(override.attributes['w:ilvl']) ?? 0;
        const start = number(child(override, 'w:startOverride')?.attributes['w:val']);
        if (start !== undefined) startOverrides.set(index, start);
        for (const level of childElements(override, 'w:lvl')) levels.set(index, readLevel(level));
      }
      this.#lists.set(numId, { abstractId, levels, startOverrides });
    }
  }

  /**
   * The marker of the next paragraph at `level` of list `numId`, with the white space that follows it; counts on. Null
   * when there is no such list. `bullet` tells a bullet from a number.
   */
  next(numId: string, level: number): { marker: string; bullet: boolean } | null {
    const list = this.#lists.get(numId);
    const index = Math.min(LEVELS - 1, Math.max(0, level));
    const here = list?.levels.get(index);
    if (!list || !here) return null;
    const counters = this.#counters.get(list.abstractId) ?? new Array<number | undefined>(LEVELS).fill(undefined);
    this.#counters.set(list.abstractId, counters);
    this.#override(numId, list, counters, index);
    const value = counters[index];
    counters[index] = value === undefined ? here.start : value + 1;
    for (let deeper = index + 1; deeper < LEVELS; deeper++) {
      const restart = list.levels.get(deeper)?.restart;
      if (restart !== 0 && (restart === undefined || index < restart)) counters[deeper] = undefined;
    }
    if (here.format === 'bullet') return { marker: '• ', bullet: true };
    const marker = here.text.replace(/%([1-9])/g, (_, digit) => {
      const at = Number(digit) - 1;
      const of = list.levels.get(at) ?? here;
      return formatNumber(counters[at] ?? of.start, here.legal ? 'decimal' : of.format);
    });
    if (marker.trim() === '') return { marker: '', bullet: false };
    return { marker: here.suffix === 'nothing' ? marker : `${marker} `, bullet: false };
  }

  /** A list instance with start values of its own begins with them, once. */
  #override(numId: string, list: List, counters: (number | undefined)[], index: number): void {
    const start = list.startOverrides.get(index);
    const key = `${numId}/${index}`;
    if (start === undefined || this.#started.has(key)) return;
    this.#started.add(key);
    counters[index] = start - 1;
  }
}

function readLevels(abstract: XmlElement | undefined): Map<number, Level> {
  const levels = new Map<number, Level>();
  for (const level of abstract ? childElements(abstract, 'w:lvl') : []) {
    levels.set(number(level.attributes['w:ilvl']) ?? 0, readLevel(level));
  }
  return levels;
}

function readLevel(level: XmlElement): Level {
  const value = (name: string) => child(level, name)?.attributes['w:val'];
  return {
    start: number(value('w:start')) ?? 0,
    format: value('w:numFmt') ?? 'decimal',
    text: (value('w:lvlText') ?? '').slice(0, 64),
    restart: number(value('w:lvlRestart')),
    suffix: value('w:suff') ?? 'tab',
    legal: child(level, 'w:isLgl') !== undefined,
  };
}

/** A counter in one of Word's number formats; formats without a rule here are written in decimal. */
export function formatNumber(value: number, format: string): string {
  switch (format) {
    case 'none':
    case 'bullet':
      return '';
    case 'decimalZero':
      return value < 10 ? `0${value}` : String(value);
    case 'lowerLetter':
      return letters(value);
    case 'upperLetter':
      return letters(value).toUpperCase();
    case 'lowerRoman':
      return roman(value);
    case 'upperRoman':
      return roman(value).toUpperCase();
    case 'ordinal':
      return `${value}${ordinalSuffix(value)}`;
    default:
      return String(value);
  }
}

/** a … z, aa, bb …: Word repeats the letter. */
function letters(value: number): string {
  if (value < 1) return String(value);
  return String.fromCharCode(97 + ((value - 1) % 26)).repeat(Math.min(32, Math.ceil(value / 26)));
}

const ROMAN: [number, string][] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
];

function roman(value: number): string {
  if (value < 1 || value > 32_767) return String(value);
  let rest = value;
  let text = '';
  for (const [worth, sign] of ROMAN) {
    while (rest >= worth) {
      text += sign;
      rest -= worth;
    }
  }
  return text;
}

function ordinalSuffix(value: number): string {
  const tens = value % 100;
  if (tens >= 11 && tens <= 13) return 'th';
  return ['th', 'st', 'nd', 'rd'][value % 10] ?? 'th';
}
