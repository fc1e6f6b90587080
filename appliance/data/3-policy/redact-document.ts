import type { CanonicalDocument, Chunk, ParsedDocument } from '../document.ts';
import type { PiiType } from '../enriched.ts';
import { findPiiInTable } from './pii/find-in-table.ts';
import { findPii } from './pii/find-pii.ts';
import { redact } from './pii/redact.ts';

/** A text with the PII of the given types replaced. */
export function redactText(text: string, types: readonly PiiType[]): string {
  return redact(text, findPii(text, types));
}

/**
 * The rendering of a parsed document that may be shown under `redact` (spec 2 C): chunks, page texts, section titles,
 * table cells and titles, captions and sheet names are redacted; ids, offsets and hashes still speak of the original.
 * The wording of hidden text is left out. O(n).
 */
export function redactDocument(parsed: ParsedDocument, types: readonly PiiType[]): ParsedDocument {
  const clean = (text: string) => redactText(text, types);
  const { document } = parsed;
  const path = (value: Chunk['path']) => (value?.sheet === undefined ? value : { ...value, sheet: clean(value.sheet) });
  const redacted: CanonicalDocument = {
    ...document,
    sections: document.sections.map((section) => ({ ...section, title: clean(section.title) })),
    tables: document.tables.map((table) => ({
      ...table,
      cells: table.cells.map((row) => row.map(clean)),
      ...(table.spans
        ? {
            spans: table.spans.map(([r0, c0, r1, c1, text]): [number, number, number, number, string] => [
              r0,
              c0,
              r1,
              c1,
              clean(text),
            ]),
          }
        : {}),
      ...(table.title === undefined ? {} : { title: clean(table.title) }),
      ...(table.path ? { path: path(table.path) } : {}),
    })),
    figures: document.figures.map((figure) => ({ ...figure, caption: clean(figure.caption) })),
    chunks: document.chunks.map((chunk) => ({
      ...chunk,
      text:
        chunk.element_type === 'table'
          ? redact(chunk.text, findPiiInTable(chunk.text, chunk.metadata.table_header ?? null, types))
          : clean(chunk.text),
      ...(chunk.path ? { path: path(chunk.path) } : {}),
      metadata: {
        ...chunk.metadata,
        section_title: chunk.metadata.section_title === null ? null : clean(chunk.metadata.section_title),
        ...(chunk.metadata.table_header ? { table_header: chunk.metadata.table_header.map(clean) } : {}),
      },
    })),
  };
  return { document: redacted, pageTexts: parsed.pageTexts.map(clean), hiddenTexts: parsed.hiddenTexts.map(() => '') };
}
