/** An inclusive rectangle of cells; rows and columns count from 0. */
export interface CellRange {
  row0: number;
  column0: number;
  row1: number;
  column1: number;
}

/** `B2:D10` as zero-based inclusive numbers; undefined for anything else. */
export function parseRange(text: string): CellRange | undefined {
  const match = /^([A-Z]{1,4})(\d{1,9})(?::([A-Z]{1,4})(\d{1,9}))?$/.exec(text);
  if (!match) return undefined;
  const column0 = columnNumber(match[1]!);
  const row0 = Number(match[2]) - 1;
  return {
    row0,
    column0,
    row1: match[4] === undefined ? row0 : Number(match[4]) - 1,
    column1: match[3] === undefined ? column0 : columnNumber(match[3]),
  };
}

/** A1 notation of zero-based inclusive corners: `A1:C10`, or `B2` for a single cell. */
export function cellRange(row0: number, column0: number, row1: number, column1: number): string {
  const from = `${columnName(column0)}${row0 + 1}`;
  const to = `${columnName(column1)}${row1 + 1}`;
  return from === to ? from : `${from}:${to}`;
}

/** Zero-based column number → `A` … `Z`, `AA` …. */
export function columnName(column: number): string {
  let name = '';
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  }
  return name;
}

/** `A` → 0, `AA` → 26. Upper-case letters only. */
export function columnNumber(name: string): number {
  let number = 0;
  for (const letter of name) number = number * 26 + letter.charCodeAt(0) - 64;
  return number - 1;
}
