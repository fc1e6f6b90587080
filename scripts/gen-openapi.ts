/** Writes `manifests/openapi.json` from the table of routes; `--check` fails when the committed file is out of date. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openApiDocument } from '../appliance/api/openapi.ts';

const root = resolve(import.meta.dirname, '..');
const file = resolve(root, 'manifests/openapi.json');
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };
const text = `${JSON.stringify(openApiDocument(version), null, 2)}\n`;

if (process.argv.includes('--check')) {
  const committed = readFileSync(file, 'utf8');
  if (committed !== text) {
    console.error('manifests/openapi.json is out of date: run make gen');
    process.exit(1);
  }
} else {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
