/**
 * The stick that a field engineer brings: the package of this tree with what a site may bring along, the engine's packages
 * and malware signatures. Signed with the trial keys of this host, which nobody else believes.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, readPublicLine } from '../../appliance/bundle/sshsig/keys.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { EICAR } from '../../test/support/clamd.ts';
import { requireBuild } from '../../test/support/shipped.ts';
import { ROOT } from '../images/recipe.ts';
import { engineFolder } from './equipment.ts';
import { PLACE } from './place.ts';
import { readRecords } from './records.ts';

/** All that goes into a package, or decides what does. Images follow from the same, and from their recipes. */
const SOURCES = [
  'dist/**',
  'host/**',
  'compose/**',
  'manifests/**',
  'docs/**',
  'images/**',
  'package.json',
  'scripts/*.{ts,json,txt}',
  'scripts/@(bundle|box|images|licences)/*.ts',
  'scripts/licences/texts/*.txt',
];

/**
 * The package of this tree, made where it is not there or the tree has changed: half a minute; its folder on this host. It has no weights, which
 * no installation asks for. Throws where `make images` was never run on this host and cannot be.
 */
export async function stickFolder(): Promise<string> {
  requireBuild();
  const folder = join(PLACE.cache, `stick-${sourcesHash()}`);
  if (!existsSync(folder)) {
    const inUse = new Set(readRecords().map(({ stick }) => stick));
    for (const old of globSync(join(PLACE.cache, 'stick-*'))) if (!inUse.has(old)) rmSync(old, { recursive: true });
    const made = join(PLACE.cache, `making-${process.pid}`);
    rmSync(made, { recursive: true, force: true });
    bundle([`--engine=${await engineFolder()}`, `--signatures=${signaturesFolder()}`, `--out=${made}`]);
    renameSync(made, folder);
  }
  return folder;
}

/** The root key's, as it stands on paper beside a stick. */
export function fingerprintOf(folder: string): string {
  return fingerprint(readPublicLine(readFileSync(join(folder, 'signers/root.pub'), 'latin1')));
}

function bundle(options: readonly string[]): void {
  const words = ['--disable-warning=ExperimentalWarning', join(ROOT, 'scripts/bundle.ts')];
  const left = ['--without=qdrant', '--without=all-mpnet-base-v2'];
  const { status } = spawnSync(process.execPath, [...words, ...left, ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('the package for the box could not be made: make bundle says why');
}

export const SIGNATURE_LICENCE = `CC0 1.0 Universal

Whoever wrote this signature gives up all rights in it, as far as the law allows. It is for tests.
`;

/** One signature, of the industry's harmless test file: the real databases cannot be had by everybody who builds. */
export function signaturesFolder(): string {
  const folder = join(PLACE.cache, 'signatures');
  mkdirSync(folder, { recursive: true });
  const text = `Frostbyte.Eicar.Test:0:0:${Buffer.from(EICAR).toString('hex')}\n`;
  const files = { LICENCE: SIGNATURE_LICENCE, 'frostbyte.ndb': text };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const sums = Object.entries(files).map(([name, content]) => `${sha256Hex(Buffer.from(content))}  ${name}\n`);
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
  return folder;
}

/** What the package of this tree is made of. By names, sizes and times, so that a tree that is as it was is known in a moment. */
export function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort()) {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
