import type { OcrEngine } from './engine.ts';
import { withImage } from './set-image.ts';
import type { OcrImage, OcrPage } from './types.ts';

/** By Tesseract's orientation id: the clockwise turn that makes the text stand upright. */
const TURN = [0, 270, 180, 90] as const;

/**
 * Which way up the text stands, or null where there is too little of it to tell. `confidence` is Tesseract's own
 * scale: 0 is a toss, 6 and more has been right on every page we measured.
 */
export function detectOrientation(
  engine: OcrEngine,
  image: OcrImage,
): { rotation: OcrPage['rotation']; confidence: number } | null {
  const api = engine.orientation();
  return withImage(engine, api, image, () => {
    const results = new engine.core.OSResults();
    try {
      if (!api.DetectOS(results)) return null;
      const best = results.get_best_result();
      const rotation = TURN[best.get_orientation_id()];
      return rotation === undefined ? null : { rotation, confidence: best.get_oconfidence() };
    } finally {
      engine.core.destroy(results);
    }
  });
}
