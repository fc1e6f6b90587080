/** Malware signatures as a part that ships: under the licence that their folder, or the databases themselves, say. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Component } from './policy.ts';
import { WORDS } from './read-go.ts';

/** What a folder says of all that lies in it. */
export const LICENCE_FILE = /^(?:licen[cs]e|copying)(?:\.txt)?$/i;
/** ClamAV's databases: a header, and behind it a tar that holds a COPYING. */
const CONTAINER = /\.(?:cvd|cld)$/;
const HEADER = 512;

/** Each database, with what it, or else its folder, says of its licence; the gate judges it. O(bytes). */
export function signatureParts(files: readonly string[]): Component[] {
  const beside = files.filter((file) => LICENCE_FILE.test(basename(file))).map((file) => readFileSync(file, 'utf8'));
  return files
    .filter((file) => !LICENCE_FILE.test(basename(file)))
    .map((file): Component => {
      const bytes = readFileSync(file);
      const inside = CONTAINER.test(file) ? copyingOf(bytes) : null;
      const texts = inside === null ? beside : [inside];
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const says = texts.flatMap((text) => WORDS.find(([words]) => words.test(text))?.[1] ?? []);
      const version = CONTAINER.test(file) ? versionOf(bytes) : sha256.slice(0, 16);
      return { ecosystem: 'generic', name: basename(file), version, sha256, says, texts };
    });
}

/** `ClamAV-VDB:time:version:…` */
function versionOf(bytes: Buffer): string {
  const [, , version] = bytes.subarray(0, HEADER).toString('latin1').split(':');
  if (!/^\d+$/.test(version ?? '')) throw new Error('a signature database does not say which one it is');
  return version!;
}

function copyingOf(bytes: Buffer): string | null {
  const body = bytes.subarray(HEADER);
  const isPacked = body[0] === 0x1f && body[1] === 0x8b;
  try {
    return execFileSync('tar', ['--extract', '--to-stdout', '--file=-', 'COPYING'], {
      input: isPacked ? gunzipSync(body) : body,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
      maxBuffer: 1 << 20,
    });
  } catch {
    // It holds none: then its folder has to say it.
    return null;
  }
}
