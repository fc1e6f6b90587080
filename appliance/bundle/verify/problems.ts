import { type BundleCode, FrostbyteError } from '../../kernel/errors.ts';

/** What is wrong with a file of a bundle: everything is found and told at once, so that one copy mends it all. */
export interface Problem {
  code: BundleCode;
  path: string;
  /** What there is, or what belongs there. */
  remark: string;
}

/** No more are named in one refusal. */
const MOST_NAMED = 100;

const WORDS: Readonly<Partial<Record<BundleCode, string>>> = Object.freeze({
  BUNDLE_PATH_CASE: 'differs from another path in case alone, and is the same file on a stick: take one of them away',
  BUNDLE_FILE_RENAMED: 'is there under another name',
  BUNDLE_PART_MISSING: 'is a part that is missing: copy this part again',
  BUNDLE_PART_SWAPPED: 'is another part under this name: copy the parts again',
  BUNDLE_FILE_MISSING: 'is missing: copy it again',
  BUNDLE_FILE_TRUNCATED: 'is cut off: copy it again',
  BUNDLE_FILE_PADDED: 'is longer than it should be: copy it again',
  BUNDLE_FILE_ALTERED: 'was changed or is damaged: copy it again',
  BUNDLE_FILE_EXTRA: 'does not belong to the bundle: take it away',
});
/** Which code a refusal of several has: that of the most telling one. */
const ORDER = Object.keys(WORDS) as BundleCode[];

/** One refusal for all problems. It names each file with what to do. */
export function refusalOf(problems: readonly Problem[]): FrostbyteError {
  const sorted = [...problems].sort(
    (a, b) => ORDER.indexOf(a.code) - ORDER.indexOf(b.code) || (a.path < b.path ? -1 : 1),
  );
  const [first] = sorted;
  const rest = sorted.length - 1;
  const others = rest === 0 ? '' : ` There ${rest === 1 ? 'is 1 other' : `are ${rest} others`}; see the details.`;
  return new FrostbyteError(first!.code, `${first!.path} ${WORDS[first!.code]} (${first!.remark}).${others}`, {
    details: sorted
      .slice(0, MOST_NAMED)
      .map(({ code, path, remark }) => ({ field: path, constraint: `${code}: ${WORDS[code]} (${remark})` })),
  });
}
