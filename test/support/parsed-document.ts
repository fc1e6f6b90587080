import type { Chunk, ParsedDocument } from '../../appliance/data/document.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { chunkId } from '../../appliance/kernel/ids.ts';

const DOC_ID = 'doc_0123456789abcdef';

export type Piece = { text: string; page?: number; metadata?: Partial<Chunk['metadata']>; sheet?: string };

/** A parsed document whose pages are the pieces, one line each. */
export function parsedDocument(
  pieces: Piece[],
  hidden: { page: number; text: string }[] = [],
  sections: string[] = [],
): ParsedDocument {
  const pageTexts: string[] = [];
  const chunks = pieces.map((piece): Chunk => {
    const page = piece.page ?? 1;
    const before = pageTexts[page - 1] ?? '';
    const start = before === '' ? 0 : before.length + 1;
    pageTexts[page - 1] = before === '' ? piece.text : `${before}\n${piece.text}`;
    return {
      chunk_id: chunkId(DOC_ID, page, start, start + piece.text.length),
      text: piece.text,
      page,
      start_char: start,
      end_char: start + piece.text.length,
      element_type: 'paragraph',
      ...(piece.sheet === undefined ? {} : { path: { sheet: piece.sheet } }),
      metadata: { section_title: null, heading_level: null, ...piece.metadata },
    };
  });
  return {
    document: {
      doc_id: DOC_ID,
      tenant_id: 'alfa',
      sections: sections.map((title, i) => ({
        section_id: `s${i}`,
        title,
        level: 1,
        page: 1,
        end_page: 1,
        start_char: 0,
        end_char: 0,
      })),
      tables: [
        {
          table_id: 't1',
          page: 1,
          rows: 1,
          columns: 2,
          cells: [['a', 'SSN 536-22-8145']],
          header_rows: 0,
          start_char: 0,
          end_char: 0,
        },
      ],
      figures: [],
      hidden_text: hidden.map((item) => ({
        page: item.page,
        kind: 'white',
        boxes: [],
        text_sha256: sha256Hex(item.text),
        characters: item.text.length,
      })),
      reading_order: [],
      pages: pageTexts.map((text, i) => ({
        page: i + 1,
        text_sha256: sha256Hex(text),
        width: 1,
        height: 1,
        ocr: false,
        confidence: null,
      })),
      chunks,
      lineage: {
        raw_sha256: 'a'.repeat(64),
        stage1_parser_version: '1',
        stage2_parser_version: '1',
        parser_versions: {},
      },
      stats: {
        page_count: 1,
        section_count: 0,
        table_count: 0,
        figure_count: 0,
        chunk_count: chunks.length,
        total_characters: 0,
        ocr_pages: 0,
        ocr_avg_confidence: null,
        coverage: 1,
        dropped_content: [],
      },
    },
    pageTexts,
    hiddenTexts: hidden.map((item) => item.text),
  };
}
