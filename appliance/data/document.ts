import { z } from 'zod';

/**
 * The canonical document (spec 2 B): what parse makes and every later stage reads. Serialised with RFC 8785, so that
 * its SHA-256 is stable; nothing in it depends on time, machine or run.
 *
 * Offsets are UTF-16 code units of the page's canonical text: `pageText.slice(start_char, end_char) === chunk.text`.
 */

/** A rectangle in PDF points (1/72 inch) from the page's top left, rounded to 0.01. */
export const Box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }).strict();
export type Box = z.infer<typeof Box>;

/** Where a piece stands in a format without pages: paragraph number, sheet and cell range, line range. */
export const Path = z
  .object({
    paragraph: z.number().int().optional(),
    sheet: z.string().optional(),
    range: z.string().optional(),
    line: z.number().int().optional(),
    end_line: z.number().int().optional(),
  })
  .strict();
export type Path = z.infer<typeof Path>;

export const ELEMENT_TYPES = ['paragraph', 'table', 'heading', 'list_item', 'figure_caption'] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];

const offset = z.number().int().nonnegative();
const page = z.number().int().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const Section = z
  .object({
    section_id: z.string(),
    title: z.string(),
    level: z.number().int().min(1).max(9),
    page,
    end_page: page,
    start_char: offset,
    end_char: offset,
  })
  .strict();
export type Section = z.infer<typeof Section>;

export const Table = z
  .object({
    table_id: z.string(),
    page,
    rows: z.number().int().nonnegative(),
    columns: z.number().int().nonnegative(),
    /** Row by row; a merged cell's text stands in its first place, the others are empty. */
    cells: z.array(z.array(z.string())),
    /** Only where cells are merged: every cell as [row0, column0, row1, column1, text], ends exclusive. */
    spans: z
      .array(z.tuple([z.number().int(), z.number().int(), z.number().int(), z.number().int(), z.string()]))
      .optional(),
    header_rows: z.number().int().nonnegative(),
    start_char: offset,
    end_char: offset,
    path: Path.optional(),
    title: z.string().optional(),
  })
  .strict();
export type Table = z.infer<typeof Table>;

export const Figure = z
  .object({
    figure_id: z.string(),
    page,
    caption: z.string(),
    start_char: offset,
    end_char: offset,
    box: Box.optional(),
  })
  .strict();
export type Figure = z.infer<typeof Figure>;

/** Text that a reader of the page would not see. Never part of a chunk; its wording is not stored here. */
export const HiddenText = z
  .object({ page, kind: z.string(), boxes: z.array(Box), text_sha256: sha256, characters: offset })
  .strict();
export type HiddenText = z.infer<typeof HiddenText>;

export const DroppedContent = z
  .object({ element_type: z.string(), page, reason: z.string(), remediation: z.string() })
  .strict();
export type DroppedContent = z.infer<typeof DroppedContent>;

export const Page = z
  .object({
    page,
    text_sha256: sha256,
    width: z.number(),
    height: z.number(),
    ocr: z.boolean(),
    /** Mean word confidence of OCR, 0–1; null where the text did not come from OCR. */
    confidence: z.number().nullable(),
  })
  .strict();
export type Page = z.infer<typeof Page>;

export const Chunk = z
  .object({
    chunk_id: z.string().regex(/^chk_[0-9a-f]{16}$/),
    text: z.string(),
    page,
    start_char: offset,
    end_char: offset,
    element_type: z.enum(ELEMENT_TYPES),
    boxes: z.array(Box).optional(),
    path: Path.optional(),
    metadata: z
      .object({
        section_title: z.string().nullable(),
        heading_level: z.number().int().nullable(),
        table_header: z.array(z.string()).optional(),
        /** Present on the parts of a table that was larger than the hard limit: 1-based part and number of parts. */
        table_part: z.tuple([z.number().int(), z.number().int()]).optional(),
      })
      .strict(),
  })
  .strict();
export type Chunk = z.infer<typeof Chunk>;

export const CanonicalDocument = z
  .object({
    doc_id: z.string(),
    tenant_id: z.string(),
    sections: z.array(Section),
    tables: z.array(Table),
    figures: z.array(Figure),
    hidden_text: z.array(HiddenText),
    /** Ids of sections, tables, figures and chunks in the order in which a person reads them. */
    reading_order: z.array(z.string()),
    pages: z.array(Page),
    chunks: z.array(Chunk),
    lineage: z
      .object({
        raw_sha256: sha256,
        stage1_parser_version: z.string(),
        stage2_parser_version: z.string(),
        /** Versions of every part that had a say, and the chunk limits (spec 2 B). */
        parser_versions: z.record(z.string(), z.union([z.string(), z.number()])),
      })
      .strict(),
    stats: z
      .object({
        page_count: offset,
        section_count: offset,
        table_count: offset,
        figure_count: offset,
        chunk_count: offset,
        total_characters: offset,
        ocr_pages: offset,
        ocr_avg_confidence: z.number().nullable(),
        coverage: z.number().min(0).max(1),
        dropped_content: z.array(DroppedContent),
      })
      .strict(),
  })
  .strict();
export type CanonicalDocument = z.infer<typeof CanonicalDocument>;

/** A canonical document with the canonical text of its pages, which is stored beside it, page by page. */
export interface ParsedDocument {
  document: CanonicalDocument;
  /** `pageTexts[i]` is the canonical text of `document.pages[i]`. */
  pageTexts: string[];
  /** The wording of hidden text, same order as `document.hidden_text`: evidence for the injection gate, stored apart. */
  hiddenTexts: string[];
}
