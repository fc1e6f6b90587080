import type { CanonicalDocument, Chunk, ParsedDocument } from '../document.ts';
import type { PiiType } from '../enriched.ts';
import type { PiiSpan } from './gate.ts';
import { findPii } from './pii/find-pii.ts';
import { redact } from './pii/redact.ts';
import { redactChunk } from './pii/redact-chunk.ts';
import { resolveOverlaps } from './pii/resolve-overlaps.ts';
import { type ChunkScan, scanChunks } from './pii/scan-chunks.ts';

/** A text with the PII of the given types replaced. */
export function redactText(text: string, types: readonly PiiType[]): string {
  return redact(text, findPii(text, types));
}

/**
 * The rendering of a parsed document that may be shown under `redact` (spec 2 C): chunks, page texts, section titles,
 * table cells and titles, captions and sheet names are redacted; ids, offsets and hashes still speak of the original.
 * What a chunk shows as PII (a column's heading gives a bare date away) is PII on its page and in its cell too. The
 * wording of hidden text is left out. O(n).
 */
export function redactDocument(parsed: ParsedDocument, types: readonly PiiType[]): ParsedDocument {
  const clean = (text: string) => redactText(text, types);
  const { document } = parsed;
  const scans = scanChunks(document.chunks, types);
  const titles = new Map(document.chunks.map(({ metadata }, i) => [metadata.section_title, scans[i]!.section_title]));
  const cells = valuesOf(document.chunks, scans);
  const cell = (page: number, text: string) => {
    const type = cells.get(`${page} ${text.trim()}`);
    return type === undefined ? clean(text) : `[REDACTED:${type}]`;
  };
  const path = (value: Chunk['path']) => (value?.sheet === undefined ? value : { ...value, sheet: clean(value.sheet) });
  const redacted: CanonicalDocument = {
    ...document,
    sections: document.sections.map((section) => ({
      ...section,
      title: redact(section.title, titles.get(section.title) ?? findPii(section.title, types)),
    })),
    tables: document.tables.map((table) => ({
      ...table,
      cells: table.cells.map((row) => row.map((text) => cell(table.page, text))),
      ...(table.spans
        ? {
            spans: table.spans.map(([r0, c0, r1, c1, text]): [number, number, number, number, string] => [
              r0,
              c0,
              r1,
              c1,
              cell(table.page, text),
            ]),
          }
        : {}),
      ...(table.title === undefined ? {} : { title: clean(table.title) }),
      ...(table.path ? { path: path(table.path) } : {}),
    })),
    figures: document.figures.map((figure) => ({ ...figure, caption: clean(figure.caption) })),
    chunks: document.chunks.map((chunk, i) => redactChunk(chunk, scans[i]!)),
  };
  const pageTexts = parsed.pageTexts.map((text, i) => {
    const onPage = spansOnPage(document.chunks, scans, document.pages[i]!.page);
    return redact(text, resolveOverlaps(text, [...findPii(text, types), ...onPage]));
  });
  return { document: redacted, pageTexts, hiddenTexts: parsed.hiddenTexts.map(() => '') };
}

/** Every value that a chunk's text shows as PII, by its page. */
function valuesOf(chunks: readonly Chunk[], scans: readonly ChunkScan[]): Map<string, PiiType> {
  const values = new Map<string, PiiType>();
  chunks.forEach(({ page, text }, i) => {
    for (const { start, end, type } of scans[i]!.text) values.set(`${page} ${text.slice(start, end)}`, type);
  });
  return values;
}

function spansOnPage(chunks: readonly Chunk[], scans: readonly ChunkScan[], page: number): PiiSpan[] {
  return chunks.flatMap((chunk, i) =>
    chunk.page === page
      ? scans[i]!.text.map((span) => ({
          ...span,
          start: chunk.start_char + span.start,
          end: chunk.start_char + span.end,
        }))
      : [],
  );
}
