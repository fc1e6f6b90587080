import type { OcrImage } from '../ocr/types.ts';
import type { DrawnPage, PageDrawer } from '../picture/drawn-page.ts';
import { decodeOne } from './read-image.ts';

const POINTS_AN_INCH = 72;

/** A page of a PNG or TIFF in gray, as recognition sees it. Throws as `readImage`. */
export const drawImagePage: PageDrawer = async (bytes, { page, width }, { limits, assets }) => {
  const image = await decodeOne(bytes, page, limits.maxPages, assets);
  return image === null ? null : smaller(image, width);
};

/** Made smaller by whole steps, each pixel the mean of those that it stands for. */
function smaller({ data, width, height, dpi }: OcrImage, most: number): DrawnPage {
  const step = Math.max(1, Math.ceil(width / most));
  const [wide, high] = [Math.max(1, Math.floor(width / step)), Math.max(1, Math.floor(height / step))];
  const small = new Uint8Array(wide * high);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      let sum = 0;
      for (let row = y * step; row < (y + 1) * step; row++)
        for (let at = row * width + x * step, end = at + step; at < end; at++) sum += data[at]!;
      small[y * wide + x] = sum / (step * step);
    }
  }
  const points = { width: (wide * step * POINTS_AN_INCH) / dpi, height: (high * step * POINTS_AN_INCH) / dpi };
  return { data: small, width: wide, height: high, channels: 1, points };
}
