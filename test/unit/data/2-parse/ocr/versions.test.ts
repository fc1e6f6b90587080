import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { parserAssets } from '../../../../../appliance/data/2-parse/assets.ts';
import { OCR_VERSIONS } from '../../../../../appliance/data/2-parse/ocr/versions.ts';

it('the versions that documents record are those of the recogniser that is installed', () => {
  const { tesseractCore, tesseractData } = parserAssets();
  const { version } = JSON.parse(readFileSync(join(tesseractCore, 'package.json'), 'utf8'));
  assert.equal(OCR_VERSIONS['tesseract.js-core'], `${version}+simd`);
  for (const language of ['eng', 'osd']) {
    assert.ok(existsSync(join(tesseractData, language, OCR_VERSIONS['tesseract-data']!, `${language}.traineddata.gz`)));
  }
});
