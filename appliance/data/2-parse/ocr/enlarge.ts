import type { OcrImage } from './types.ts';

/** Letters of ordinary size are read well from about this resolution on. */
const GOOD_DPI = 200;
/** Scans from this resolution on are left as they are. */
const ENOUGH_DPI = 150;
const MOST = 3;
/** The longer side of an enlarged picture: a picture that is large already only claims a low resolution. */
const MOST_PIXELS = 3_600;

/**
 * A picture of low resolution made two or three times as large, between pixels by straight lines: the recogniser was
 * taught on larger letters and reads a page of 75 dpi much better so. Others come back as they are. Integers only, so
 * every machine gets the same pixels. O(pixels of the result).
 */
export function enlarge(image: OcrImage): OcrImage {
  const factor = factorFor(image);
  if (factor === 1) return image;
  const { data, width, height, dpi } = image;
  const large = new Uint8Array(width * height * factor * factor);
  const columns = Array.from({ length: width * factor }, (_, x) => between(x, factor, width));
  for (let y = 0, to = 0; y < height * factor; y++) {
    const row = between(y, factor, height);
    const upper = row.low * width;
    const lower = row.high * width;
    for (const { low, high, share } of columns) {
      const top = data[upper + low]! * (2 * factor - share) + data[upper + high]! * share;
      const bottom = data[lower + low]! * (2 * factor - share) + data[lower + high]! * share;
      const sum = top * (2 * factor - row.share) + bottom * row.share;
      large[to++] = (sum + 2 * factor * factor) / (4 * factor * factor);
    }
  }
  return { data: large, width: width * factor, height: height * factor, dpi: dpi * factor };
}

function factorFor({ width, height, dpi }: OcrImage): number {
  if (dpi >= ENOUGH_DPI) return 1;
  const wanted = Math.min(MOST, Math.ceil(GOOD_DPI / dpi));
  return Math.max(1, Math.min(wanted, Math.floor(MOST_PIXELS / Math.max(width, height))));
}

/** The two neighbours of a new pixel's centre and the second one's share, in parts of `2 * factor`. */
function between(at: number, factor: number, size: number): { low: number; high: number; share: number } {
  const place = 2 * at + 1 - factor;
  const low = Math.floor(place / (2 * factor));
  return {
    low: Math.max(0, low),
    high: Math.min(size - 1, Math.max(0, low + 1)),
    share: place - low * 2 * factor,
  };
}
