import type { OcrImage, OcrPage } from './types.ts';

/** The picture turned clockwise by `rotation` degrees; the same object for 0. O(pixels). */
export function rotateImage(image: OcrImage, rotation: OcrPage['rotation']): OcrImage {
  if (rotation === 0) return image;
  const { data, width, height, dpi } = image;
  const turned = new Uint8Array(width * height);
  if (rotation === 180) {
    for (let from = 0, to = turned.length - 1; to >= 0; from++, to--) turned[to] = data[from]!;
    return { data: turned, width, height, dpi };
  }
  // A pixel (x, y) goes to (height - 1 - y, x) for a quarter turn, and to (y, width - 1 - x) for three.
  const quarter = rotation === 90;
  for (let y = 0, from = 0; y < height; y++) {
    const column = quarter ? height - 1 - y : y;
    for (let x = 0; x < width; x++, from++) {
      const row = quarter ? x : width - 1 - x;
      turned[row * height + column] = data[from]!;
    }
  }
  return { data: turned, width: height, height: width, dpi };
}
