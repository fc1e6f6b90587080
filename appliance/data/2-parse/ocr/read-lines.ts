import type { ResultIterator } from './core-types.ts';
import type { OcrEngine } from './engine.ts';
import { withImage } from './set-image.ts';
import type { OcrImage } from './types.ts';

/** Of Tesseract's `PageIteratorLevel`. */
const TEXT_LINE = 2;
const WORD = 3;

/** Pixels, `x1` and `y1` exclusive. */
export interface Edges {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface PixelWord {
  text: string;
  /** 0–1. */
  confidence: number;
  edges: Edges;
}

export interface PixelLine {
  edges: Edges;
  words: PixelWord[];
}

/** Words without a letter or a digit below this confidence are ruling lines, specks and shading, not text. */
const NOISE = 0.5;
/** A word higher than this many times its line's median word is an initial, a bracket or a brace over several lines. */
const OVERSIZE = 1.8;

/** The lines of a picture that stands upright, in reading order, without lines that hold nothing but noise. */
export function readLines(engine: OcrEngine, image: OcrImage): PixelLine[] {
  const api = engine.text();
  return withImage(engine, api, image, () => {
    if (api.Recognize(null) !== 0) throw new Error('recognition was refused');
    const iterator = api.GetIterator();
    // Where a page has no text at all there is no iterator (a null pointer).
    if (engine.core.getPointer(iterator) === 0) return [];
    try {
      return collect(iterator);
    } finally {
      engine.core.destroy(iterator);
    }
  });
}

function collect(iterator: ResultIterator): PixelLine[] {
  const lines: PixelWord[][] = [];
  iterator.Begin();
  let words: PixelWord[] = [];
  do {
    if (iterator.Empty(WORD)) continue;
    if (iterator.IsAtBeginningOf(TEXT_LINE)) {
      words = [];
      lines.push(words);
    }
    const text = iterator.GetUTF8Text(WORD).replace(/\s+/g, ' ').trim();
    if (text === '') continue;
    const word = { text, confidence: iterator.Confidence(WORD) / 100, edges: iterator.getBoundingBox(WORD) };
    if (!isNoise(word)) words.push(word);
  } while (iterator.Next(WORD));
  return lines.filter((line) => line.length > 0).map((line) => ({ edges: edgesOf(line), words: line }));
}

/**
 * The box of a line: as wide as its words, as high as those of ordinary height. An initial that hangs down beside the
 * lines below would otherwise make its line overlap them, and they would be taken for one.
 */
function edgesOf(words: PixelWord[]): Edges {
  const heights = words.map(({ edges }) => edges.y1 - edges.y0).sort((a, b) => a - b);
  const most = OVERSIZE * heights[Math.floor((heights.length - 1) / 2)]!;
  const ordinary = words.filter(({ edges }) => edges.y1 - edges.y0 <= most);
  return {
    x0: Math.min(...words.map(({ edges }) => edges.x0)),
    x1: Math.max(...words.map(({ edges }) => edges.x1)),
    y0: Math.min(...ordinary.map(({ edges }) => edges.y0)),
    y1: Math.max(...ordinary.map(({ edges }) => edges.y1)),
  };
}

function isNoise(word: PixelWord): boolean {
  return word.confidence < NOISE && !/[\p{L}\p{N}]/u.test(word.text);
}
