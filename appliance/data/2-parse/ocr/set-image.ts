import { FrostbyteError } from '../../../kernel/errors.ts';
import type { TessApi } from './core-types.ts';
import type { OcrEngine } from './engine.ts';
import type { OcrImage } from './types.ts';

/**
 * Gives the picture to `api`, runs `use`, and clears everything the page left behind, so that one page's result never
 * depends on the page before it. Throws `OCR_FAILED` when the core has no memory for the picture.
 */
export function withImage<T>(engine: OcrEngine, api: TessApi, image: OcrImage, use: () => T): T {
  const pointer = engine.core._malloc(image.data.length);
  if (pointer === 0) throw new FrostbyteError('OCR_FAILED', 'The picture is too large for the text recogniser.');
  engine.heap().set(image.data, pointer);
  try {
    api.SetImage(pointer, image.width, image.height, 1, image.width);
  } finally {
    engine.core._free(pointer);
  }
  api.SetSourceResolution(Math.round(image.dpi));
  try {
    return use();
  } finally {
    api.Clear();
    api.ClearAdaptiveClassifier();
  }
}
