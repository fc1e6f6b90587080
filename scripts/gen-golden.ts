/**
 * Writes `test/golden/samples.json`: for each file of `docs/samples/` the hash of its canonical document and the ids of
 * its chunks, or the code with which parsing refuses it. Runs `frostbyte parse` as it ships; `--check` compares.
 *
 * The hashes are a promise (spec 1, determinism): the same on every machine. They change with a parser's version or
 * with the samples, never by themselves. So this is no part of `make gen`: whoever renews them does so on purpose.
 */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ParsedFile } from '../appliance/bin/wire/parse-files.ts';
import { CanonicalDocument } from '../appliance/data/document.ts';
import { canonicalJson } from '../appliance/kernel/canonical-json.ts';
import { sha256Hex } from '../appliance/kernel/digest.ts';

const root = resolve(import.meta.dirname, '..');
export const SAMPLES = join(root, 'docs/samples');
export const GOLDEN_FILE = join(root, 'test/golden/samples.json');

/** What is promised for a file. `frostbyte parse` knows no tenant: ids are those of the tenant `local`. */
export type Golden = { canonical_sha256: string; chunk_ids: string[] } | { error: string };

/** The promises that these results of `frostbyte parse` amount to, by file name. */
export function goldenOf(results: readonly ParsedFile[]): Record<string, Golden> {
  return Object.fromEntries(results.map((result) => [basename(result.file), promise(result)]));
}

function promise(result: ParsedFile): Golden {
  if (!result.ok) return { error: result.error.code };
  const pages = result.document.pages.map(({ text: _, ...page }) => page);
  const document = CanonicalDocument.parse({ ...result.document, pages });
  return {
    canonical_sha256: sha256Hex(canonicalJson(document)),
    chunk_ids: document.chunks.map(({ chunk_id }) => chunk_id),
  };
}

/**
 * Runs `frostbyte parse` on every sample. `words` is the command line that starts it. Throws when it ends otherwise than
 * a run of which some files were refused.
 */
export function parseSamples(words: readonly string[], options: SpawnSyncOptions = {}): ParsedFile[] {
  const files = readdirSync(SAMPLES)
    .filter((name) => name !== 'manifest.json')
    .sort()
    .map((name) => join(SAMPLES, name));
  const [command, ...args] = words;
  const { status, stdout, stderr, error } = spawnSync(command!, [...args, 'parse', '--jsonl', ...files], {
    maxBuffer: 2 ** 28,
    ...options,
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0 && status !== 1) throw new Error(`frostbyte parse ended with ${status}: ${stderr}`);
  return (stdout as string)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ParsedFile);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = `${JSON.stringify(goldenOf(parseSamples([join(root, 'dist/frostbyte')])), null, 2)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(GOLDEN_FILE, text);
  else if (readFileSync(GOLDEN_FILE, 'utf8') !== text) {
    process.stderr.write('test/golden/samples.json differs from what the parsers make: see scripts/gen-golden.ts\n');
    process.exitCode = 1;
  }
}
