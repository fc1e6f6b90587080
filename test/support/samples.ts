import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { MIME } from '../../appliance/api/tenant-config.ts';
import type { TestFile } from './batch.ts';

const FOLDER = resolve(import.meta.dirname, '../../docs/samples');
const TYPES: Record<string, string> = {
  '.pdf': MIME.pdf,
  '.docx': MIME.docx,
  '.xlsx': MIME.xlsx,
  '.txt': MIME.txt,
  '.csv': MIME.csv,
  '.png': MIME.png,
  '.tif': MIME.tiff,
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
};

/** A document of `docs/samples`, as a vendor sends it. */
export function sample(filename: string): TestFile {
  return { filename, mime_type: TYPES[extname(filename)]!, content: readFileSync(join(FOLDER, filename)) };
}

export const sampleNames = (): string[] => readdirSync(FOLDER).filter((name) => extname(name) in TYPES);
