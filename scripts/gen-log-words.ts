/** Writes the words that our own log lines are made of, or with `--check` says that they are out of date. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { logMessages } from './log-messages.ts';

const ROOT = resolve(import.meta.dirname, '..');
const FILE = 'appliance/observability/support-bundle/own-words.gen.ts';

const texts = globSync('appliance/**/*.{ts,tsx}', { cwd: ROOT }).map((file) =>
  readFileSync(resolve(ROOT, file), 'utf8'),
);
const words = new Set(texts.flatMap(logMessages).flatMap((message) => message.toLowerCase().match(/[a-z]+/g) ?? []));
const text = [
  '/** Made by scripts/gen-log-words.ts: the words of our own log lines. */',
  'export const OWN_WORDS =',
  `  '${[...words].sort().join(' ')}';`,
  '',
].join('\n');

const path = resolve(ROOT, FILE);
if (process.argv.includes('--check')) {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${FILE} is out of date: run make gen`);
    process.exit(1);
  }
} else writeFileSync(path, text);
