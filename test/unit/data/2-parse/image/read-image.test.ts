import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readImage } from '../../../../../appliance/data/2-parse/image/read-image.ts';
import { rotateImage } from '../../../../../appliance/data/2-parse/ocr/rotate.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { blank, pngChunk, pngOf, tiffOf } from '../../../../support/pictures.ts';
import { readOptions } from '../../../../support/read-options.ts';
import { STORAGE_REPORT_LINES, STORAGE_REPORT_PNG, storageReport } from '../../../../support/storage-report.ts';

const corrupted = (error: unknown) => isFrostbyteError(error, 'FILE_CORRUPTED');

describe('reading pictures', () => {
  it('makes a page of blocks with boxes from a PNG', async () => {
    const layout = await readImage(STORAGE_REPORT_PNG, readOptions());
    assert.equal(layout.pages.length, 1);
    const [page] = layout.pages;
    assert.deepEqual([page!.page, page!.width, page!.height, page!.ocr], [1, 432, 288, true]);
    assert.ok(page!.confidence! > 0.9);
    const text = page!.blocks.map((block) => ('text' in block ? block.text : '')).join(' ');
    assert.equal(text, STORAGE_REPORT_LINES.join(' '));
    assert.ok(page!.blocks.every((block) => (block.boxes?.length ?? 0) > 0));
    assert.deepEqual(layout.dropped, []);
    assert.equal(layout.sourceCharacters, STORAGE_REPORT_LINES.join('').replace(/\s/g, '').length);
  });

  it('reads a TIFF page by page, each page turned on its own', async () => {
    const report = await storageReport();
    const pages = [{ picture: report }, { picture: rotateImage(report, 180) }, { picture: blank(300, 200) }];
    const layout = await readImage(tiffOf(pages, 'MM'), readOptions());
    assert.deepEqual(
      layout.pages.map((page) => [page.page, page.width, page.height, page.blocks.length > 0]),
      [
        [1, 432, 288, true],
        [2, 432, 288, true],
        [3, 144, 96, false],
      ],
    );
    assert.deepEqual(layout.pages[1]!.blocks, layout.pages[0]!.blocks);
    // A page on which nothing was recognised is reported: it may be blank, and it may not.
    assert.deepEqual(
      layout.dropped.map((item) => [item.element_type, item.page]),
      [['low_confidence_page', 3]],
    );
  });

  it('keeps the text of a doubtful page and reports the page with its mend', async () => {
    const report = await storageReport();
    // Every third row lost: readable here and there.
    const data = report.data.slice();
    for (let y = 0; y < report.height; y += 3) data.fill(255, y * report.width, (y + 1) * report.width);
    for (let i = 0; i < data.length; i += 7) data[i] = 255 - data[i]!;
    const layout = await readImage(pngOf({ ...report, data }), readOptions());
    assert.ok(layout.pages[0]!.confidence! < 0.7);
    assert.equal(layout.dropped[0]?.element_type, 'low_confidence_page');
    assert.match(layout.dropped[0].remediation, /scan it again/);
  });

  it('refuses a bomb by its header, before anything is unpacked', async () => {
    const header = Buffer.from(STORAGE_REPORT_PNG.subarray(0, 33));
    header.writeUInt32BE(60_000, 16);
    header.writeUInt32BE(60_000, 20);
    await assert.rejects(readImage(header, readOptions()), corrupted);
    const tiff = tiffOf([{ picture: blank(10, 10), tags: { 256: 60_000, 257: 60_000 } }]);
    await assert.rejects(readImage(tiff, readOptions()), corrupted);
  });

  it('keeps the readable pages of a TIFF and reports the others', async () => {
    const tiff = tiffOf([
      { picture: blank(300, 200) },
      { picture: blank(10, 10), tags: { 256: 60_000, 257: 60_000 } },
      // A compression that does not exist.
      { picture: blank(10, 10), tags: { 259: 60_001 } },
    ]);
    const layout = await readImage(tiff, readOptions());
    assert.equal(layout.pages.length, 3);
    assert.deepEqual(
      layout.dropped.map((item) => [item.element_type, item.page]),
      [
        ['low_confidence_page', 1],
        ['unreadable_page', 2],
        ['unreadable_page', 3],
      ],
    );
  });

  it('refuses more pages than the limit', async () => {
    const tiff = tiffOf([1, 2, 3].map(() => ({ picture: blank(10, 10) })));
    await assert.rejects(readImage(tiff, readOptions({ maxPages: 2 })), corrupted);
  });

  it('refuses what is cut short, empty, or something else', async () => {
    const files = [
      new Uint8Array(0),
      Buffer.from('plain text'),
      STORAGE_REPORT_PNG.subarray(0, 60),
      Buffer.concat([STORAGE_REPORT_PNG.subarray(0, 33), pngChunk('IEND')]),
      tiffOf([{ picture: blank(10, 10) }]).subarray(0, 40),
      Buffer.from('II*\0\xff\xff\xff\x7f', 'latin1'),
    ];
    for (const file of files) await assert.rejects(readImage(file, readOptions()), corrupted);
  });
});
