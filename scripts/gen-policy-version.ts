#!/usr/bin/env node
/**
 * Writes `appliance/data/3-policy/policy-version.ts`: a declared number and a short hash over the pattern tables and
 * the trained model, so that the version changes whenever they do.
 *   node scripts/gen-policy-version.ts           writes
 *   node scripts/gen-policy-version.ts --check   fails when the committed file is stale
 *
 * Raise NUMBER when the gates' code changes what they answer for the same patterns.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const NUMBER = 4;
const folder = new URL('../appliance/data/3-policy/', import.meta.url);
const tables = (path: string) =>
  readdirSync(new URL(path, folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${path}${name}`);
const files = [
  ...tables('pii/patterns/'),
  ...tables('injection/patterns/'),
  'text/lookalikes.ts',
  'classification/rules.ts',
  'classification/model.json',
].sort();

const hash = createHash('sha256');
for (const name of files) {
  const bytes = readFileSync(new URL(name, folder));
  hash.update(`${name}\n${bytes.length}\n`).update(bytes);
}
const version = `${NUMBER}-${hash.digest('hex').slice(0, 12)}`;
const text = `// Written by scripts/gen-policy-version.ts; do not edit.

/** Version of the gates' patterns, thresholds and model; part of every result (spec 2 C). */
export const POLICY_VERSION = '${version}';
`;
const target = new URL('policy-version.ts', folder);

if (process.argv.includes('--check')) {
  let committed = '';
  try {
    committed = readFileSync(target, 'utf8');
  } catch {
    // A missing file is a stale one.
  }
  if (committed !== text) {
    process.stderr.write('policy-version.ts is stale: run node scripts/gen-policy-version.ts\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
  process.stdout.write(`${version}\n`);
}
