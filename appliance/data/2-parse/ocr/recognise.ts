import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import type { ParserAssets } from '../layout.ts';
import type { OcrEngine } from './engine.ts';
import { discardEngine, loadEngine } from './engine.ts';
import { enlarge } from './enlarge.ts';
import { detectOrientation } from './orientation.ts';
import { type PixelLine, readLines } from './read-lines.ts';
import { rotateImage } from './rotate.ts';
import type { OcrImage, OcrPage } from './types.ts';

/** Below this mean word confidence a page is reported as doubtful (spec 2 B), and other orientations are tried. */
export const LOW_CONFIDENCE = 0.7;
/** Tesseract keeps coordinates in 16 bits. */
const MAX_SIDE = 32_767;
/** An orientation with at least this confidence is taken at its word even where the text is poor. */
const SURE_ORIENTATION = 6;

const ROTATIONS: readonly OcrPage['rotation'][] = [0, 90, 180, 270];

interface Attempt {
  rotation: OcrPage['rotation'];
  width: number;
  height: number;
  lines: PixelLine[];
  confidence: number;
}

/**
 * Recognises the text of one page, turned upright first: orientation detection decides, and where neither it nor the
 * text is convincing, all four turns are read and the best is kept. English, LSTM, the same text and boxes on every
 * machine. Confidences are rounded to 0.0001 and boxes to 0.01 points.
 * Throws `OCR_FAILED` for a picture whose sizes do not fit together, or when the recogniser breaks.
 * At most five passes over the picture, usually two.
 */
export async function recogniseImage(image: OcrImage, assets: ParserAssets): Promise<OcrPage> {
  checkImage(image);
  const engine = await loadEngine(assets);
  try {
    const large = enlarge(image);
    return toPoints(recogniseUpright(engine, large), large.dpi);
  } catch (cause) {
    discardEngine(assets);
    if (isFrostbyteError(cause)) throw cause;
    throw new FrostbyteError('OCR_FAILED', 'The text recogniser broke on this page.', { cause });
  }
}

function checkImage(image: OcrImage): void {
  const { data, width, height, dpi } = image;
  const side = (value: number) => Number.isInteger(value) && value > 0 && value <= MAX_SIDE;
  if (side(width) && side(height) && data.length === width * height && Number.isFinite(dpi) && dpi > 0) return;
  throw new FrostbyteError('OCR_FAILED', 'The picture has a size or a resolution that cannot be read.', {
    kind: 'never',
  });
}

function recogniseUpright(engine: OcrEngine, image: OcrImage): Attempt {
  const detected = detectOrientation(engine, image);
  const attempt = (rotation: OcrPage['rotation']): Attempt => {
    const turned = rotateImage(image, rotation);
    const lines = readLines(engine, turned);
    return { rotation, width: turned.width, height: turned.height, lines, confidence: meanConfidence(lines) };
  };
  let best = attempt(detected?.rotation ?? 0);
  if (best.confidence >= LOW_CONFIDENCE || (detected?.confidence ?? 0) >= SURE_ORIENTATION) return best;
  for (const rotation of ROTATIONS) {
    if (rotation === (detected?.rotation ?? 0)) continue;
    const other = attempt(rotation);
    if (worth(other) > worth(best)) best = other;
  }
  return best;
}

/** Characters weighted by how far their word is better than a guess: noise read as many unsure words is worth little. */
function worth(attempt: Attempt): number {
  let sum = 0;
  for (const line of attempt.lines) {
    for (const word of line.words) sum += word.text.length * Math.max(0, word.confidence - 0.5);
  }
  return sum;
}

function meanConfidence(lines: PixelLine[]): number {
  let sum = 0;
  let count = 0;
  for (const line of lines) {
    for (const word of line.words) sum += word.confidence;
    count += line.words.length;
  }
  return count === 0 ? 0 : sum / count;
}

function toPoints(attempt: Attempt, dpi: number): OcrPage {
  const points = (pixels: number) => round((pixels * 72) / dpi, 100);
  const box = (edges: PixelLine['edges']) => ({
    x: points(edges.x0),
    y: points(edges.y0),
    width: points(edges.x1 - edges.x0),
    height: points(edges.y1 - edges.y0),
  });
  return {
    rotation: attempt.rotation,
    confidence: round(attempt.confidence, 10_000),
    width: points(attempt.width),
    height: points(attempt.height),
    lines: attempt.lines.map((line) => ({
      text: line.words.map((word) => word.text).join(' '),
      confidence: round(meanConfidence([line]), 10_000),
      box: box(line.edges),
      words: line.words.map((word) => ({
        text: word.text,
        confidence: round(word.confidence, 10_000),
        box: box(word.edges),
      })),
    })),
  };
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
