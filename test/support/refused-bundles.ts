import type { Host } from '../../appliance/bundle/verify/admit.ts';
import type { BundleCode } from '../../appliance/kernel/errors.ts';
import { type BuildChanges, type BundleWorld, newKey } from './bundle-world.ts';

/** A whole bundle that a host does not take all the same: for who signed it, when, for whom and what came before. */
export interface Refused {
  /** How it is built. */
  changes?(world: BundleWorld): Partial<BuildChanges>;
  /** What the host has seen, as the program is told, and as `verify.sh` is. */
  seen?: { host: Partial<Host>; options: readonly string[] };
  code: BundleCode;
}

/** What every verifier must say of each. */
export const REFUSED: Readonly<Record<string, Refused>> = {
  'a foreign key signed it': { changes: () => ({ signer: newKey() }), code: 'BUNDLE_SIGNER_UNKNOWN' },
  'a foreign root key signed who may': { changes: () => ({ rootSigner: newKey() }), code: 'BUNDLE_SIGNER_UNKNOWN' },
  'its signer’s time is over': {
    changes: () => ({ lists: { valid_before: '20200101' } }),
    code: 'BUNDLE_SIGNER_OUTDATED',
  },
  'its signer’s time has not come': {
    changes: () => ({ lists: { valid_after: '20990101' } }),
    code: 'BUNDLE_SIGNER_OUTDATED',
  },
  'its signer was revoked': {
    changes: ({ release }) => ({ lists: { revoked: [newKey(), release] } }),
    code: 'BUNDLE_SIGNER_REVOKED',
  },
  'it is for another architecture': {
    changes: () => ({ about: { arch: 'arm64' } }),
    code: 'BUNDLE_WRONG_ARCHITECTURE',
  },
  'it is older than what was taken here': {
    seen: { host: { counter: 8 }, options: ['--counter', '8'] },
    code: 'BUNDLE_OLDER',
  },
  'its maker has withdrawn it': { changes: () => ({ lists: { none_before: '20260922' } }), code: 'BUNDLE_OLDER' },
};
