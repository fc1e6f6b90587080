import { sha256Hex } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { chunkId } from '../../../kernel/ids.ts';
import type { CanonicalDocument, Chunk, Figure, ParsedDocument, Table } from '../../document.ts';
import type { Layout, LayoutBlock } from '../layout.ts';
import { countNonSpace } from '../text/count.ts';
import { type ChunkDraft, type ChunkLimits, chunkPages, LEAST_LIMIT } from './chunk.ts';
import { cleanText } from './clean-text.ts';
import { composePage, type PageText, roundBox } from './page-text.ts';
import { findSections } from './sections.ts';
import { withoutTags } from './unicode-tags.ts';
import { STAGE1_PARSER_VERSION, STAGE2_PARSER_VERSION } from './versions.ts';

export interface DocumentIds {
  tenant_id: string;
  doc_id: string;
  raw_sha256: string;
}

/**
 * Lays structure over a layout: pages with their canonical text, sections, tables, figures and chunks (spec 2 B).
 * Pure: the same layout, ids and limits give the same document on any machine. O(text + cells + boxes).
 * Throws `CONFIG_INVALID` for impossible limits and `PARSER_ERROR` for a layout whose page numbers do not rise.
 */
export function buildDocument(layout: Layout, ids: DocumentIds, chunkLimits: ChunkLimits): ParsedDocument {
  checkLimits(chunkLimits);
  checkPages(layout);
  const visible = withoutTags(layout);
  const pages = visible.pages.map(composePage);
  const sections = findSections(pages);
  const { tables, figures } = placeObjects(pages);
  const chunks = chunkPages(pages, chunkLimits).map((draft) => finishChunk(draft, pages, ids.doc_id));
  const hidden = visible.hidden
    .map((item) => ({ ...item, text: cleanText(item.text) }))
    .filter((item) => item.text !== '');
  const ocrPages = layout.pages.filter((page) => page.ocr);
  const document: CanonicalDocument = {
    doc_id: ids.doc_id,
    tenant_id: ids.tenant_id,
    sections,
    tables,
    figures,
    hidden_text: hidden.map(({ page, kind, boxes, text }) => ({
      page,
      kind,
      boxes: boxes.map(roundBox),
      text_sha256: sha256Hex(text),
      characters: text.length,
    })),
    reading_order: readingOrder([
      ...sections.map((item) => ({ id: item.section_id, page: item.page, start: item.start_char, rank: 0 })),
      ...tables.map((item) => ({ id: item.table_id, page: item.page, start: item.start_char, rank: 1 })),
      ...figures.map((item) => ({ id: item.figure_id, page: item.page, start: item.start_char, rank: 1 })),
      ...chunks.map((item) => ({ id: item.chunk_id, page: item.page, start: item.start_char, rank: 2 })),
    ]),
    pages: layout.pages.map((page, index) => ({
      page: page.page,
      text_sha256: sha256Hex(pages[index]!.text),
      width: page.width,
      height: page.height,
      ocr: page.ocr,
      confidence: page.confidence,
    })),
    chunks,
    lineage: {
      raw_sha256: ids.raw_sha256,
      stage1_parser_version: STAGE1_PARSER_VERSION,
      stage2_parser_version: STAGE2_PARSER_VERSION,
      parser_versions: {
        ...layout.versions,
        chunk_soft_limit: chunkLimits.soft,
        chunk_hard_limit: chunkLimits.hard,
      },
    },
    stats: {
      page_count: pages.length,
      section_count: sections.length,
      table_count: tables.length,
      figure_count: figures.length,
      chunk_count: chunks.length,
      total_characters: pages.reduce((sum, page) => sum + page.text.length, 0),
      ocr_pages: ocrPages.length,
      ocr_avg_confidence: meanConfidence(ocrPages.map((page) => page.confidence)),
      coverage: coverage(layout),
      dropped_content: layout.dropped,
    },
  };
  return { document, pageTexts: pages.map((page) => page.text), hiddenTexts: hidden.map((item) => item.text) };
}

function checkLimits({ soft, hard }: ChunkLimits): void {
  if (Number.isInteger(soft) && Number.isInteger(hard) && soft >= 1 && soft <= hard && hard >= LEAST_LIMIT) return;
  throw new FrostbyteError('CONFIG_INVALID', 'The chunk limits must be whole numbers, soft not above hard.', {
    details: [
      { field: 'chunk_limits', value: { soft, hard }, constraint: `1 <= soft <= hard, hard >= ${LEAST_LIMIT}` },
    ],
  });
}

/** Chunk ids are made of page and offsets: two pages of one number would make two chunks of one id. */
function checkPages(layout: Layout): void {
  let last = 0;
  for (const { page } of layout.pages) {
    if (!Number.isInteger(page) || page <= last) {
      throw new FrostbyteError('PARSER_ERROR', 'The reader gave pages whose numbers do not rise.', { kind: 'fault' });
    }
    last = page;
  }
}

function finishChunk(draft: ChunkDraft, pages: PageText[], docId: string): Chunk {
  const page = pageOf(pages, draft.page);
  return {
    chunk_id: chunkId(docId, draft.page, draft.start, draft.end),
    text: page.text.slice(draft.start, draft.end),
    page: draft.page,
    start_char: draft.start,
    end_char: draft.end,
    element_type: draft.elementType,
    ...(draft.boxes.length > 0 && { boxes: draft.boxes }),
    ...(draft.path && { path: draft.path }),
    metadata: {
      section_title: draft.sectionTitle,
      heading_level: draft.headingLevel,
      ...(draft.tableHeader && { table_header: draft.tableHeader }),
      ...(draft.tablePart && { table_part: draft.tablePart }),
    },
  };
}

/** Pages rise, mostly without gaps, so the page number minus the first is right at once; else binary search. */
function pageOf(pages: PageText[], number: number): PageText {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pages[middle]!.page < number) low = middle + 1;
    else high = middle;
  }
  return pages[low]!;
}

/** Tables and figures with their numbers and offsets, in reading order. */
function placeObjects(pages: PageText[]): { tables: Table[]; figures: Figure[] } {
  const tables: Table[] = [];
  const figures: Figure[] = [];
  for (const { page, text, blocks } of pages) {
    for (const block of blocks) {
      const place = { page, start_char: block.start, end_char: block.end };
      if (block.table) {
        const { cells, columns, spans, headerRows, title } = block.table;
        tables.push({
          table_id: `tbl_${tables.length + 1}`,
          ...place,
          rows: cells.length,
          columns,
          cells,
          ...(spans && spans.length > 0 && { spans }),
          header_rows: headerRows,
          ...(block.path && { path: block.path }),
          ...(title !== undefined && { title }),
        });
      } else if (block.kind === 'figure') {
        figures.push({
          figure_id: `fig_${figures.length + 1}`,
          ...place,
          caption: text.slice(block.start, block.end),
          ...(block.figureBox && { box: block.figureBox }),
        });
      }
    }
  }
  return { tables, figures };
}

function readingOrder(items: { id: string; page: number; start: number; rank: number }[]): string[] {
  return items.sort((a, b) => a.page - b.page || a.start - b.start || a.rank - b.rank).map((item) => item.id);
}

/** The share of the source's characters that came out, seen or hidden; 1 for a source without any (spec 2 B). */
function coverage(layout: Layout): number {
  if (!(layout.sourceCharacters > 0)) return 1;
  let out = 0;
  for (const page of layout.pages) for (const block of page.blocks) out += blockCharacters(block);
  for (const item of layout.hidden) out += countNonSpace(item.text);
  return Math.min(1, Math.round((out / layout.sourceCharacters) * 1e4) / 1e4);
}

function blockCharacters(block: LayoutBlock): number {
  if (block.kind === 'figure') return countNonSpace(block.caption);
  if (block.kind !== 'table') return countNonSpace(block.text);
  return block.cells.reduce((sum, row) => sum + row.reduce((inner, cell) => inner + countNonSpace(cell), 0), 0);
}

function meanConfidence(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return Math.round((known.reduce((sum, value) => sum + value, 0) / known.length) * 1e4) / 1e4;
}
