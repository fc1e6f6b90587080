import { isControlFile } from '../format/control-files.ts';
import type { BundleManifest } from '../format/manifest.ts';
import { sizeProblem } from '../verify/compare.ts';
import { hashFiles } from '../verify/hash-files.ts';
import { type Listing, listBundle } from '../verify/listing.ts';
import { type Problem, refusalOf } from '../verify/problems.ts';
import { controlProblems, foundIn, genuine, type Verified, type VerifyOptions } from '../verify/verify-bundle.ts';

/**
 * Verifies a delta by itself: whom the newer bundle is from, and that every file that is there belongs to it and is what was
 * signed. Whether the older bundle has the rest is seen where that is. Throws one refusal that names everything that is
 * wrong. O(bytes of the delta).
 */
export async function verifyDelta(at: string, options: Omit<VerifyOptions, 'target'>): Promise<Verified> {
  const listing = listBundle(at);
  const { trusted, bundle } = genuine(listing.control, options);
  const problems = [...controlProblems(bundle, listing.control), ...strangers(listing, bundle)];
  if (problems.length > 0) throw refusalOf(problems);
  const files = bundle.files.filter(({ path }) => listing.files.has(path));
  const { hashers, progress } = options;
  const { problems: found, bytes } = await hashFiles(bundle, files, {
    hashers,
    places: listing.files,
    copy: null,
    progress,
  });
  if (found.length > 0) throw refusalOf(found);
  return { ...trusted, bundle, bytes };
}

/** Files of the delta that the newer bundle does not have, or of another size, and lists that are in every delta but here. */
export function strangers(listing: Listing, bundle: BundleManifest): Problem[] {
  const expected = new Map(bundle.files.map((file) => [file.path, file]));
  const found = foundIn(listing);
  const strange = [...found].flatMap(([path, { size }]): Problem[] => {
    const wanted = expected.get(path);
    if (wanted === undefined) return [{ code: 'BUNDLE_FILE_EXTRA', path, remark: `${size} bytes` }];
    return wanted.size === size ? [] : [sizeProblem(wanted, size)];
  });
  const missing = bundle.files.filter(({ path }) => isControlFile(path) && !found.has(path));
  return [
    ...strange,
    ...missing.map(({ path, size }): Problem => ({ code: 'BUNDLE_FILE_MISSING', path, remark: `${size} bytes` })),
  ];
}
