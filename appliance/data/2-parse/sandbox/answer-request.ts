import { sha256Hex } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { parserAssets } from '../assets.ts';
import { DRAWERS, FORMATS } from '../formats.ts';
import { coverBoxes, showBoxes } from '../picture/drawn-page.ts';
import { writePng } from '../picture/write-png.ts';
import { buildDocument } from '../structure/build.ts';
import {
  type Answer,
  CHILD_CODES,
  type ChildCode,
  type Failure,
  type ParseRequest,
  type PictureAnswer,
  type PictureOrder,
} from './protocol.ts';

/**
 * The child's work: reads the document and lays structure over it (spec 2 B). Never throws: what goes wrong is the
 * answer, with the reader's own code and message, or `PARSER_ERROR` and a hash of the stack for a defect of ours.
 */
export async function answerRequest(request: ParseRequest, bytes: Uint8Array): Promise<Answer | PictureAnswer> {
  try {
    if (request.picture !== undefined) return await draw(request, request.picture, bytes);
    const load = FORMATS[request.media_type];
    if (load === undefined) throw new FrostbyteError('UNSUPPORTED_FORMAT', 'There is no parser for this media type.');
    const read = await load();
    const begin = performance.now();
    const layout = await read(bytes, { limits: request.limits, assets: parserAssets() });
    const middle = performance.now();
    const { tenant_id, doc_id, raw_sha256 } = request;
    const parsed = buildDocument(layout, { tenant_id, doc_id, raw_sha256 }, request.chunk_limits);
    const end = performance.now();
    return { ok: true, ...parsed, stage1_ms: middle - begin, stage2_ms: end - middle };
  } catch (error) {
    return failure(error);
  }
}

async function draw(request: ParseRequest, order: PictureOrder, bytes: Uint8Array): Promise<PictureAnswer> {
  const load = DRAWERS[request.media_type];
  if (load === undefined)
    throw new FrostbyteError('UNSUPPORTED_FORMAT', 'A document of this type has no pages to draw.');
  const drawer = await load();
  const drawn = await drawer(bytes, order, { limits: request.limits, assets: parserAssets() });
  if (drawn === null) throw new FrostbyteError('FILE_CORRUPTED', 'There is no such page, or it cannot be drawn.');
  if (order.show !== null) showBoxes(drawn, order.show);
  coverBoxes(drawn, order.cover);
  return { ok: true, png: writePng(drawn).toString('base64'), width: drawn.width, height: drawn.height };
}

function failure(error: unknown): Failure {
  if (error instanceof FrostbyteError && isChildCode(error.code)) {
    const hash = error.code === 'PARSER_ERROR' ? stackHash(error) : undefined;
    return { ok: false, code: error.code, message: oneLine(error.message), kind: error.kind, ...hash };
  }
  if (ranOutOfMemory(error)) {
    return {
      ok: false,
      code: 'PARSER_MEMORY',
      message: 'The document needs more memory than the parser may use.',
      kind: 'later',
    };
  }
  return {
    ok: false,
    code: 'PARSER_ERROR',
    message: 'The parser failed on this document.',
    kind: 'later',
    ...stackHash(error),
  };
}

function isChildCode(code: string): code is ChildCode {
  return (CHILD_CODES as readonly string[]).includes(code);
}

/** What V8 and Node throw when an allocation outside the JavaScript heap meets the limit. */
function ranOutOfMemory(error: unknown): boolean {
  if (!(error instanceof RangeError)) return false;
  return /allocation failed|allocate memory|out of memory|Unable to grow/i.test(error.message);
}

function stackHash(error: unknown): { stack_trace_hash: string } {
  return { stack_trace_hash: sha256Hex(error instanceof Error ? String(error.stack) : String(error)) };
}

function oneLine(message: string): string {
  return message.replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ').slice(0, 300) || 'The parser gave no reason.';
}
