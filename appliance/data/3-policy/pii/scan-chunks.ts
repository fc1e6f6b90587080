import type { Chunk } from '../../document.ts';
import { PII_TYPES, type PiiType } from '../../enriched.ts';
import type { PiiSpan } from '../gate.ts';
import { findPiiInTable } from './find-in-table.ts';
import { findPii } from './find-pii.ts';
import { resolveOverlaps } from './resolve-overlaps.ts';

/** The PII of one chunk: in its text, and in what is served beside it. Spans are sorted and disjoint. */
export interface ChunkScan {
  text: PiiSpan[];
  section_title: PiiSpan[];
  /** One list for each cell of the table header. */
  table_header: PiiSpan[][];
  sheet: PiiSpan[];
  /** All types found, in the order of `PII_TYPES`. */
  types: PiiType[];
}

/** Characters on each side of the seam between two chunks that are read together: more than any value is long. */
const SEAM = 160;
/** White space that a cut may have left out. */
const WIDEST_GAP = 2;
/** A value that a cut divides has a digit or an @ this near to it; names and addresses have not. */
const TELLING = /[\p{Nd}@]/u;
const NEAR = 48;
/** Shorter values than this mean nothing outside their place. */
const SHORTEST = 3;

/**
 * Looks for PII of the wanted types in every chunk. Beyond what a chunk shows by itself: a value that the edge between
 * two chunks divides is found in both, and a value found in a text is also found in the title, the header or the sheet
 * name beside it, which may lack the words that give it away. O(text) for each type.
 */
export function scanChunks(chunks: readonly Chunk[], types: readonly PiiType[]): ChunkScan[] {
  const texts = chunks.map((chunk) =>
    chunk.element_type === 'table'
      ? findPiiInTable(chunk.text, chunk.metadata.table_header ?? null, types)
      : findPii(chunk.text, types),
  );
  for (let i = 1; i < chunks.length; i++) addDivided(chunks, texts, i, types);
  const beside = scanBeside(chunks, texts, types);
  return chunks.map((chunk, i): ChunkScan => {
    const { section_title, table_header = [] } = chunk.metadata;
    const of = (value: string | null | undefined) => (value ? beside.get(value)! : []);
    const title = of(section_title);
    const scan = {
      text: isTitled(chunk) && title.length > 0 ? resolveOverlaps(chunk.text, [...texts[i]!, ...title]) : texts[i]!,
      section_title: title,
      table_header: table_header.map(of),
      sheet: of(chunk.path?.sheet),
    };
    const found = new Set(spansOf(scan).map(({ type }) => type));
    return { ...scan, types: PII_TYPES.filter((type) => found.has(type)) };
  });
}

/** Every span of a chunk. */
export function spansOf({ text, section_title, table_header, sheet }: Omit<ChunkScan, 'types'>): PiiSpan[] {
  return [...text, ...section_title, ...table_header.flat(), ...sheet];
}

/** Whether the text begins with the heading that is its section's title. */
function isTitled({ text, metadata }: Chunk): boolean {
  return metadata.section_title !== null && metadata.section_title !== '' && text.startsWith(metadata.section_title);
}

/** Adds the parts of what stands across the edge between chunk `i - 1` and chunk `i`. */
function addDivided(chunks: readonly Chunk[], texts: PiiSpan[][], i: number, types: readonly PiiType[]): void {
  const [before, after] = [chunks[i - 1]!, chunks[i]!];
  const gap = after.start_char - before.end_char;
  if (before.page !== after.page || gap < 0 || gap > WIDEST_GAP) return;
  const near = before.text.slice(-NEAR) + after.text.slice(0, NEAR);
  if (!TELLING.test(near) && !types.includes('NAME') && !types.includes('ADDRESS')) return;
  const left = before.text.slice(-SEAM);
  const right = left.length + gap;
  for (const span of findPii(left + ' '.repeat(gap) + after.text.slice(0, SEAM), types)) {
    if (span.start >= left.length || span.end <= right) continue;
    const shift = before.text.length - left.length;
    const head = { ...span, start: span.start + shift, end: before.text.length };
    const tail = { ...span, start: 0, end: span.end - right };
    texts[i - 1] = resolveOverlaps(before.text, [...texts[i - 1]!, head]);
    texts[i] = resolveOverlaps(after.text, [...texts[i]!, tail]);
  }
}

/** The spans of every title, header cell and sheet name: its own, and values found in the texts that it stands beside. */
function scanBeside(
  chunks: readonly Chunk[],
  texts: readonly PiiSpan[][],
  types: readonly PiiType[],
): Map<string, PiiSpan[]> {
  const known = new Map<string, Map<string, PiiSpan>>();
  chunks.forEach((chunk, i) => {
    const names = [chunk.metadata.section_title, ...(chunk.metadata.table_header ?? []), chunk.path?.sheet];
    for (const name of new Set(names)) {
      if (!name) continue;
      const values = known.get(name) ?? new Map<string, PiiSpan>();
      known.set(name, values);
      for (const span of texts[i]!) {
        const value = chunk.text.slice(span.start, span.end);
        if (value.length >= SHORTEST && value.length <= name.length) values.set(value, span);
      }
    }
  });
  const found = new Map<string, PiiSpan[]>();
  for (const [name, values] of known) {
    const repeated = [...values].flatMap(([value, span]) => occurrences(name, value, span));
    const own = findPii(name, types);
    found.set(name, repeated.length === 0 ? own : resolveOverlaps(name, [...own, ...repeated]));
  }
  return found;
}

const WORD = /[\p{L}\p{N}]/u;

/** Where a value stands in a text as a word of its own. */
function occurrences(text: string, value: string, span: PiiSpan): PiiSpan[] {
  const places: PiiSpan[] = [];
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    const end = at + value.length;
    if (WORD.test(text[at - 1] ?? '') || WORD.test(text[end] ?? '')) continue;
    places.push({ ...span, start: at, end });
  }
  return places;
}
