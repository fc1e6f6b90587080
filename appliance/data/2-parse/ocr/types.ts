import type { Box } from '../../document.ts';

/** A picture of one page as the recogniser wants it. */
export interface OcrImage {
  /** 8-bit gray, row by row from the top left, `width * height` bytes; 0 is black. */
  data: Uint8Array;
  /** Pixels. */
  width: number;
  height: number;
  /** Dots per inch; it turns pixels into PDF points (`px * 72 / dpi`). */
  dpi: number;
}

/** What recognition made of one page. All geometry is that of the page turned upright. */
export interface OcrPage {
  /** Degrees clockwise by which the picture was turned so that its text stands upright. */
  rotation: 0 | 90 | 180 | 270;
  /** Mean word confidence, 0–1; 0 for a page without words. */
  confidence: number;
  /** The upright page in PDF points. */
  width: number;
  height: number;
  /** Lines in reading order. */
  lines: OcrLine[];
}

export interface OcrLine {
  text: string;
  /** Mean over its words, 0–1. */
  confidence: number;
  box: Box;
  words: OcrWord[];
}

export interface OcrWord {
  text: string;
  /** 0–1. */
  confidence: number;
  box: Box;
}
