import { inflateSync } from 'node:zlib';
import type { Pixels } from '../../appliance/data/2-parse/picture/write-png.ts';

/** Reads a PNG of ours back: 8 bits, gray or colour, rows as they are. Throws for any other. */
export function decodePng(png: Uint8Array): Pixels {
  const file = Buffer.from(png);
  const [width, height, depth, colour] = [file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]];
  if (depth !== 8 || (colour !== 0 && colour !== 2)) throw new Error('not a picture of ours');
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const channels = colour === 0 ? 1 : 3;
  const row = width * channels;
  const raw = inflateSync(Buffer.concat(parts));
  if (raw.length !== (row + 1) * height) throw new Error('the picture is not whole');
  const data = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    if (raw[y * (row + 1)] !== 0) throw new Error('a row is filtered');
    data.set(raw.subarray(y * (row + 1) + 1, (y + 1) * (row + 1)), y * row);
  }
  return { data, width, height, channels };
}

/** The values that occur in a part of a picture, given in shares of its sides. */
export function valuesIn(
  { data, width, height, channels }: Pixels,
  part: { left: number; top: number; right: number; bottom: number },
): Set<number> {
  const values = new Set<number>();
  for (let y = Math.ceil(part.top * height); y < Math.floor(part.bottom * height); y++)
    for (let x = Math.ceil(part.left * width); x < Math.floor(part.right * width); x++)
      for (let channel = 0; channel < channels; channel++) values.add(data[(y * width + x) * channels + channel]!);
  return values;
}
