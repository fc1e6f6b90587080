import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { parserAssets } from '../../../../../appliance/data/2-parse/assets.ts';
import { withPictureFile } from '../../../../../appliance/data/2-parse/image/decode-picture.ts';
import { loadEngine } from '../../../../../appliance/data/2-parse/ocr/engine.ts';
import { blank, pngChunk, pngOf, tiffOf } from '../../../../support/pictures.ts';

async function decode(file: Uint8Array) {
  return withPictureFile(await loadEngine(parserAssets()), file, async (picture) => picture.decode());
}

/** A PNG of one row: depth, colour type, the row's bytes, and chunks before the pixels. */
function row(width: number, depth: number, colour: number, bytes: number[], ...extra: Buffer[]): Buffer {
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, 1, depth, colour, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixels = pngChunk('IDAT', deflateSync(Buffer.from([0, ...bytes])));
  return Buffer.concat([signature, pngChunk('IHDR', header), ...extra, pixels, pngChunk('IEND')]);
}

const gray = async (file: Buffer) => [...(await decode(file))!.data];

describe('decoding to gray', () => {
  it('keeps 8-bit gray as it is, from PNG and TIFF', async () => {
    const data = Uint8Array.from({ length: 37 * 5 }, (_, i) => (i * 7) % 256);
    const picture = { data, width: 37, height: 5, dpi: 300 };
    for (const file of [pngOf(picture), tiffOf([{ picture }]), tiffOf([{ picture }], 'MM')]) {
      assert.deepEqual(await decode(file), picture);
    }
  });

  it('spreads pixels of 1, 2 and 4 bits over the whole range', async () => {
    assert.deepEqual(await gray(row(4, 1, 0, [0b01010000])), [0, 255, 0, 255]);
    assert.deepEqual(await gray(row(4, 2, 0, [0b00011011])), [0, 85, 170, 255]);
    assert.deepEqual(await gray(row(3, 4, 0, [0x0f, 0x80])), [0, 255, 136]);
  });

  it('weighs colours by how bright they look', async () => {
    assert.deepEqual(await gray(row(4, 8, 2, [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])), [76, 150, 29, 255]);
  });

  it('looks up palettes', async () => {
    const palette = pngChunk('PLTE', Uint8Array.of(0, 0, 0, 255, 0, 0, 255, 255, 255));
    assert.deepEqual(await gray(row(3, 8, 3, [2, 1, 0], palette)), [255, 76, 0]);
  });

  it('lays transparent pixels on white', async () => {
    const [through, half, solid] = await gray(row(3, 8, 6, [0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 255]));
    assert.deepEqual([through, solid], [255, 0]);
    assert.ok(half! > 100 && half! < 155);
  });

  it('takes the high byte of 16-bit samples', async () => {
    const [dark, bright] = await gray(row(2, 16, 0, [0x12, 0x34, 0xfe, 0xdc]));
    assert.deepEqual([dark, bright], [0x12, 0xfe]);
  });

  it('believes a sensible resolution and guesses one for the rest, as for a letter page', async () => {
    assert.equal((await decode(pngOf({ ...blank(10, 10), dpi: 200 })))!.dpi, 200);
    assert.equal((await decode(row(4, 8, 0, [0, 0, 0, 0])))!.dpi, 70);
    assert.equal((await decode(pngOf({ ...blank(2200, 1), dpi: 9000 })))!.dpi, 200);
  });

  it('gives null for what cannot be decoded', async () => {
    assert.equal(await decode(Buffer.from('not a picture at all')), null);
  });
});
