import { luminance, onWhite } from './decode-picture.ts';

/** How a page's samples are laid out and what they mean. */
export interface SampleFormat {
  bitsPerSample: number;
  samples: number;
  /** 0: white is zero, 1: black is zero, 2: red, green, blue, 3: palette, 5: cyan, magenta, yellow, black. */
  photometric: number;
  /** 1: horizontal difference was not taken, 2: it was. */
  predictor: number;
  /** True when the fourth sample of RGB, or the second of gray, is how much of the paper it covers. */
  alpha: boolean;
  /** 16-bit colour map: all reds, all greens, all blues. */
  palette: readonly number[];
  littleEndian: boolean;
}

/** Least samples per pixel by photometric interpretation. */
const LEAST_SAMPLES: Readonly<Record<number, number>> = Object.freeze({ 0: 1, 1: 1, 2: 3, 3: 1, 5: 4 });

/** True when `grayRow` can read such samples. */
export function knowsFormat(format: SampleFormat): boolean {
  const { bitsPerSample, samples, photometric, predictor, palette } = format;
  const least = LEAST_SAMPLES[photometric];
  if (least === undefined || samples < least || samples > 8) return false;
  if (bitsPerSample < 8 && (samples !== 1 || predictor !== 1)) return false;
  if (photometric === 3 && (bitsPerSample > 8 || palette.length < 3 << bitsPerSample)) return false;
  return [1, 2, 4, 8, 16].includes(bitsPerSample) && (predictor === 1 || predictor === 2);
}

/** Bytes of a row of `width` pixels. */
export function rowBytes({ bitsPerSample, samples }: SampleFormat, width: number): number {
  return Math.ceil((width * samples * bitsPerSample) / 8);
}

/** Writes the gray values of one unpacked row. `row` is changed where a difference must be undone. O(pixels). */
export function grayRow(format: SampleFormat, row: Uint8Array, width: number, gray: Uint8Array): void {
  if (format.predictor === 2) undoDifference(format, row, width);
  const { samples, photometric, palette, bitsPerSample } = format;
  const sample = reader(format, row);
  const entries = 1 << bitsPerSample;
  for (let x = 0; x < gray.length; x++) {
    const at = x * samples;
    let value = sample(at);
    if (photometric === 0) value = 255 - value;
    else if (photometric === 2) value = luminance(value, sample(at + 1), sample(at + 2));
    else if (photometric === 3) {
      const shade = (map: number) => palette[map * entries + value]! >> 8;
      value = luminance(shade(0), shade(1), shade(2));
    } else if (photometric === 5) {
      const ink = (index: number) => 255 - Math.min(255, sample(at + index) + sample(at + 3));
      value = luminance(ink(0), ink(1), ink(2));
    }
    if (format.alpha) value = onWhite(value, sample(at + (photometric === 2 ? 3 : 1)));
    gray[x] = value;
  }
}

/** Gives samples as 0–255, except of a palette, where they are entries. */
function reader(
  { bitsPerSample, photometric, littleEndian }: SampleFormat,
  row: Uint8Array,
): (index: number) => number {
  if (bitsPerSample === 8) return (index) => row[index]!;
  if (bitsPerSample === 16) return (index) => row[2 * index + (littleEndian ? 1 : 0)]!;
  const most = (1 << bitsPerSample) - 1;
  const scale = photometric === 3 ? 1 : 255 / most;
  return (index) => {
    const bit = index * bitsPerSample;
    return ((row[bit >> 3]! >> (8 - bitsPerSample - (bit & 7))) & most) * scale;
  };
}

function undoDifference({ bitsPerSample, samples, littleEndian }: SampleFormat, row: Uint8Array, width: number): void {
  if (bitsPerSample === 8) {
    for (let i = samples; i < width * samples; i++) row[i] = row[i]! + row[i - samples]!;
    return;
  }
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  for (let i = samples; i < width * samples; i++) {
    const sum = view.getUint16(2 * i, littleEndian) + view.getUint16(2 * (i - samples), littleEndian);
    view.setUint16(2 * i, sum & 0xffff, littleEndian);
  }
}
