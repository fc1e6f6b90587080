import { readFileSync } from 'node:fs';
import { parserAssets } from '../../appliance/data/2-parse/assets.ts';
import { withPictureFile } from '../../appliance/data/2-parse/image/decode-picture.ts';
import { loadEngine } from '../../appliance/data/2-parse/ocr/engine.ts';
import type { OcrImage } from '../../appliance/data/2-parse/ocr/types.ts';

/** A page that we set and rendered ourselves: a title and two paragraphs, 150 dpi, 900 by 600 pixels. */
export const STORAGE_REPORT_PNG = readFileSync(new URL('../fixtures/ocr/storage-report.png', import.meta.url));

/** Its lines, as they were set. */
export const STORAGE_REPORT_LINES = [
  'Quarterly Storage Report',
  'The archive in the northern building holds twelve thousand',
  'boxes of signed contracts. Every box carries a printed label',
  'with its shelf, its owner and the year of its last inspection.',
  'Inspectors found the humidity too high in rooms 14 and 27.',
  'Both rooms were dried within a week and nothing was lost.',
];

/** The page's gray pixels. */
export async function storageReport(): Promise<OcrImage> {
  const engine = await loadEngine(parserAssets());
  const image = await withPictureFile(engine, STORAGE_REPORT_PNG, async (file) => file.decode());
  if (image === null) throw new Error('the fixture cannot be decoded');
  return image;
}
