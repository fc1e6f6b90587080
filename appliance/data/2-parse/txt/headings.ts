import type { Line, LineGroup } from './lines.ts';

export interface FoundHeading {
  level: number;
  text: string;
  /** Lines of the group that it takes. */
  lines: number;
}

const LONGEST = 100;

/**
 * A heading at line `at` of a group of lines, by the signs that people give plain text; undefined without any. `before`
 * and `after` are the neighbouring groups. O(1).
 */
export function headingAt(
  group: LineGroup,
  at: number,
  before: LineGroup | undefined,
  after: LineGroup | undefined,
): FoundHeading | undefined {
  const [line, next] = [group[at]!, group[at + 1]];
  const first = line.text.trim();
  if (first.length > LONGEST) return undefined;
  const found = markdown(line, next, first) ?? underlined(next, first);
  if (found || group.length > 1 || !after) return found;
  return numbered(first, before, after) ?? named(first) ?? capitals(first);
}

/** `## Title`. Lines of `#` one after another are comments of some other language. */
function markdown(line: Line, next: Line | undefined, first: string): FoundHeading | undefined {
  const match = /^(#{1,6})\s+(.*?\S)\s*#*$/.exec(first);
  if (!match || line.text.startsWith('    ') || next?.text.startsWith('#')) return undefined;
  return { level: match[1]!.length, text: match[2]!, lines: 1 };
}

/** A line over a row of `=` (level 1) or `-` (level 2) about as long as itself. */
function underlined(next: Line | undefined, first: string): FoundHeading | undefined {
  const second = next?.text.trim() ?? '';
  const match = /^(={3,}|-{3,})$/.exec(second);
  if (!match || second.length < first.length * 0.5 || second.length > first.length * 2 + 4) return undefined;
  if (!/\p{L}/u.test(first)) return undefined;
  return { level: second[0] === '=' ? 1 : 2, text: first, lines: 2 };
}

const NUMBERED = /^((?:\d{1,3}\.)*\d{1,3})(\.?)\s+(\p{Lu}.*)$/u;
/** Sentences and clauses end so; headings do not. */
const CLOSED = /[.,;:!?]$/;

/** `1.2 Title` between blank lines. */
function numbered(first: string, before: LineGroup | undefined, after: LineGroup): FoundHeading | undefined {
  const match = NUMBERED.exec(first);
  if (!match || first.length > 80 || CLOSED.test(first)) return undefined;
  const depth = match[1]!.split('.').length;
  // Single numbers one after another, with nothing between, are a list.
  const inList =
    depth === 1 &&
    [before?.[0], after[0]].some((line) => line && NUMBERED.exec(line.text.trim())?.[1]?.includes('.') === false);
  return inList ? undefined : { level: Math.min(9, depth), text: first, lines: 1 };
}

/** `Article 5` between blank lines. */
function named(first: string): FoundHeading | undefined {
  const match =
    /^(part|chapter|article|section|appendix|annex|schedule|exhibit)\s+([\divxlc]{1,6}|[a-z])\b(?!.*[,;!?]$)/i.exec(
      first,
    );
  if (!match || first.length > 80 || (CLOSED.test(first) && first.length > 20)) return undefined;
  return { level: /^section$/i.test(match[1]!) ? 2 : 1, text: first, lines: 1 };
}

/** A few words in capitals between blank lines. */
function capitals(first: string): FoundHeading | undefined {
  const letters = first.match(/\p{L}/gu) ?? [];
  if (letters.length < 4 || first.length > 60 || /[.,;!?]$/.test(first)) return undefined;
  if (first.split(/\s+/).length > 10 || letters.length < first.replace(/\s/g, '').length * 0.6) return undefined;
  const cased = letters.filter((letter) => letter.toLowerCase() !== letter.toUpperCase());
  if (cased.length < 4 || cased.some((letter) => letter !== letter.toUpperCase())) return undefined;
  return { level: 1, text: first.replace(/:$/, ''), lines: 1 };
}
