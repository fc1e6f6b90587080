import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parserAssets } from '../../../../../appliance/data/2-parse/assets.ts';
import { recogniseImage } from '../../../../../appliance/data/2-parse/ocr/recognise.ts';
import { rotateImage } from '../../../../../appliance/data/2-parse/ocr/rotate.ts';
import { canonicalJson } from '../../../../../appliance/kernel/canonical-json.ts';
import { sha256Hex } from '../../../../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { blank } from '../../../../support/pictures.ts';
import { STORAGE_REPORT_LINES, storageReport } from '../../../../support/storage-report.ts';

const assets = parserAssets();
const image = await storageReport();
const upright = await recogniseImage(image, assets);

describe('recognising a page', () => {
  it('reads the lines of an upright page, in order, with boxes on the page and confidences', async () => {
    const page = upright;
    assert.equal(page.rotation, 0);
    assert.deepEqual([page.width, page.height], [432, 288]);
    assert.deepEqual(
      page.lines.map((line) => line.text),
      STORAGE_REPORT_LINES,
    );
    assert.ok(page.confidence > 0.9 && page.confidence <= 1);
    let below = 0;
    for (const line of page.lines) {
      assert.ok(line.box.y > below, 'lines go down the page');
      below = line.box.y;
      for (const { box, confidence } of line.words) {
        assert.ok(box.x >= line.box.x && box.x + box.width <= line.box.x + line.box.width + 0.01);
        assert.ok(box.y >= 0 && box.y + box.height <= page.height && confidence > 0 && confidence <= 1);
      }
    }
    // The title was set at 36 points from the left and 38 from the top, 20 points high.
    const title = page.lines[0]!.box;
    assert.ok(Math.abs(title.x - 36) < 2 && Math.abs(title.y - 24) < 4, JSON.stringify(title));
  });

  it('turns a page that lies on its side or upside down, and gives the same text and boxes', async () => {
    for (const turn of [90, 180, 270] as const) {
      const turned = await recogniseImage(rotateImage(image, turn), assets);
      assert.equal(turned.rotation, 360 - turn);
      assert.deepEqual({ ...turned, rotation: 0 }, upright);
    }
  });

  it('reads a page alike whatever was read before it', async () => {
    await recogniseImage(blank(300, 200), assets);
    assert.deepEqual(await recogniseImage(image, assets), upright);
  });

  it('gives the same bytes on every machine', () => {
    // Recorded once. Another machine, Node or core that gives another hash breaks guarantee 4 of the product.
    assert.equal(sha256Hex(canonicalJson(upright)), 'bc7f6ae171afa83447c24cd9eb2ae8728d605074981649cad116dd58c88f20ad');
  });

  it('finds nothing on a blank page', async () => {
    const page = await recogniseImage(blank(300, 200), assets);
    assert.deepEqual({ lines: page.lines, confidence: page.confidence }, { lines: [], confidence: 0 });
  });

  it('does not take a ruling line for text', async () => {
    const page = blank(600, 300);
    for (let y = 100; y < 104; y++) page.data.fill(0, y * 600 + 50, y * 600 + 550);
    assert.deepEqual((await recogniseImage(page, assets)).lines, []);
  });

  it('refuses a picture whose size, pixels or resolution do not fit together', async () => {
    const good = blank(20, 10);
    const bad = [
      { ...good, width: 21 },
      { ...good, width: 0, data: new Uint8Array(0) },
      { ...good, width: 2.5 },
      { ...good, dpi: 0 },
      { ...good, dpi: Number.NaN },
      { ...good, width: 40_000, height: 1, data: new Uint8Array(40_000) },
    ];
    for (const picture of bad) {
      await assert.rejects(recogniseImage(picture, assets), (error) => isFrostbyteError(error, 'OCR_FAILED'));
    }
  });

  it('says that the recogniser cannot be loaded when its files are missing', async () => {
    const missing = { ...assets, tesseractCore: '/nonexistent' };
    await assert.rejects(recogniseImage(blank(20, 10), missing), (error) => isFrostbyteError(error, 'OCR_FAILED'));
  });
});
