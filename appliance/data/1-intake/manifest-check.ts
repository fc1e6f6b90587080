import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { metadataChecker } from '../../api/custom-fields/metadata.ts';
import type { Manifest, ManifestFile } from '../../api/manifest.ts';
import { manifestProblem } from '../../api/manifest-problems.ts';
import { DEFAULT_TENANT_CONFIG, type TenantConfig } from '../../api/tenant-config.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { MANIFEST_WORDS } from '../../kernel/manifest-remedies.ts';
import { batchRemedy, INTAKE_REMEDIES, SENDER_REMEDIES } from '../../kernel/remedies.ts';
import { lookAtEnd, TAIL_BYTES } from './file-end.ts';
import { extensionOf, FORMATS } from './file-names.ts';
import { filesToSend, folderEntries, MANIFEST_NAME } from './folder-entries.ts';
import type { IncomingFile } from './incoming-file.ts';
import { type FileLimits, judgeFile } from './judge-file.ts';
import { LARGEST_MANIFEST, readManifest, tooLarge } from './read-manifest.ts';
import { HEAD_BYTES, looksLikeUtf16, sniffHead, UNKNOWN } from './sniff.ts';

/** The sender's side of intake: the same checks, offline, on a folder (`frostbyte manifest check`, `ingest`). */

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const READ_BYTES = 1 << 20;

export interface ManifestProblem {
  /** Null for a problem of the manifest itself. */
  filename: string | null;
  code: string;
  message: string;
  remediation: string;
}

export interface ManifestCheck {
  /** Files that were looked at. */
  files: number;
  problems: ManifestProblem[];
}

/** What the check goes by: the tenant's settings as far as the sender knows them. */
export interface ManifestRules extends FileLimits, Pick<TenantConfig, 'max_batch_size' | 'custom_fields'> {
  /** The tenant that the batch is for, where the sender names it. */
  tenant_id: string | null;
}

/**
 * Checks a folder's `manifest.json` and its files as intake will: schema, counts, ids, types, sizes, checksums, metadata.
 * Every problem is listed with its mend; an empty list means that only the tenant's own settings and the malware scan are
 * left. Rules are the defaults unless given. Files not named by the manifest are reported too, and so are links. Reads
 * each file once.
 */
export async function checkManifest(dir: string, given: Partial<ManifestRules> = {}): Promise<ManifestCheck> {
  const limits: ManifestRules = { ...DEFAULT_TENANT_CONFIG, tenant_id: null, ...given };
  let manifest: Manifest;
  try {
    const bytes = await readManifestFile(dir);
    ({ manifest } = readManifest(bytes, limits));
  } catch (error) {
    if (!isFrostbyteError(error)) throw error;
    return { files: 0, problems: problemsOf(error) };
  }
  const problems: ManifestProblem[] = [];
  const checkMetadata = metadataChecker(limits.custom_fields, manifest.metadata);
  for (const file of manifest.files) {
    const problem = await checkFile(dir, file, limits);
    if (problem !== null) problems.push(problem);
    for (const { field, constraint, remediation } of checkMetadata(file.metadata)) {
      problems.push({
        filename: file.filename,
        code: 'METADATA_INVALID',
        message: `Metadata: ${field} ${constraint}.`,
        remediation,
      });
    }
  }
  const named = new Set(manifest.files.map(({ filename }) => filename));
  const { files, links, specials } = await folderEntries(dir);
  for (const name of [...files, ...links, ...specials]) {
    if (named.has(name)) continue;
    problems.push({ filename: name, code: 'MANIFEST_INVALID', ...SENDER_REMEDIES.NOT_IN_MANIFEST });
  }
  return { files: manifest.files.length, problems };
}

/**
 * A manifest of all files of a folder (not of its subfolders), in the order of their names. Hidden files and a
 * `manifest.json` are left out. Throws `VALIDATION_ERROR` for an empty folder, one with links or devices, or a name that a
 * manifest cannot carry. The media type follows the extension; intake compares it with the content.
 */
export async function buildManifest(dir: string, tenant_id: string, batch_id: string): Promise<Manifest> {
  const files: ManifestFile[] = [];
  for (const filename of await filesToSend(dir)) {
    const { size, sha256 } = await readWhole(join(dir, filename));
    const mime_type = FORMATS[extensionOf(filename)]?.mime ?? UNKNOWN;
    files.push({
      file_id: `f${String(files.length + 1).padStart(5, '0')}`,
      filename,
      mime_type,
      size_bytes: size,
      sha256: sha256 ?? '',
    });
  }
  const manifest = { batch_id, tenant_id, file_count: files.length, files };
  // What is built here must pass what is checked there.
  return readManifest(Buffer.from(JSON.stringify(manifest)), { tenant_id, max_batch_size: files.length }).manifest;
}

async function checkFile(dir: string, file: ManifestFile, limits: FileLimits): Promise<ManifestProblem | null> {
  const problem = (code: string, message: string, remediation: string) => ({
    filename: file.filename,
    code,
    message,
    remediation,
  });
  if (/[/\\]/.test(file.filename) || file.filename === '.' || file.filename === '..') {
    const { message, remediation } = SENDER_REMEDIES.NAME_IS_PATH;
    return problem('MANIFEST_INVALID', message, remediation);
  }
  let seen: IncomingFile;
  try {
    seen = await readWhole(join(dir, file.filename));
  } catch (error) {
    if (!isFrostbyteError(error)) throw error;
    const { code, message, remediation } = INTAKE_REMEDIES.FILE_MISSING;
    return problem(code, message, remediation);
  }
  const judged = judgeFile(file, seen, limits);
  if (judged.kind === 'accepted') return null;
  const { code, message, remediation } = INTAKE_REMEDIES[judged.problem.remedy];
  return problem(code, message, remediation);
}

function problemsOf(error: FrostbyteError): ManifestProblem[] {
  const { code, message, details } = error;
  const told = details.flatMap(({ field, value, constraint, file, remediation }) => {
    if (remediation === undefined) return [];
    const name = file === undefined ? field : field.replace(/^files\.\d+\.?/, '');
    const shown = value === undefined ? '' : ` (${JSON.stringify(value)})`;
    return [{ filename: file ?? null, code, message: `${`${name}${shown} ${constraint}`.trim()}.`, remediation }];
  });
  return told.length > 0 ? told : [{ filename: null, code, message, remediation: batchRemedy(code) }];
}

/** Reads a file once, as intake does, without storing it. Throws `VALIDATION_ERROR` where it is no plain file. */
async function readWhole(path: string): Promise<IncomingFile> {
  const file = await openPlain(path);
  try {
    const hash = createHash('sha256');
    const { size } = await file.stat();
    const head = await readAt(file, 0, HEAD_BYTES);
    const seen = {
      size: 0,
      zeros: false,
      sniffed: await sniffHead(head),
      utf16: looksLikeUtf16(head),
      end: lookAtEnd({ head, tail: await readAt(file, Math.max(0, size - TAIL_BYTES), TAIL_BYTES), size }),
    };
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, seen.size);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      seen.zeros ||= chunk.includes(0);
      seen.size += bytesRead;
    }
    return { ...seen, sha256: hash.digest('hex'), draft: NOWHERE, scan: null };
  } finally {
    await file.close();
  }
}

/** Stands for "seen whole": nothing is stored on the sender's side. */
const NOWHERE: NonNullable<IncomingFile['draft']> = {
  write: async () => undefined,
  end: async () => undefined,
  commit: async () => undefined,
  abort: async () => undefined,
};

/** The bytes of a folder's manifest. Throws `MANIFEST_INVALID` where there is none, or none to be read. */
export async function readManifestFile(dir: string): Promise<Buffer> {
  let file: FileHandle;
  try {
    file = await openPlain(join(dir, MANIFEST_NAME));
  } catch (cause) {
    throw new FrostbyteError('MANIFEST_INVALID', 'There is no manifest.json in the folder, as a plain file.', {
      cause,
      details: [manifestProblem([], null, MANIFEST_WORDS.NOT_THERE)],
    });
  }
  try {
    const { size } = await file.stat();
    if (size > LARGEST_MANIFEST) throw tooLarge();
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function openPlain(path: string): Promise<FileHandle> {
  const refusal = (cause?: NodeJS.ErrnoException) =>
    new FrostbyteError('VALIDATION_ERROR', 'A file of the folder is missing, a link, or no plain file.', {
      cause,
      details: [
        {
          field: 'filename',
          value: basename(path),
          constraint:
            cause?.code === 'ENOENT' && path.includes('\ufffd')
              ? 'has a name that is not UTF-8; rename it'
              : `must be a plain file that can be read${cause?.code ? ` (${cause.code})` : ''}`,
        },
      ],
    });
  const file = await open(path, READ).catch((error: NodeJS.ErrnoException) => {
    throw refusal(error);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw refusal();
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
