/** What each refusal of a package means, and what whoever reads it does now; `docs/failures.md` is made of it. */
import type { BundleCode } from '../appliance/kernel/errors.ts';

const COPY = 'copy it again from where it came from';
const ASK = 'do not use it, and ask whoever gave it to you';

export const BUNDLE_REFUSALS: Readonly<Record<BundleCode, readonly [what: string, mend: string]>> = {
  BUNDLE_SIGNATURE_MISSING: ['a list has no signature beside it', `sign it on the build host (make sign), or ${COPY}`],
  BUNDLE_SIGNATURE_INVALID: ['a list, or its signature, was changed', `${COPY}; where it stays so, ${ASK}`],
  BUNDLE_SIGNER_UNKNOWN: ['it is signed by a key that may not sign', ASK],
  BUNDLE_SIGNER_OUTDATED: [
    'its signer’s time is over, or has not come',
    'compare the host’s clock; then ask for one that is signed anew',
  ],
  BUNDLE_SIGNER_REVOKED: ['its signer’s key was revoked', ASK],
  BUNDLE_SIGNERS_INVALID: [
    'the lists of who signs are none, or older than those that this host has seen',
    'ask for a package with the newest lists',
  ],
  BUNDLE_MANIFEST_INVALID: ['a list is signed, and cannot be read as one', ASK],
  BUNDLE_PATH_REFUSED: [
    'a name that no package has: hidden, too long, with signs, or one that a stick does not take',
    `take the file away, or ${COPY}`,
  ],
  BUNDLE_TAR_INVALID: ['the archive is cut off, or goes on behind its end, or is no package’s', COPY],
  BUNDLE_LINK_REFUSED: ['a link, pipe or device lies in it', ASK],
  BUNDLE_PATH_UPWARD: ['a path leads out of it (..)', ASK],
  BUNDLE_PATH_ABSOLUTE: ['a path begins at the root', ASK],
  BUNDLE_PATH_TWICE: ['a path is there, or listed, twice', ASK],
  BUNDLE_PATH_CASE: [
    'two paths differ in case alone, and are one file on a stick',
    'take away the one that does not belong to it',
  ],
  BUNDLE_TOO_LARGE: ['more files, or longer lists, than any package has', ASK],
  BUNDLE_LISTS_DIFFER: ['MANIFEST.json and SHA256SUMS do not say the same', ASK],
  BUNDLE_FILE_MISSING: ['a file is missing', 'copy the file again'],
  BUNDLE_FILE_EXTRA: ['a file does not belong to it', 'take the file away'],
  BUNDLE_FILE_RENAMED: ['a file is there under another name', 'give it its name back'],
  BUNDLE_FILE_TRUNCATED: ['a file is cut off', 'copy the file again'],
  BUNDLE_FILE_PADDED: ['a file is longer than it should be', 'copy the file again'],
  BUNDLE_FILE_ALTERED: ['a file was changed, or is damaged', 'copy the file again'],
  BUNDLE_PART_MISSING: ['a part of a large file is missing', 'copy this part again'],
  BUNDLE_PART_SWAPPED: ['a part stands under the name of another', 'copy the parts again'],
  BUNDLE_MEDIUM_FAILED: [
    'the medium was pulled out, or cannot be read',
    'put it in again and repeat; else take another medium',
  ],
  BUNDLE_MEDIUM_CHANGED: [
    'the medium answers a second read otherwise (`verify.sh` alone reads twice)',
    'take another medium',
  ],
  BUNDLE_WRONG_ARCHITECTURE: [
    'it is for another processor',
    'take the package for this one: its name ends in the architecture',
  ],
  BUNDLE_OLDER: [
    'it is older than what was taken here, or withdrawn',
    'take the newest; the program’s `--allow-older` takes one that is not withdrawn',
  ],
};
