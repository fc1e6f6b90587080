import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isTiff, onlyPage, readTiffPages } from '../../../../../appliance/data/2-parse/image/tiff-pages.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { blank, tiffOf } from '../../../../support/pictures.ts';

const THUMBNAIL = { 254: 1 };

describe('the pages of a TIFF', () => {
  it('are its directories, with size and depth, without thumbnails and masks', () => {
    for (const order of ['II', 'MM'] as const) {
      const file = tiffOf(
        [{ picture: blank(10, 20) }, { picture: blank(5, 5), tags: THUMBNAIL }, { picture: blank(30, 40) }],
        order,
      );
      assert.ok(isTiff(file));
      const { pages } = readTiffPages(file, 10);
      assert.deepEqual(
        pages.map(({ width, height, bitsPerPixel }) => [width, height, bitsPerPixel]),
        [
          [10, 20, 8],
          [30, 40, 8],
        ],
      );
    }
  });

  it('can each be made the only one', () => {
    const file = tiffOf([{ picture: blank(10, 20) }, { picture: blank(30, 40) }, { picture: blank(50, 60) }], 'MM');
    const tiff = readTiffPages(file, 10);
    for (const page of tiff.pages) {
      const copy = Buffer.from(file);
      for (const { at, bytes } of onlyPage(tiff, page)) copy.set(bytes, at);
      assert.deepEqual(
        readTiffPages(copy, 10).pages.map(({ width }) => width),
        [page.width],
      );
    }
  });

  it('are refused when the chain of directories runs in a circle', () => {
    const file = tiffOf([{ picture: blank(1, 1) }, { picture: blank(1, 1) }]);
    const { pages } = readTiffPages(file, 10);
    file.writeUInt32LE(pages[0]!.offset, pages[1]!.nextAt);
    assert.throws(
      () => readTiffPages(file, 10),
      (error) => isFrostbyteError(error, 'FILE_CORRUPTED'),
    );
  });

  it('are refused when there are thumbnails without end', () => {
    const file = tiffOf(Array.from({ length: 50 }, () => ({ picture: blank(1, 1), tags: THUMBNAIL })));
    assert.throws(
      () => readTiffPages(file, 10),
      (error) => isFrostbyteError(error, 'FILE_CORRUPTED'),
    );
  });

  it('come out or are refused, whatever bytes follow the mark', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom('II*\0', 'MM\0*'), bytes, (mark, tail) => {
        const file = Buffer.concat([Buffer.from(mark, 'latin1'), tail]);
        try {
          assert.ok(readTiffPages(file, 100).pages.length > 0);
        } catch (error) {
          assert.ok(isFrostbyteError(error, 'FILE_CORRUPTED'), String(error));
        }
      }),
    );
  });
});
