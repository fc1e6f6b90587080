import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ParserAssets } from './layout.ts';

/**
 * Every file that a parser needs beside its code: where it lies among the installed packages, and where the build puts
 * it under `assets/` beside the bundled parser. The build copies this table and nothing else.
 */
export const ASSET_FILES: readonly { package: string; file: string; to: string }[] = Object.freeze([
  { package: '@embedpdf/pdfium', file: 'dist/pdfium.wasm', to: 'pdfium/pdfium.wasm' },
  // The package file is copied too: it tells Node that the core is CommonJS, whatever lies above the folder.
  { package: 'tesseract.js-core', file: 'package.json', to: 'tesseract-core/package.json' },
  { package: 'tesseract.js-core', file: 'tesseract-core-simd.js', to: 'tesseract-core/tesseract-core-simd.js' },
  { package: 'tesseract.js-core', file: 'tesseract-core-simd.wasm', to: 'tesseract-core/tesseract-core-simd.wasm' },
  languageData('eng'),
  languageData('osd'),
]);

function languageData(language: string) {
  const file = `4.0.0_best_int/${language}.traineddata.gz`;
  return { package: `@tesseract.js-data/${language}`, file, to: `tesseract-data/${language}/${file}` };
}

/** True while the code runs from its sources, false once it is bundled. */
export function runsFromSources(moduleUrl: string = import.meta.url): boolean {
  return moduleUrl.endsWith('/appliance/data/2-parse/assets.ts');
}

/** Where the parser's binary parts lie: among the packages when run from sources, in `assets/` when bundled. */
export function parserAssets(moduleUrl: string = import.meta.url): ParserAssets {
  if (!runsFromSources(moduleUrl)) return bundledAssets(join(dirname(fileURLToPath(moduleUrl)), 'assets'));
  const require = createRequire(moduleUrl);
  const data = dirname(require.resolve('@tesseract.js-data/eng/package.json'));
  return {
    pdfiumWasm: require.resolve('@embedpdf/pdfium/pdfium.wasm'),
    tesseractCore: dirname(require.resolve('tesseract.js-core/package.json')),
    tesseractData: dirname(data),
  };
}

function bundledAssets(folder: string): ParserAssets {
  return {
    pdfiumWasm: join(folder, 'pdfium/pdfium.wasm'),
    tesseractCore: join(folder, 'tesseract-core'),
    tesseractData: join(folder, 'tesseract-data'),
  };
}
