import { bottom, sameRow } from './boxes.ts';
import type { Furniture, LinesPage, TextLine } from './types.ts';

/** Share of the page's height at top and bottom in which running headers and footers stand. */
const ZONE = 0.13;
/** Rows from the edge that are looked at. */
const ROWS = 4;
const PAGE_OF = /^(?:page|seite|p\.|pg\.?)\s*\d{1,5}(?:\s*(?:of|von|\/|-)\s*\d{1,5})?$/iu;
const NUMBER = /^[-\u2013\u2014\s|[(]*(\d{1,5}|[ivxlc]{1,7})[-\u2013\u2014\s|\])]*$/iu;

interface Candidate {
  page: number;
  line: TextLine;
  /** Text with every number replaced, and the distance from the nearer edge, rounded to 6 points. */
  key: string;
  number: number | null;
}

/**
 * Recognises running headers, footers and page numbers: lines near the upper or lower edge that come again on other
 * pages at the same height (numbers may differ), lone numbers that count with the pages, and `Page 3 of 10` anywhere
 * at an edge. Returns what stays and what was taken out. O(lines log lines).
 */
export function separateFurniture(pages: readonly LinesPage[]): { kept: TextLine[][]; furniture: Furniture[] } {
  const candidates = pages.map((page, index) => edgeLines(page, index));
  const pagesOf = new Map<string, Set<number>>();
  for (const candidate of candidates.flat()) {
    const seen = pagesOf.get(candidate.key) ?? new Set<number>();
    seen.add(candidate.page);
    pagesOf.set(candidate.key, seen);
  }
  const needed = Math.max(2, Math.min(4, Math.ceil(pages.length * 0.25)));
  const counted = countingOffsets(candidates.flat());
  const furniture: Furniture[] = [];
  const kept = pages.map((page, index) => {
    const drop = new Set<TextLine>();
    for (const candidate of candidates[index] ?? []) {
      const repeats = (pagesOf.get(candidate.key)?.size ?? 0) >= needed;
      const counts = candidate.number !== null && counted.has(candidate.number - index);
      if (!repeats && !counts && !PAGE_OF.test(candidate.line.text.trim())) continue;
      drop.add(candidate.line);
      furniture.push({ page: page.page, text: candidate.line.text, box: candidate.line.box });
    }
    return drop.size === 0 ? [...page.lines] : page.lines.filter((line) => !drop.has(line));
  });
  return { kept, furniture };
}

/** Lines of the outermost rows within the edge zones. */
function edgeLines(page: LinesPage, index: number): Candidate[] {
  if (page.height <= 0) return [];
  const upright = page.lines.filter((line) => line.rotated !== true);
  const top = upright.filter((line) => bottom(line.box) <= page.height * ZONE).sort((a, b) => a.box.y - b.box.y);
  const low = upright
    .filter((line) => line.box.y >= page.height * (1 - ZONE))
    .sort((a, b) => bottom(b.box) - bottom(a.box));
  return [
    ...outerRows(top).map((line) => candidate(line, index, `t${Math.round(line.box.y / 6)}`)),
    ...outerRows(low).map((line) => candidate(line, index, `b${Math.round((page.height - bottom(line.box)) / 6)}`)),
  ];
}

function outerRows(sorted: readonly TextLine[]): TextLine[] {
  const taken: TextLine[] = [];
  let rows = 0;
  let current: TextLine | undefined;
  for (const line of sorted) {
    if (!current || !sameRow(current.box, line.box)) {
      rows++;
      current = line;
    }
    if (rows > ROWS) break;
    taken.push(line);
  }
  return taken;
}

function candidate(line: TextLine, page: number, place: string): Candidate {
  const text = line.text.trim();
  const shape = text.toLowerCase().replace(/\d+/gu, '#').replace(/\s+/gu, '');
  const number = NUMBER.exec(text)?.[1];
  return { page, line, key: `${place} ${shape}`, number: number === undefined ? null : pageNumber(number) };
}

function pageNumber(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text);
  const values: Record<string, number> = { i: 1, v: 5, x: 10, l: 50, c: 100 };
  const digits = [...text.toLowerCase()].map((letter) => values[letter] ?? 0);
  return digits.reduce((sum, value, i) => sum + (value < (digits[i + 1] ?? 0) ? -value : value), 0);
}

/** Offsets (number − page index) that at least two pages share: those numbers count the pages. */
function countingOffsets(candidates: readonly Candidate[]): Set<number> {
  const pages = new Map<number, Set<number>>();
  for (const { number, page } of candidates) {
    if (number === null) continue;
    const seen = pages.get(number - page) ?? new Set<number>();
    seen.add(page);
    pages.set(number - page, seen);
  }
  return new Set([...pages].filter(([, seen]) => seen.size >= 2).map(([offset]) => offset));
}
