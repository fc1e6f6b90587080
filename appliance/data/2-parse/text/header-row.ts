/**
 * How many rows of a grid head its columns, when the file does not say: 1 when the first row looks like names (filled,
 * no numbers, no two alike) and something stands below it, else 0. O(columns).
 */
export function guessHeaderRows(cells: string[][]): number {
  const first = cells[0];
  if (!first || cells.length < 2) return 0;
  const names = first.map((cell) => cell.trim()).filter((cell) => cell !== '');
  if (names.length < Math.max(1, first.length * 0.6)) return 0;
  if (new Set(names).size < names.length) return 0;
  return names.some((name) => NUMERIC.test(name)) ? 0 : 1;
}

/** Numbers, amounts, percentages, dates and times. */
const NUMERIC = /^[\p{Sc}+\-−(\s]*\d[\d\s.,:/’'%)-]*\p{Sc}?$/u;
