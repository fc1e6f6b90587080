import { sha256Hex } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { halfCharacter } from '../../../kernel/half-characters.ts';
import { chunkId } from '../../../kernel/ids.ts';
import { CanonicalDocument, type ParsedDocument } from '../../document.ts';
import { Answer, type ParseRequest } from './protocol.ts';

/** An answer that was believed. */
export interface CheckedAnswer extends ParsedDocument {
  stage1_ms: number;
  stage2_ms: number;
}

/**
 * Turns the child's words into a parsed document, believing nothing: its shape, that it speaks of this document, every
 * hash, id, offset and count. A document can at worst describe itself wrongly, never another tenant's.
 * Throws the parser's own error when the answer is one, `PARSER_ERROR` when anything is off. O(size of the answer).
 */
export function checkAnswer(output: Uint8Array, request: ParseRequest): CheckedAnswer {
  const answer = Answer.safeParse(parseJson(output));
  if (!answer.success) throw forged('shape');
  if (!answer.data.ok) throw reported(answer.data);
  const { pageTexts, hiddenTexts, stage1_ms, stage2_ms } = answer.data;
  const document = CanonicalDocument.safeParse(answer.data.document);
  if (!document.success) throw forged('document');
  if (halfCharacter(document.data) !== null || !pageTexts.every((text) => text.isWellFormed()))
    throw forged('characters');
  const parsed = { document: document.data, pageTexts, hiddenTexts };
  checkIdentity(parsed.document, request);
  checkPages(parsed);
  checkHidden(parsed);
  checkPlaces(parsed);
  checkStats(parsed);
  return { ...parsed, stage1_ms, stage2_ms };
}

function forged(what: string): FrostbyteError {
  return new FrostbyteError('PARSER_ERROR', `The parser's answer does not hold together (${what}).`);
}

function reported(answer: Extract<Answer, { ok: false }>): FrostbyteError {
  return new FrostbyteError(answer.code, answer.message, { kind: answer.kind });
}

function parseJson(output: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(output));
  } catch {
    throw forged('JSON');
  }
}

function checkIdentity(document: CanonicalDocument, request: ParseRequest): void {
  const { doc_id, tenant_id, lineage } = document;
  if (doc_id !== request.doc_id || tenant_id !== request.tenant_id) throw forged('identity');
  if (lineage.raw_sha256 !== request.raw_sha256) throw forged('identity');
  const { chunk_soft_limit, chunk_hard_limit } = lineage.parser_versions;
  const { soft, hard } = request.chunk_limits;
  if (chunk_soft_limit !== soft || chunk_hard_limit !== hard) throw forged('chunk limits');
}

function checkPages({ document, pageTexts }: ParsedDocument): void {
  if (pageTexts.length !== document.pages.length) throw forged('pages');
  let last = 0;
  for (const [index, { page, text_sha256 }] of document.pages.entries()) {
    if (page <= last || sha256Hex(pageTexts[index]!) !== text_sha256) throw forged('page text');
    last = page;
  }
}

function checkHidden({ document, hiddenTexts }: ParsedDocument): void {
  if (hiddenTexts.length !== document.hidden_text.length) throw forged('hidden text');
  for (const [index, item] of document.hidden_text.entries()) {
    const text = hiddenTexts[index]!;
    if (!text.isWellFormed() || text.length !== item.characters) throw forged('hidden text');
    if (sha256Hex(text) !== item.text_sha256) throw forged('hidden text');
  }
}

/** Everything that has a place lies on a page of the document, and chunks are exactly what stands there. */
function checkPlaces({ document, pageTexts }: ParsedDocument): void {
  const texts = new Map(document.pages.map(({ page }, index) => [page, pageTexts[index]!]));
  const inside = (page: number, start: number, end: number) => {
    const text = texts.get(page);
    return text !== undefined && start <= end && end <= text.length;
  };
  const ids = new Set<string>();
  const name = (id: string) => {
    if (ids.has(id)) throw forged('ids');
    ids.add(id);
  };
  for (const chunk of document.chunks) {
    const { page, start_char, end_char } = chunk;
    if (!inside(page, start_char, end_char)) throw forged('chunk');
    if (texts.get(page)!.slice(start_char, end_char) !== chunk.text) throw forged('chunk');
    if (chunkId(document.doc_id, page, start_char, end_char) !== chunk.chunk_id) throw forged('chunk');
    name(chunk.chunk_id);
  }
  for (const table of document.tables) {
    if (!inside(table.page, table.start_char, table.end_char)) throw forged('table');
    name(table.table_id);
  }
  for (const figure of document.figures) {
    if (!inside(figure.page, figure.start_char, figure.end_char)) throw forged('figure');
    name(figure.figure_id);
  }
  for (const section of document.sections) {
    if (!inside(section.page, section.start_char, section.start_char)) throw forged('section');
    if (!inside(section.end_page, 0, section.end_char)) throw forged('section');
    name(section.section_id);
  }
  const order = new Set(document.reading_order);
  const complete = order.size === ids.size && document.reading_order.length === ids.size;
  if (!complete || document.reading_order.some((id) => !ids.has(id))) throw forged('order');
}

function checkStats({ document, pageTexts }: ParsedDocument): void {
  const { stats } = document;
  const right =
    stats.page_count === document.pages.length &&
    stats.section_count === document.sections.length &&
    stats.table_count === document.tables.length &&
    stats.figure_count === document.figures.length &&
    stats.chunk_count === document.chunks.length &&
    stats.ocr_pages === document.pages.filter((page) => page.ocr).length &&
    stats.total_characters === pageTexts.reduce((sum, text) => sum + text.length, 0);
  if (!right) throw forged('stats');
}
