import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { ASSET_FILES, parserAssets } from '../../../../appliance/data/2-parse/assets.ts';
import { FORMATS } from '../../../../appliance/data/2-parse/formats.ts';

const require = createRequire(import.meta.url);

describe("the parser's binary parts", () => {
  it('are there when the code runs from its sources', () => {
    for (const path of Object.values(parserAssets())) assert.ok(existsSync(path as string), String(path));
  });

  it('lie beside the bundled parser, where the build copies them', () => {
    const assets = parserAssets('file:///opt/frostbyte/parse-child.mjs');
    const copied = ASSET_FILES.map(({ to }) => join('/opt/frostbyte/assets', to));
    for (const path of Object.values(assets) as string[]) {
      assert.ok(
        copied.some((file) => file === path || file.startsWith(`${path}/`)),
        path,
      );
    }
    assert.ok(copied.includes(join(assets.tesseractData, 'osd/4.0.0_best_int/osd.traineddata.gz')));
  });

  it('are all named in the table of files to copy', () => {
    for (const { package: name, file } of ASSET_FILES) {
      const folder = name.startsWith('@embedpdf')
        ? dirname(dirname(require.resolve('@embedpdf/pdfium/pdfium.wasm')))
        : dirname(require.resolve(`${name}/package.json`));
      assert.ok(existsSync(join(folder, file)), `${name}/${file}`);
    }
  });
});

it('every media type of the allowlist has its reader, and nothing else has one', async () => {
  assert.deepEqual(Object.keys(FORMATS).sort(), [
    'application/pdf',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'image/png',
    'image/tiff',
    'text/csv',
    'text/plain',
  ]);
  for (const load of Object.values(FORMATS)) assert.equal(typeof (await load()), 'function');
  assert.ok(Object.isFrozen(FORMATS));
  assert.equal(FORMATS.constructor, undefined);
});
