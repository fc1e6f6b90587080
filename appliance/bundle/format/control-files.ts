import { CHECKSUMS, MANIFEST } from './checksums.ts';

/**
 * The files that say what all others are, by whom it is said, and who may say it. They are small, come first in a tar, in
 * this order, and are read whole before anything else is looked at.
 */
export const CONTROL_FILES = [
  MANIFEST,
  `${MANIFEST}.sig`,
  CHECKSUMS,
  `${CHECKSUMS}.sig`,
  'signers/allowed_signers',
  'signers/allowed_signers.sig',
  'signers/revoked_keys',
  'signers/revoked_keys.sig',
  'signers/root.pub',
] as const;
export type ControlFile = (typeof CONTROL_FILES)[number];

/** The control files of a bundle as they lie there; one that is missing is missing here too. */
export type Control = ReadonlyMap<string, Buffer>;

/** Larger than any of them may be. */
export const MOST_CONTROL_BYTES = 4 << 20;

export const isControlFile = (path: string): path is ControlFile => (CONTROL_FILES as readonly string[]).includes(path);
