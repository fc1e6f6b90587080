import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { fileSha256 } from '../../kernel/file-digest.ts';
import { CHECKSUMS, MANIFEST, writeChecksums } from '../format/checksums.ts';
import {
  type BundleFile,
  type BundleManifest,
  MOST_FILE_BYTES,
  readManifest,
  writeManifest,
} from '../format/manifest.ts';
import { BUNDLE_NAMESPACE } from '../verify/trust.ts';

/** A file that goes into a bundle: bytes, or a file on the build host. */
export interface Input {
  path: string;
  from: string | Uint8Array;
  executable?: boolean;
}

export interface BundleOptions {
  inputs: readonly Input[];
  /** All of the manifest that is not about files. */
  about: Omit<BundleManifest, 'files' | 'joined'>;
  /** The folder that the bundle becomes; it does not exist yet. */
  out: string;
  /** Larger files are split: no file system of a stick refuses them, and a bad part is copied again by itself. */
  partBytes?: number;
  /** Signs a text for a purpose; the armored signature. Null: it is signed later (`signBundle`). */
  sign: ((text: string, namespace: string) => Promise<string>) | null;
}

/** What a stick reads in a minute or so. */
const PART_BYTES = 1 << 30;

/**
 * Writes a bundle as a folder: every file, in parts where it is large, then the two lists and their signatures. The same
 * inputs give the same bytes, whatever the day and the folder. A build that breaks off leaves nothing under the name `out`.
 * Throws `BUNDLE_PATH_REFUSED` and `BUNDLE_MANIFEST_INVALID` for what no verifier would take. O(bytes).
 */
export async function writeBundle({
  inputs,
  about,
  out,
  partBytes = PART_BYTES,
  sign,
}: BundleOptions): Promise<BundleManifest> {
  if (existsSync(out)) {
    throw new FrostbyteError('VALIDATION_ERROR', `There is something at ${out} already.`, {
      details: [{ field: 'out', value: out, constraint: 'not there yet' }],
    });
  }
  const folder = `${out}.building`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const files: BundleFile[] = [];
    const joined: BundleManifest['joined'] = [];
    for (const input of inputs) {
      const size = typeof input.from === 'string' ? statSync(input.from).size : input.from.length;
      if (size <= Math.min(partBytes, MOST_FILE_BYTES)) files.push(await put(folder, input, size));
      else {
        const { whole, parts } = await split(folder, input, size, partBytes);
        files.push(...parts);
        joined.push(whole);
      }
    }
    const manifest = sorted({ ...about, files, joined });
    const text = writeManifest(manifest);
    // What a verifier would refuse is not built.
    readManifest(text);
    const sums = new Map(files.map(({ path, sha256 }) => [path, sha256]));
    sums.set(MANIFEST, sha256Hex(text));
    for (const [name, content] of [
      [MANIFEST, text],
      [CHECKSUMS, writeChecksums(sums)],
    ] as const) {
      writeFileSync(join(folder, name), content);
      if (sign !== null) writeFileSync(join(folder, `${name}.sig`), await sign(content, BUNDLE_NAMESPACE));
    }
    renameSync(folder, out);
    return manifest;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function put(folder: string, { path, from, executable }: Input, size: number): Promise<BundleFile> {
  const to = place(folder, path);
  const mode = executable ? 0o755 : 0o644;
  const flag = executable ? { executable: true as const } : {};
  if (typeof from !== 'string') {
    writeFileSync(to, from, { mode });
    return { path, size, sha256: sha256Hex(from), ...flag };
  }
  await copyFile(from, to);
  const file = await open(to, 'r');
  try {
    await file.chmod(mode);
  } finally {
    await file.close();
  }
  return { path, size, sha256: await fileSha256(to), ...flag };
}

/** `x` as `x.part001`, `x.part002` and so on. */
async function split(folder: string, { path, from, executable }: Input, size: number, partBytes: number) {
  if (typeof from !== 'string' || executable) {
    throw new FrostbyteError('BUNDLE_MANIFEST_INVALID', `${path} is too large for what it is.`, {
      details: [{ field: path, constraint: `a program of at most ${partBytes} bytes` }],
    });
  }
  const whole = createHash('sha256');
  const parts: BundleFile[] = [];
  for (let start = 0; start < size; start += partBytes) {
    const name = `${path}.part${String(parts.length + 1).padStart(3, '0')}`;
    const hash = createHash('sha256');
    const length = Math.min(partBytes, size - start);
    const file = await open(place(folder, name), 'wx', 0o644);
    try {
      for await (const piece of createReadStream(from, { start, end: start + length - 1, highWaterMark: 4 << 20 })) {
        hash.update(piece as Buffer);
        whole.update(piece as Buffer);
        await file.writeFile(piece as Buffer);
      }
    } finally {
      await file.close();
    }
    parts.push({ path: name, size: length, sha256: hash.digest('hex') });
  }
  return { whole: { path, size, sha256: whole.digest('hex'), parts: parts.map((part) => part.path) }, parts };
}

function place(folder: string, path: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  return file;
}

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);

function sorted(manifest: BundleManifest): BundleManifest {
  return { ...manifest, files: manifest.files.toSorted(byPath), joined: manifest.joined.toSorted(byPath) };
}
