import type { PiiType } from '../../enriched.ts';
import type { PiiSpan } from '../gate.ts';
import { findPii } from './find-pii.ts';
import { contextMatches } from './match-patterns.ts';
import type { ContextName } from './patterns/contexts.ts';
import { PERSON_COLUMN, PLAIN_NAME_COLUMN } from './patterns/table-words.ts';
import { resolveOverlaps } from './resolve-overlaps.ts';

/** What stands between cells in a chunk's text; blanks around it are not part of a cell. */
const CELL_SEPARATOR = '|';
const PERSONAL: readonly ContextName[] = [
  'nationalId',
  'birth',
  'phone',
  'card',
  'account',
  'medical',
  'passport',
  'license',
];

/**
 * PII in a table chunk: what `findPii` sees in its text, and what the column headers say about bare values ("DOB" over
 * "03/14/1962"). `header` is the table's header row, or null when the first line of the text is it. Rows that do not
 * have as many cells as the header are read as plain text only. O(n log n).
 */
export function findPiiInTable(text: string, header: readonly string[] | null, types: readonly PiiType[]): PiiSpan[] {
  const spans = findPii(text, types);
  const lines = text.split('\n');
  const names = header ?? lines[0]?.split(CELL_SEPARATOR).map((name) => name.trim()) ?? [];
  const labelled = personalColumns(names).flatMap((column) => findInColumn(lines, names, column, types));
  return labelled.length === 0 ? spans : resolveOverlaps(text, [...spans, ...labelled]);
}

/** Columns whose header names something personal; "Name" alone counts only beside another such column. */
function personalColumns(names: readonly string[]): number[] {
  const telling = names.flatMap((name, i) =>
    PERSON_COLUMN.test(name) || PERSONAL.some((context) => contextMatches(name, context)) ? [i] : [],
  );
  const plain =
    telling.length === 0
      ? []
      : names.flatMap((name, i) => (PLAIN_NAME_COLUMN.test(name) && !telling.includes(i) ? [i] : []));
  return [...telling, ...plain];
}

/** Reads a column as lines "header: value", so that the header is the context that a label would be. */
function findInColumn(
  lines: readonly string[],
  names: readonly string[],
  column: number,
  types: readonly PiiType[],
): PiiSpan[] {
  const label = `${names[column]!.trim().slice(0, 60)}: `;
  const parts: string[] = [];
  const places: { inColumn: number; inText: number; length: number }[] = [];
  let columnAt = 0;
  let textAt = 0;
  for (const line of lines) {
    const cells = line.split(CELL_SEPARATOR);
    if (cells.length === names.length) {
      const cell = cells[column]!;
      const value = cell.trim();
      const before = cells.slice(0, column).reduce((sum, other) => sum + other.length + CELL_SEPARATOR.length, 0);
      const inText = textAt + before + (cell.length - cell.trimStart().length);
      places.push({ inColumn: columnAt + label.length, inText, length: value.length });
      // The blanks keep one row's value from being another's context.
      const entry = `${label}${value}${' '.repeat(60)}\n`;
      parts.push(entry);
      columnAt += entry.length;
    }
    textAt += line.length + 1;
  }
  const spans: PiiSpan[] = [];
  let next = 0;
  for (const span of findPii(parts.join(''), types)) {
    while (next + 1 < places.length && places[next + 1]!.inColumn <= span.start) next++;
    const place = places[next];
    if (!place || span.start < place.inColumn || span.end > place.inColumn + place.length) continue;
    const shift = place.inText - place.inColumn;
    spans.push({ ...span, start: span.start + shift, end: span.end + shift });
  }
  return spans;
}
