import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DEFAULT_TENANT_CONFIG, MIME_ALLOWLIST } from '../../api/tenant-config.ts';
import type { Config } from '../../config/schema.ts';
import { checkName, extensionOf, FORMATS } from '../../data/1-intake/file-names.ts';
import { HEAD_BYTES, sniffHead, ZIP } from '../../data/1-intake/sniff.ts';
import { READ_LIMITS } from '../../data/2-parse/limits.ts';
import type { Parser } from '../../data/2-parse/sandbox/parse-file.ts';
import { unlinkedCopy } from '../../data/2-parse/temporary.ts';
import type { CanonicalDocument, Page } from '../../data/document.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { fileSha256 } from '../../kernel/file-digest.ts';
import { docId } from '../../kernel/ids.ts';
import { createLogger } from '../../observability/logger.ts';
import { hostParser } from './tenant-plane.ts';

/** What `frostbyte parse` prints for a file. */
export type ParsedFile =
  | { file: string; ok: true; document: Omit<CanonicalDocument, 'pages'> & { pages: (Page & { text: string })[] } }
  | { file: string; ok: false; error: { code: string; message: string } };

/** The tenant whose ids the documents get; there is none. */
const TENANT = 'local';

/** Parses files in the same sandbox as the pipeline does, as many at a time as there are cores; answers in their order. */
export async function* parseFiles(files: readonly string[], config: Config): AsyncGenerator<ParsedFile> {
  const temporary = await mkdtemp(join(tmpdir(), 'frostbyte-parse-'));
  const parser = hostParser(config, createLogger({ level: 'error' }));
  try {
    const running: Promise<ParsedFile>[] = [];
    let next = 0;
    while (next < files.length || running.length > 0) {
      while (next < files.length && running.length < availableParallelism())
        running.push(parseOne(parser, files[next++]!, temporary));
      yield await running.shift()!;
    }
  } finally {
    await parser.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

async function parseOne(parser: Parser, file: string, temporary: string): Promise<ParsedFile> {
  try {
    const mediaType = await mediaTypeOf(file);
    const raw_sha256 = await fileSha256(file);
    const handle = await unlinkedCopy(temporary, createReadStream(file), raw_sha256);
    try {
      const { size } = await handle.stat();
      const { document, pageTexts } = await parser.parse(
        { open: async () => handle.fd, mediaType, size },
        {
          tenant_id: TENANT,
          doc_id: docId(TENANT, raw_sha256),
          raw_sha256,
          chunkLimits: { soft: DEFAULT_TENANT_CONFIG.chunk_soft_limit, hard: DEFAULT_TENANT_CONFIG.chunk_hard_limit },
          limits: READ_LIMITS,
        },
      );
      return {
        file,
        ok: true,
        document: { ...document, pages: document.pages.map((page, i) => ({ ...page, text: pageTexts[i]! })) },
      };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const known = isFrostbyteError(error) ? error : readError(error);
    return { file, ok: false, error: { code: known.code, message: known.message } };
  }
}

/** By name and content, as intake does; the declared type is the one the name stands for. */
async function mediaTypeOf(file: string): Promise<string> {
  const name = basename(file);
  const { format } = checkName(name, FORMATS[extensionOf(name)]?.mime ?? '', MIME_ALLOWLIST);
  if (!format)
    throw new FrostbyteError(
      'UNSUPPORTED_FORMAT',
      'Files of this name are not taken: PDF, DOCX, XLSX, TXT, CSV, PNG and TIFF are.',
    );
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const sniffed = await sniffHead(buffer.subarray(0, bytesRead));
    const matches =
      sniffed === format.mime ||
      (sniffed === ZIP && format.mime.includes('openxmlformats')) ||
      (sniffed === 'text/plain' && format.mime === 'text/csv');
    // An encrypted Office file is another container: its reader says so.
    if (matches || (sniffed === 'application/x-cfb' && format.mime.includes('openxmlformats'))) return format.mime;
    throw new FrostbyteError('UNSUPPORTED_FORMAT', `The content is ${sniffed}, not what the name says.`);
  } finally {
    await handle.close();
  }
}

function readError(error: unknown): FrostbyteError {
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno === undefined) throw error;
  return new FrostbyteError('VALIDATION_ERROR', `The file cannot be read (${errno}).`, { cause: error });
}
