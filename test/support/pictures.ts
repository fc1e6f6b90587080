import { deflateSync } from 'node:zlib';

/** 8-bit gray, row by row; 0 is black. */
export interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
  dpi: number;
}

/** A PNG of a gray picture, made by hand: signature, IHDR, pHYs, IDAT, IEND. */
export function pngOf(picture: Picture): Buffer {
  const { data, width, height, dpi } = picture;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const density = Buffer.alloc(9);
  const perMetre = Math.round(dpi / 0.0254);
  density.writeUInt32BE(perMetre, 0);
  density.writeUInt32BE(perMetre, 4);
  density[8] = 1;
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    pngChunk('IHDR', header),
    pngChunk('pHYs', density),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND'),
  ];
  return Buffer.concat([signature, ...parts]);
}

/** One PNG chunk with its length and checksum. */
export function pngChunk(type: string, content: Uint8Array = new Uint8Array(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(content.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** How a TIFF page is written; tags override what the picture says. */
export interface TiffPageSpec {
  picture: Picture;
  /** Further or other tags: number and value, each a LONG. */
  tags?: Record<number, number>;
  /** What lies in the strip instead of the picture's pixels. */
  content?: Uint8Array;
  /** One tile of this width and height in place of the strip. */
  tile?: [number, number];
}

/** A baseline TIFF of gray pages, uncompressed, one strip a page, made by hand. */
export function tiffOf(pages: TiffPageSpec[], order: 'II' | 'MM' = 'II'): Buffer {
  const little = order === 'II';
  const parts: Buffer[] = [Buffer.alloc(8)];
  let size = 8;
  const add = (part: Buffer) => {
    parts.push(part);
    size += part.length;
    return size - part.length;
  };
  const u16 = (buffer: Buffer, value: number, at: number) =>
    little ? buffer.writeUInt16LE(value, at) : buffer.writeUInt16BE(value, at);
  const u32 = (buffer: Buffer, value: number, at: number) =>
    little ? buffer.writeUInt32LE(value, at) : buffer.writeUInt32BE(value, at);
  parts[0]!.write(order, 0, 'latin1');
  u16(parts[0]!, 42, 2);
  let link: { buffer: Buffer; at: number } = { buffer: parts[0]!, at: 4 };
  for (const { picture, tags = {}, content = picture.data, tile } of pages) {
    const strip = add(Buffer.from(content));
    const density = Buffer.alloc(8);
    u32(density, picture.dpi, 0);
    u32(density, 1, 4);
    const densityAt = add(density);
    const long = (value: number) => ({ type: 4, value });
    const entries = new Map<number, { type: number; value: number }>([
      [256, long(picture.width)],
      [257, long(picture.height)],
      [258, long(8)],
      [259, long(1)],
      [262, long(1)],
      [273, long(strip)],
      [277, long(1)],
      [278, long(picture.height)],
      [279, long(content.length)],
      [282, { type: 5, value: densityAt }],
      [283, { type: 5, value: densityAt }],
      [296, long(2)],
    ]);
    if (tile !== undefined) {
      for (const tag of [273, 278, 279]) entries.delete(tag);
      entries.set(322, long(tile[0])).set(323, long(tile[1])).set(324, long(strip)).set(325, long(content.length));
    }
    for (const [tag, value] of Object.entries(tags)) entries.set(Number(tag), long(value));
    const directory = Buffer.alloc(2 + 12 * entries.size + 4);
    u16(directory, entries.size, 0);
    [...entries]
      .sort(([a], [b]) => a - b)
      .forEach(([tag, { type, value }], index) => {
        const at = 2 + 12 * index;
        // SHORT where readers insist on it; the value then stands in the first two bytes.
        const short = type === 4 && value < 65536 && [258, 259, 262, 277, 296].includes(tag);
        u16(directory, tag, at);
        u16(directory, short ? 3 : type, at + 2);
        u32(directory, 1, at + 4);
        if (short) u16(directory, value, at + 8);
        else u32(directory, value, at + 8);
      });
    u32(link.buffer, add(directory), link.at);
    link = { buffer: directory, at: directory.length - 4 };
  }
  return Buffer.concat(parts);
}

/** A blank page, white unless told otherwise. */
export function blank(width: number, height: number, value = 255): Picture {
  return { data: new Uint8Array(width * height).fill(value), width, height, dpi: 150 };
}
