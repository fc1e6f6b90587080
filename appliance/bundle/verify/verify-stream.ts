import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { isControlFile } from '../format/control-files.ts';
import { type BundleFile, type BundleManifest, pathRefused } from '../format/manifest.ts';
import { THERE_ONCE } from '../format/paths.ts';
import { BLOCK, paddingOf, TAR_END, type TarEntry } from '../format/tar.ts';
import { compareContent, comparePresence, type Found } from './compare.ts';
import { IncomingCopy } from './incoming-copy.ts';
import { type Problem, refusalOf } from './problems.ts';
import { entryOf, MOST_ENTRIES, PADDING_SAYS, refuseLargeControl, tarInvalid, tooMany } from './tar-entry.ts';
import type { Trusted } from './trust.ts';
import { controlProblems, genuine, type Verified, type VerifyOptions } from './verify-bundle.ts';

/**
 * Verifies a bundle that comes as a tar from somewhere that cannot be read twice, as standard input, and copies it where a
 * target is given; as `verifyBundle`, in one pass. Whom it is from is known before the first byte of any other file is kept.
 * O(bytes); one piece in memory beside the control files. What a piece of the input lies in may be that of the one before.
 */
export async function verifyStream(
  input: AsyncIterable<Uint8Array>,
  { target, progress, ...options }: Omit<VerifyOptions, 'hashers'>,
): Promise<Verified> {
  const tar = new TarReader(input);
  const control = new Map<string, Buffer>();
  const found = new Map<string, Found>();
  const problems: Problem[] = [];
  let known: { trusted: Trusted; bundle: BundleManifest; files: Map<string, BundleFile>; total: number } | null = null;
  let copy: IncomingCopy | null = null;
  let done = 0;
  try {
    for (let entry = await tar.next(); entry !== null; entry = await tar.next()) {
      if (found.has(entry.path) || control.has(entry.path)) throw pathRefused(entry.path, THERE_ONCE);
      if (isControlFile(entry.path)) {
        if (known !== null) throw tarInvalid(`${entry.path} stands behind other files`);
        control.set(entry.path, await tar.whole(entry));
        continue;
      }
      if (known === null) {
        const { trusted, bundle } = genuine(control, options);
        const total = bundle.files.reduce((sum, { path, size }) => sum + (isControlFile(path) ? 0 : size), 0);
        known = { trusted, bundle, files: new Map(bundle.files.map((file) => [file.path, file])), total };
        if (target !== null) copy = new IncomingCopy(target, bundle);
      }
      const { total, files, bundle } = known;
      const file = files.get(entry.path);
      const hash = createHash('sha256');
      const kept = copy === null || file === undefined || file.size !== entry.size ? null : copy.placeOf(file);
      await into(kept, tar.content(entry), (piece) => {
        hash.update(piece);
        done += piece.length;
        progress?.(done, total);
      });
      const sha256 = hash.digest('hex');
      found.set(entry.path, { size: entry.size, sha256 });
      if (file !== undefined && file.size === entry.size) {
        const problem = compareContent(bundle, file, { sha256, bytes: entry.size });
        if (problem !== null) problems.push(problem);
      }
    }
    await tar.end();
    const { trusted, bundle } = known ?? genuine(control, options);
    for (const file of bundle.files) {
      const bytes = control.get(file.path);
      if (bytes !== undefined) found.set(file.path, { size: bytes.length });
    }
    problems.push(...(await comparePresence(bundle, found, async (path) => found.get(path)?.sha256 ?? null)));
    problems.push(...controlProblems(bundle, control));
    if (problems.length > 0) throw refusalOf(problems);
    copy?.keep(control);
    return { ...trusted, bundle, bytes: done };
  } finally {
    copy?.end();
  }
}

/** Writes what comes to its place, if it has one, and on to the disk. */
async function into(
  place: { file: string; offset: number } | null,
  pieces: AsyncIterable<Buffer>,
  seen: (piece: Buffer) => void,
): Promise<void> {
  const fd = place === null ? null : openSync(place.file, 'r+');
  try {
    let at = place?.offset ?? 0;
    for await (const piece of pieces) {
      seen(piece);
      if (fd === null) continue;
      for (let written = 0; written < piece.length; )
        written += writeSync(fd, piece, written, piece.length - written, at + written);
      at += piece.length;
    }
    if (fd !== null) fsyncSync(fd);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Entries of a tar that comes piece by piece, as narrow as `listBundle` reads one. */
class TarReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  #entries = 0;
  /** Bytes of the entry, and behind it, that were not taken yet. */
  #left = 0;
  #padding = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#pieces = input[Symbol.asyncIterator]();
  }

  /** The next file; null at the end. */
  async next(): Promise<TarEntry | null> {
    await this.#skip();
    const block = await this.#exactly(BLOCK);
    if (block.every((byte) => byte === 0)) return null;
    const entry = entryOf(block);
    if (++this.#entries > MOST_ENTRIES) throw tooMany();
    this.#left = entry.size;
    this.#padding = paddingOf(entry.size);
    return entry;
  }

  async *content({ path }: TarEntry): AsyncIterable<Buffer> {
    while (this.#left > 0) {
      const piece = await this.#some(this.#left);
      if (piece === null) throw tarInvalid(`it ends in the middle of ${path}; copy it again`);
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** A control file. */
  async whole(entry: TarEntry): Promise<Buffer> {
    refuseLargeControl(entry.path, entry.size);
    const parts: Buffer[] = [];
    for await (const piece of this.content(entry)) parts.push(Buffer.from(piece));
    return Buffer.concat(parts);
  }

  /** Behind the first empty block comes another, and nothing else. */
  async end(): Promise<void> {
    const second = await this.#exactly(TAR_END.length - BLOCK);
    if (second.some((byte) => byte !== 0) || (await this.#some(1)) !== null)
      throw tarInvalid('something follows its end');
  }

  async #skip(): Promise<void> {
    while (this.#left > 0) {
      const piece = await this.#some(this.#left);
      if (piece === null) throw tarInvalid('it ends in the middle; copy it again');
      this.#left -= piece.length;
    }
    if ((await this.#exactly(this.#padding)).some((byte) => byte !== 0)) throw tarInvalid(PADDING_SAYS);
    this.#padding = 0;
  }

  async #exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const piece = await this.#some(left);
      if (piece === null) throw tarInvalid('it ends in the middle; copy it again');
      // It may be overwritten by the next.
      parts.push(Buffer.from(piece));
      left -= piece.length;
    }
    return Buffer.concat(parts);
  }

  async #some(most: number): Promise<Buffer | null> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#pieces.next();
      if (done) return null;
      this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}
