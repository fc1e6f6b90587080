import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { MANIFEST, readChecksums, SIGNATURES } from '../format/checksums.ts';
import type { Control } from '../format/control-files.ts';
import { type BundleManifest, readManifest } from '../format/manifest.ts';
import { admitBundle, type Host, refuseOutdated } from './admit.ts';
import { compareContent, comparePresence, type Found } from './compare.ts';
import { type Hashers, hashFiles } from './hash-files.ts';
import { IncomingCopy } from './incoming-copy.ts';
import { type Listing, listBundle } from './listing.ts';
import { type Problem, refusalOf } from './problems.ts';
import { noneBefore, type Trusted, type TrustOptions, trust } from './trust.ts';

export interface VerifyOptions extends TrustOptions {
  host: Host;
  hashers: Hashers;
  /** Where what was verified goes, as a folder that does not exist yet; null: it is only verified. */
  target: string | null;
  progress?: (done: number, total: number) => void;
}

export interface Verified extends Trusted {
  bundle: BundleManifest;
  bytes: number;
}

/**
 * Verifies a bundle in a folder, in a tar file or on a device, and copies it where a target is given: trust first, then that
 * every file is there and no other, then every byte, on all cores. What is copied is what was hashed, and it stands under
 * the target's name only once everything held; nothing on the medium is changed. Throws one refusal that names everything
 * that is wrong. O(bytes); memory does not grow with the bundle.
 */
export async function verifyBundle(at: string, options: VerifyOptions): Promise<Verified> {
  const listing = listBundle(at);
  const { trusted, bundle } = genuine(listing.control, options);
  const { hashers, target, progress } = options;
  const hashOf = async (path: string) =>
    (await hashers.hash({ place: listing.files.get(path)!, target: null }, () => undefined).catch(() => null))
      ?.sha256 ?? null;
  const problems = await comparePresence(bundle, foundIn(listing), hashOf);
  problems.push(...controlProblems(bundle, listing.control));
  const bad = new Set(problems.map(({ path }) => path));
  const files = bundle.files.filter(({ path }) => listing.files.has(path) && !bad.has(path));
  const copy = target === null || problems.length > 0 ? null : new IncomingCopy(target, bundle);
  try {
    const { problems: found, bytes } = await hashFiles(bundle, files, {
      hashers,
      places: listing.files,
      copy,
      progress,
    });
    problems.push(...found);
    if (problems.length > 0) throw refusalOf(problems);
    copy?.keep(listing.control);
    return { ...trusted, bundle, bytes };
  } finally {
    copy?.end();
  }
}

/** From the control files to a manifest that is ours, and for this host. */
export function genuine(
  control: Control,
  options: TrustOptions & { host: Host },
): { trusted: Trusted; bundle: BundleManifest } {
  const trusted = trust(control, options);
  const bundle = readManifest(trusted.manifest);
  agree(bundle, trusted);
  refuseOutdated(bundle, noneBefore(trusted.lists.allowed_signers));
  admitBundle(bundle, options.host);
  return { trusted, bundle };
}

/** Both lists are signed, and must say the same: whoever checks by hand sees only one of them. */
function agree({ files }: BundleManifest, { manifest, checksums }: Trusted): void {
  const listed = readChecksums(checksums);
  if (typeof listed === 'string')
    throw new FrostbyteError('BUNDLE_MANIFEST_INVALID', 'SHA256SUMS of the bundle cannot be used.', {
      details: [{ field: 'SHA256SUMS', constraint: `a list of sha256sum: ${listed}` }],
    });
  const expected = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  expected.set(MANIFEST, sha256Hex(manifest));
  const same = listed.size === expected.size && [...expected].every(([path, sha256]) => listed.get(path) === sha256);
  if (same) return;
  throw new FrostbyteError('BUNDLE_LISTS_DIFFER', 'MANIFEST.json and SHA256SUMS do not say the same.', {
    details: [{ field: 'SHA256SUMS', constraint: 'every file of the manifest, and MANIFEST.json' }],
  });
}

/** What a medium holds of what lists name: what stands in no list is not held against it. */
export function foundIn({ files, control }: Listing): Map<string, Found> {
  const found = new Map<string, Found>([...files].map(([path, { size }]) => [path, { size }]));
  for (const [path, bytes] of control) {
    if (path !== MANIFEST && path !== 'SHA256SUMS' && !SIGNATURES.has(path)) found.set(path, { size: bytes.length });
  }
  return found;
}

/** Control files that are listed too were read whole already. */
export function controlProblems(bundle: BundleManifest, control: Control): Problem[] {
  return bundle.files.flatMap((file) => {
    const bytes = control.get(file.path);
    if (bytes === undefined || bytes.length !== file.size) return [];
    return compareContent(bundle, file, { sha256: sha256Hex(bytes), bytes: bytes.length }) ?? [];
  });
}
