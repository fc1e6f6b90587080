import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { parserAssets } from '../../../../../appliance/data/2-parse/assets.ts';
import { decodeBytes } from '../../../../../appliance/data/2-parse/image/decode-picture.ts';
import { readTiffPages } from '../../../../../appliance/data/2-parse/image/tiff-pages.ts';
import { decodeTiffRaster } from '../../../../../appliance/data/2-parse/image/tiff-raster.ts';
import { loadEngine } from '../../../../../appliance/data/2-parse/ocr/engine.ts';
import { blank, type TiffPageSpec, tiffOf } from '../../../../support/pictures.ts';

const engine = await loadEngine(parserAssets());

/** 32 by 16 pixels, the left half black, the right half white. */
const JPEG = Buffer.from(
  '/9j/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//wAALCAAQACAB' +
    'AREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAAgH/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAAPwDMBTomIU6P/9k=',
  'base64',
);

function decode(spec: TiffPageSpec, order: 'II' | 'MM' = 'II') {
  const file = tiffOf([spec], order);
  const tiff = readTiffPages(file, 1);
  return decodeTiffRaster(file, tiff, tiff.pages[0]!, (jpeg) => decodeBytes(engine, jpeg));
}

const DEFLATE = { 259: 8 };
const page = (width: number, height: number) => ({ ...blank(width, height), dpi: 300 });
const deflated = (bytes: number[]) => deflateSync(Uint8Array.from(bytes));
const gray = (spec: TiffPageSpec, order?: 'II' | 'MM') => [...(decode(spec, order)?.data ?? [])];

describe('TIFF pages that the core cannot read', () => {
  it('leaves everything else to the core', () => {
    assert.equal(decode({ picture: page(4, 4) }), undefined);
    assert.equal(decode({ picture: page(4, 4), tags: { 259: 5 } }), undefined);
  });

  it('unpacks Deflate strips, in gray either way round, with their resolution', () => {
    const content = deflated([0, 100, 200, 255]);
    const image = decode({ picture: page(2, 2), tags: DEFLATE, content });
    assert.deepEqual(image, { data: Uint8Array.of(0, 100, 200, 255), width: 2, height: 2, dpi: 300 });
    assert.deepEqual(gray({ picture: page(2, 2), tags: { ...DEFLATE, 262: 0 }, content }), [255, 155, 55, 0]);
  });

  it('adds differences up again, at 8 and at 16 bits', () => {
    const tags = { ...DEFLATE, 317: 2 };
    assert.deepEqual(gray({ picture: page(3, 1), tags, content: deflated([10, 5, 250]) }), [10, 15, 9]);
    // 0x10ff + 0x0102 = 0x1201: the carry goes into the byte that is kept.
    const deep = { ...tags, 258: 16 };
    assert.deepEqual(
      gray({ picture: page(2, 1), tags: deep, content: deflated([0x10, 0xff, 1, 2]) }, 'MM'),
      [0x10, 0x12],
    );
    assert.deepEqual(
      gray({ picture: page(2, 1), tags: deep, content: deflated([0xff, 0x10, 2, 1]) }, 'II'),
      [0x10, 0x12],
    );
  });

  it('reads single bits, colours and inks', () => {
    assert.deepEqual(
      gray({ picture: page(4, 1), tags: { ...DEFLATE, 258: 1 }, content: deflated([0b01010000]) }),
      [0, 255, 0, 255],
    );
    // Colours of a different depth each would need a list; one value stands for all.
    const rgb = { ...DEFLATE, 262: 2, 277: 3 };
    assert.deepEqual(
      gray({ picture: page(2, 1), tags: rgb, content: deflated([255, 0, 0, 255, 255, 255]) }),
      [76, 255],
    );
    const inks = { ...DEFLATE, 262: 5, 277: 4 };
    assert.deepEqual(
      gray({ picture: page(2, 1), tags: inks, content: deflated([0, 0, 0, 0, 0, 0, 0, 255]) }),
      [255, 0],
    );
  });

  it('cuts tiles to the page', () => {
    const content = [1, 2, 9, 3, 4, 9, 9, 9, 9];
    assert.deepEqual(gray({ picture: page(2, 2), content: Uint8Array.from(content), tile: [3, 3] }), [1, 2, 3, 4]);
    assert.deepEqual(
      gray({ picture: page(2, 2), tags: DEFLATE, content: deflated(content), tile: [3, 3] }),
      [1, 2, 3, 4],
    );
  });

  it('decodes JPEG strips', () => {
    const data = gray({ picture: page(32, 16), tags: { 259: 7 }, content: JPEG });
    assert.equal(data.length, 512);
    for (let i = 0; i < 512; i++) assert.ok(i % 32 < 16 ? data[i]! < 20 : data[i]! > 235, String(i));
  });

  it('refuses what unpacks to more or less than the page, and what it does not know', () => {
    const broken: TiffPageSpec[] = [
      { picture: page(2, 2), tags: DEFLATE, content: deflated([1, 2, 3]) },
      { picture: page(2, 2), tags: DEFLATE, content: deflateSync(Buffer.alloc(50_000_000)) },
      { picture: page(2, 2), tags: DEFLATE, content: Uint8Array.of(1, 2, 3) },
      { picture: page(2, 2), tags: { ...DEFLATE, 317: 3 }, content: deflated([1, 2, 3, 4]) },
      { picture: page(2, 2), tags: { ...DEFLATE, 284: 2, 277: 3 }, content: deflated([1, 2, 3, 4]) },
      { picture: page(2, 2), tags: { ...DEFLATE, 262: 3 }, content: deflated([1, 2, 3, 4]) },
      { picture: page(2, 2), tags: { ...DEFLATE, 273: 0xfffffff0 }, content: deflated([1, 2, 3, 4]) },
      // A JPEG larger than its strip, one that is cut short, one that is none, one in inks.
      { picture: page(8, 4), tags: { 259: 7 }, content: JPEG },
      { picture: page(32, 16), tags: { 259: 7 }, content: JPEG.subarray(0, 30) },
      { picture: page(32, 16), tags: { 259: 7 }, content: Buffer.from('no picture') },
      { picture: page(32, 16), tags: { 259: 7, 262: 5, 277: 4 }, content: JPEG },
    ];
    for (const spec of broken) assert.equal(decode(spec), null, JSON.stringify(spec.tags));
  });
});
