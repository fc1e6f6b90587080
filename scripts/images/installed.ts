/**
 * What an image that was built really has installed: the package database in its system layer, as it ships, held against the
 * lock and against what was written down beside the image. The bill of materials speaks of the lock; this is why it is true.
 */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { readLayoutImage } from '../../appliance/bundle/format/oci-layout.ts';
import type { BuiltImage } from './build.ts';
import { type ImageLock, pinsOf } from './lock.ts';

const DATABASE = './var/lib/dpkg/status';

/**
 * Throws an error that names every package that is in the image and not in the lock, or the other way round, or in another
 * version. O(bytes of the system layer).
 */
export async function holdInstalled(
  { name, tag, folder, manifest_digest }: Pick<BuiltImage, 'name' | 'tag' | 'folder' | 'manifest_digest'>,
  lock: ImageLock,
): Promise<void> {
  const system = readLayoutImage(folder, tag, manifest_digest).layers[0];
  if (system === undefined) throw new Error(`the image ${name} has no layer`);
  const installed = installedOf(await fileIn(join(folder, blobPath(system.digest)), DATABASE));
  const beside = join(folder, 'packages.txt');
  const written = existsSync(beside) ? readFileSync(beside, 'utf8').split('\n').filter(Boolean) : null;
  const locked = pinsOf(lock, name).map(lineOf);
  const complaints = [
    ...differences(installed, locked, 'in images/lock.json'),
    ...(written === null ? [] : differences(installed, written, 'in its packages.txt')),
  ];
  if (complaints.length > 0)
    throw new Error(
      `what the image ${name} has installed is not what is said of it: ${complaints.join('; ')}. Remove ${folder} and build it again; where the packages are meant: make images-update`,
    );
}

const lineOf = (one: { name: string; version: string; arch: string }) => `${one.name} ${one.version} ${one.arch}`;

/** A package as its paragraph in dpkg's database says it. */
export interface InstalledPackage {
  name: string;
  version: string;
  arch: string;
  /** What it was built from, with the version where that is another; empty: it is called as the package. */
  source: string;
}

/** The packages that dpkg's database says are there, whole or in part; a paragraph without a word on that is of one that is. */
export function packagesIn(status: string): InstalledPackage[] {
  return status
    .split(/\n\n+/)
    .filter((paragraph) => /^Package: /m.test(paragraph) && !GONE.test(paragraph))
    .map((paragraph) => {
      const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1]?.trim() ?? '';
      const [name, version, arch, source] = ['Package', 'Version', 'Architecture', 'Source'].map(field);
      return { name: name!, version: version!, arch: arch!, source: source! };
    });
}

/** Of these nothing is left but settings, or nothing at all. */
const GONE = /^Status: .* (?:config-files|not-installed)$/m;

/** The same, as `name version architecture`. */
export const installedOf = (status: string): string[] => packagesIn(status).map(lineOf);

function differences(is: readonly string[], said: readonly string[], where: string): string[] {
  const [inside, outside] = [new Set(is), new Set(said)];
  return [
    ...is.filter((line) => !outside.has(line)).map((line) => `${line} is not ${where}`),
    ...said.filter((line) => !inside.has(line)).map((line) => `${line} is ${where} alone`),
  ];
}

/** A file of a packed layer; empty where it has none. */
async function fileIn(layer: string, path: string): Promise<string> {
  const tar = spawn('tar', ['--extract', '--to-stdout', '--file=-', path], { stdio: ['pipe', 'pipe', 'ignore'] });
  const pieces: Buffer[] = [];
  tar.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = new Promise((done) => tar.once('close', done));
  await pipeline(createReadStream(layer), createZstdDecompress(), tar.stdin).catch((error: NodeJS.ErrnoException) => {
    // It ends at the archive's end, and does not read what fills the last block.
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
  await ended;
  return Buffer.concat(pieces).toString('utf8');
}
