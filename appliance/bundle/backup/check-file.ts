import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { type BackupEntry, type BackupManifest, LARGEST_MANIFEST, MANIFEST, readManifest } from './manifest.ts';
import { readTar } from './read-tar.ts';

/** What holds of a backup's file without any key. */
export interface CheckedFile {
  manifest: BackupManifest;
  size: number;
  sha256: string;
  /** Whether a `.sha256` lay beside it. */
  had_checksum: boolean;
}

/** Where the checksum of a backup lies, as `sha256sum -c` takes it. */
export const checksumFile = (file: string): string => `${file}.sha256`;
/** Where the tenants' escrow files of a backup lie, unless they were put elsewhere. */
export const keysFolder = (file: string): string => `${file}.keys`;

/** The line that `sha256sum` writes for the file. */
export const checksumLine = (file: string, sha256: string): string => `${sha256}  ${basename(file)}\n`;

/**
 * Reads a backup once and holds all of it against what it says of itself: the checksum beside it, every entry's size and
 * SHA-256, their order, and that there is nothing more. Throws `OBJECT_CORRUPTED`, naming what does not hold, and
 * `VALIDATION_ERROR` where there is no such file.
 */
export async function checkBackupFile(file: string): Promise<CheckedFile> {
  if (!existsSync(file)) throw new FrostbyteError('VALIDATION_ERROR', `There is no file ${file}.`);
  const whole = createHash('sha256');
  let size = 0;
  const bytes = async function* () {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
      whole.update(chunk as Buffer);
      size += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  };
  const entries: BackupEntry[] = [];
  let manifest: BackupManifest | null = null;
  for await (const entry of readTar(bytes())) {
    if (manifest !== null) throw altered(entry.path, `lies behind ${MANIFEST}`);
    if (entry.path === MANIFEST) {
      if (entry.size > LARGEST_MANIFEST) throw altered(MANIFEST, 'is larger than one can be');
      const parts: Buffer[] = [];
      for await (const part of entry.content()) parts.push(part);
      manifest = readManifest(Buffer.concat(parts));
      continue;
    }
    const hash = createHash('sha256');
    for await (const part of entry.content()) hash.update(part);
    entries.push({ path: entry.path, size: entry.size, sha256: hash.digest('hex') });
  }
  if (manifest === null) throw altered(MANIFEST, 'is missing');
  for (const [at, wanted] of manifest.entries.entries()) {
    const found = entries[at];
    if (found?.path !== wanted.path) throw altered(wanted.path, 'is missing, or not in its place');
    if (found.size !== wanted.size) throw altered(wanted.path, `has ${found.size} bytes in place of ${wanted.size}`);
    if (found.sha256 !== wanted.sha256) throw altered(wanted.path, 'has other bytes than were written');
  }
  if (entries.length > manifest.entries.length)
    throw altered(entries[manifest.entries.length]!.path, 'is one too many');
  const sha256 = whole.digest('hex');
  const checksum = checksumFile(file);
  const had_checksum = existsSync(checksum);
  if (had_checksum && readFileSync(checksum, 'utf8').slice(0, 64) !== sha256)
    throw altered(basename(file), `is not what ${basename(checksum)} says`);
  return { manifest, size, sha256, had_checksum };
}

function altered(what: string, how: string): FrostbyteError {
  return new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The backup is damaged: ${what} ${how}. Copy it again, or take another.`,
    {
      details: [{ field: 'file', value: what, constraint: how }],
    },
  );
}
