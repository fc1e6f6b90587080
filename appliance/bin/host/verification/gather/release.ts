import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readEvidence } from '../../../../bundle/evidence/log.ts';
import type { BundleIdentity } from '../../../../bundle/evidence/record.ts';
import type { BundleManifest } from '../../../../bundle/format/manifest.ts';
import type { HostLayout } from '../../../../bundle/host-layout.ts';
import { knownTrust } from '../../../../bundle/install/known-trust.ts';
import { fingerprint } from '../../../../bundle/sshsig/keys.ts';
import { comparePresence } from '../../../../bundle/verify/compare.ts';
import { hashFiles } from '../../../../bundle/verify/hash-files.ts';
import { type Listing, listBundle } from '../../../../bundle/verify/listing.ts';
import type { Problem } from '../../../../bundle/verify/problems.ts';
import { controlProblems, foundIn, genuine } from '../../../../bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../../../kernel/digest.ts';
import { hashThreads } from '../../../wire/hash-threads.ts';
import type { ReleaseFacts } from '../facts.ts';
import { known } from '../facts.ts';

/** The release as it lies on the host, held against its signed manifest: every byte of every file. */
export async function releaseFacts(
  layout: HostLayout,
  own: string | null,
  progress: (done: number, total: number) => void,
): Promise<{ facts: ReleaseFacts; bundle: BundleManifest | null; identity: BundleIdentity | null }> {
  const current = currentOf(layout);
  const folder = current ?? own;
  const none = {
    facts: { current, own, signed: { unknown: 'there is no release' }, problems: [], files: 0, loose: [] },
  };
  if (folder === null) return { ...none, bundle: null, identity: null };
  const listing = await known(() => listBundle(folder));
  if ('unknown' in listing)
    return { facts: { ...none.facts, signed: listing, loose: looseIn(folder, []) }, bundle: null, identity: null };
  const believed = await known(() => believedOf(folder, listing.is, layout));
  const loose = looseIn(
    folder,
    [...listing.is.files.values()].map(({ file }) => file),
  );
  if ('unknown' in believed) return { facts: { ...none.facts, signed: believed, loose }, bundle: null, identity: null };
  const { trusted, bundle } = believed.is;
  const { problems, files } = await compared(bundle, listing.is, progress);
  const signer = fingerprint(trusted.signer);
  const { version, arch, counter } = bundle;
  return {
    facts: { current, own, signed: { is: signer }, problems, files, loose },
    bundle,
    identity: { version, arch, counter, manifest_sha256: sha256Hex(trusted.manifest), signer },
  };
}

/** Where `current` leads to; null where it leads nowhere. */
function currentOf({ current }: HostLayout): string | null {
  try {
    return resolve(dirname(current), readlinkSync(current));
  } catch {
    return null;
  }
}

function believedOf(folder: string, { control }: Listing, layout: HostLayout): ReturnType<typeof genuine> {
  const { lists } = knownTrust(layout);
  const manifest = sha256Hex(readFileSync(join(folder, 'MANIFEST.json')));
  const taken = readEvidence(layout.evidence).records.find(
    ({ action, bundle }) => action === 'verify' && bundle?.manifest_sha256 === manifest,
  );
  return genuine(control, {
    anchor: { allowed_signers: readFileSync(layout.anchor, 'utf8') },
    ...(lists === undefined ? {} : { known: lists }),
    // A key that ran out since was good when this was taken; one that was revoked since is not.
    at: taken === undefined ? Date.now() : Date.parse(taken.at),
    // It is here, whatever was here later.
    host: { arch: process.arch === 'x64' ? 'amd64' : 'arm64', counter: 0, not_before: 0, allow_older: true },
  });
}

/** As it was placed: what came in parts is whole here. */
async function compared(
  bundle: BundleManifest,
  listing: Listing,
  progress: (done: number, total: number) => void,
): Promise<{ problems: string[]; files: number }> {
  const parts = new Set(bundle.joined.flatMap((whole) => whole.parts));
  const files = [
    ...bundle.files.filter(({ path }) => !parts.has(path)),
    ...bundle.joined.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
  ];
  const placed = { ...bundle, files, joined: [] };
  const hashers = hashThreads();
  try {
    const hashOf = async (path: string) =>
      (await hashers.hash({ place: listing.files.get(path)!, target: null }, () => undefined)).sha256;
    const problems: Problem[] = await comparePresence(placed, foundIn(listing), hashOf);
    problems.push(...controlProblems(placed, listing.control));
    const bad = new Set(problems.map(({ path }) => path));
    const toHash = files.filter(({ path }) => listing.files.has(path) && !bad.has(path));
    const hashed = await hashFiles(placed, toHash, { hashers, places: listing.files, copy: null, progress });
    problems.push(...hashed.problems);
    return {
      problems: problems.map(({ path, code, remark }) => `${path} ${WORDS[code] ?? code} (${remark})`),
      files: files.length,
    };
  } finally {
    await hashers.end();
  }
}

/** What became of a file, by the codes of the verifier: there is no medium here to copy it from again. */
const WORDS: Readonly<Partial<Record<Problem['code'], string>>> = Object.freeze({
  BUNDLE_FILE_RENAMED: 'has another name',
  BUNDLE_FILE_MISSING: 'is missing',
  BUNDLE_FILE_TRUNCATED: 'is cut off',
  BUNDLE_FILE_PADDED: 'is longer than it was',
  BUNDLE_FILE_ALTERED: 'was altered',
  BUNDLE_FILE_EXTRA: 'does not belong to the release',
});

/** Files and folders of it that somebody else than root owns or could write to. */
function looseIn(folder: string, files: readonly string[]): string[] {
  const paths = new Set([folder]);
  for (const file of files) for (let at = file; at.length > folder.length; at = dirname(at)) paths.add(at);
  return [...paths]
    .filter((path) => {
      const { uid, mode } = lstatSync(path);
      return uid !== 0 || (mode & 0o022) !== 0;
    })
    .sort();
}
