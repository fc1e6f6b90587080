import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { ASSET_FILES } from '../../appliance/data/2-parse/assets.ts';
import type { SandboxLayers } from '../../appliance/data/2-parse/sandbox/parse-file.ts';
import { STORAGE_REPORT_PNG } from '../support/storage-report.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A program as small as the daemon is large: parses the file it is given and prints what came out. */
const PROGRAM = `
import { openSync, readFileSync } from 'node:fs';
import { createParser } from '${ROOT}/appliance/data/2-parse/sandbox/parse-file.ts';
import { sha256Hex } from '${ROOT}/appliance/kernel/digest.ts';
import { docId } from '${ROOT}/appliance/kernel/ids.ts';
const [mode, mediaType, path] = process.argv.slice(2);
const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };
const parser = createParser({ mode, memoryLimitMb: 256, timeoutMs: 30_000, logger });
const bytes = readFileSync(path);
const raw_sha256 = sha256Hex(bytes);
const limits = { maxPages: 10, maxTableCells: 1e4, maxUnpackedBytes: 1e8, maxArchiveEntries: 100, maxCompressionRatio: 200, maxXmlDepth: 64 };
const request = { tenant_id: 'acme', doc_id: docId('acme', raw_sha256), raw_sha256, chunkLimits: { soft: 1200, hard: 2400 }, limits };
const file = { open: async () => openSync(path), mediaType, size: bytes.length };
const result = await parser.parse(file, request).catch((error) => ({ code: error.code, message: error.message }));
const layers = await parser.layers();
await parser.close();
console.log(JSON.stringify({ layers, result }));
`;

/** A PDF of one page with one line of text. */
function smallPdf(text: string): Buffer {
  const content = `BT /F1 14 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ];
  let pdf = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const at = pdf.length;
    pdf += `${index + 1} 0 obj${object}endobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 6\n0000000000 65535 f \n${offsets.join('')}trailer<</Size 6/Root 1 0 R>>\n`;
  return Buffer.from(`${pdf}${table}startxref\n${pdf.length}\n%%EOF\n`, 'latin1');
}

describe('the bundled parser in a bare folder', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-shipped-'));
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'program.ts'), PROGRAM);
    await build({
      entryPoints: { program: join(folder, 'program.ts'), 'parse-child': join(ROOT, 'appliance/bin/parse-child.ts') },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      nodePaths: [join(ROOT, 'node_modules')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      logLevel: 'silent',
      // As `scripts/build.ts` does it: code that both programs need lies in a file of its own.
      splitting: true,
      chunkNames: 'shared-[hash]',
      banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    });
    await rm(join(folder, 'program.ts'));
    for (const { package: name, file, to } of ASSET_FILES) {
      const known = name.startsWith('@embedpdf') ? 'pdfium.wasm' : 'package.json';
      const found = dirname(require.resolve(`${name}/${known}`));
      const from = known === 'pdfium.wasm' ? dirname(found) : found;
      await mkdir(dirname(join(folder, 'assets', to)), { recursive: true });
      await copyFile(join(from, file), join(folder, 'assets', to));
    }
  });

  after(() => rm(folder, { recursive: true }));

  async function parse(
    mediaType: string,
    bytes: Uint8Array,
  ): Promise<{ layers: SandboxLayers; result: { pageTexts?: string[]; message: string } }> {
    const path = join(folder, 'document');
    await writeFile(path, bytes);
    const words = [join(folder, 'program.mjs'), 'reduced', mediaType, path];
    const { stdout } = await run(process.execPath, words, { cwd: '/', env: {} });
    return JSON.parse(stdout);
  }

  const FILES: [string, Uint8Array, RegExp][] = [
    ['text/plain', Buffer.from('A line of text.\n'), /^A line of text\.$/],
    ['text/csv', Buffer.from('name,count\nbolt,12\nnut,7\n'), /bolt \| 12/],
    ['application/pdf', smallPdf('A printed page'), /^A printed page$/],
    ['image/png', STORAGE_REPORT_PNG, /^Quarterly Storage Report/],
  ];
  for (const [mediaType, bytes, text] of FILES) {
    it(`parses ${mediaType} with the files that were copied and no others`, async () => {
      const { layers, result } = await parse(mediaType, bytes);
      assert.ok(layers.ok, JSON.stringify(layers));
      assert.match(result.pageTexts?.[0] ?? result.message, text);
    });
  }
});
