import { FrostbyteError } from '../../../kernel/errors.ts';
import { pngSize } from '../picture/write-png.ts';
import { MAX_PICTURE_SIDE, PictureAnswer } from './protocol.ts';

/** A page of a document as a PNG. */
export interface PagePicture {
  png: Uint8Array;
  width: number;
  height: number;
}

/**
 * Turns the child's words into a picture, believing nothing but that it is a PNG of the size that it says, and not too large.
 * What it shows, a browser decodes as it decodes any picture. Throws as `checkAnswer`.
 */
export function checkPicture(output: Uint8Array): PagePicture {
  const answer = PictureAnswer.safeParse(parseJson(output));
  if (!answer.success) throw forged();
  if (!answer.data.ok) throw new FrostbyteError(answer.data.code, answer.data.message, { kind: answer.data.kind });
  const png = Buffer.from(answer.data.png, 'base64');
  const { width, height } = answer.data;
  const said = pngSize(png);
  const isRight = said !== null && said.width === width && said.height === height;
  if (!isRight || Math.min(width, height) < 1 || Math.max(width, height) > MAX_PICTURE_SIDE) throw forged();
  return { png, width, height };
}

function parseJson(output: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(output));
  } catch {
    throw forged();
  }
}

function forged(): FrostbyteError {
  return new FrostbyteError('PARSER_ERROR', 'The parser’s answer does not hold together (picture).');
}
