/**
 * Writes `manifests/openapi.json` from the table of routes, and `manifests/batch-manifest.schema.json` and
 * `manifests/custom-fields.schema.json` from the schemas that intake and control validate with; `--check` fails when a committed file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from '@hono/zod-openapi';
import { CustomFields } from '../appliance/api/custom-fields/schema.ts';
import { Manifest } from '../appliance/api/manifest.ts';
import { openApiDocument } from '../appliance/api/openapi.ts';

const root = resolve(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };

const outputs: Readonly<Record<string, unknown>> = {
  'manifests/openapi.json': openApiDocument(version),
  'manifests/batch-manifest.schema.json': {
    title: 'Manifest of a Frostbyte batch',
    description: 'What stands in manifest.json, or in the first part of a batch upload.',
    ...z.toJSONSchema(Manifest, { target: 'draft-2020-12' }),
  },
  'manifests/custom-fields.schema.json': {
    title: 'Custom fields of a Frostbyte tenant',
    description: 'What `frostbyte tenant fields set` and `frostbyte manifest check --schema` read.',
    ...z.toJSONSchema(CustomFields, { target: 'draft-2020-12', io: 'input' }),
  },
};

let stale = 0;
for (const [name, content] of Object.entries(outputs)) {
  const file = resolve(root, name);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is out of date: run make gen`);
    stale += 1;
  }
}
process.exit(stale > 0 ? 1 : 0);
