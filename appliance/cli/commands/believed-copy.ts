import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { ownBundle } from '../../bin/where.ts';
import { addEvidence, readEvidence } from '../../bundle/evidence/log.ts';
import type { BundleIdentity } from '../../bundle/evidence/record.ts';
import { BUNDLE_EXIT } from '../../bundle/exit-codes.ts';
import type { BundleManifest } from '../../bundle/format/manifest.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { knownTrust } from '../../bundle/install/known-trust.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import { fingerprint, publicLine, readPublicLine } from '../../bundle/sshsig/keys.ts';
import { listBundle } from '../../bundle/verify/listing.ts';
import { ROOT_IDENTITY, type Trusted } from '../../bundle/verify/trust.ts';
import { genuine } from '../../bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { trustOf, type VerifyFlags } from './bundle-flags.ts';

/** The verified copy of a bundle in which a program lies, held once more against what its host believes. */
export interface Believed {
  trusted: Trusted;
  bundle: BundleManifest;
  /** The counter of the newest bundle that was taken here. */
  newest: number;
}

/** What decides whether a copy is believed, as it was typed. */
export interface BeliefFlags {
  fingerprint?: string;
  allowOlder?: true;
}

/** The folder of this program’s copy. Throws `INVALID_STATE_TRANSITION` where nobody verified it. */
export function verifiedCopy({ quarantine, releases }: HostLayout): string {
  const own = ownBundle();
  // The release itself is one, once it is in its place.
  if (own !== null && [quarantine, releases].includes(dirname(own))) return own;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `A release is installed from the copy that was verified, below ${quarantine}. Run install.sh from the medium: it makes one.`,
    { details: [{ field: 'program', value: own, constraint: `below ${quarantine}` }] },
  );
}

/**
 * The copy’s lists once more, and not older than what was taken here before. Where this host has an anchor, that decides; a
 * fingerprint that was typed must hold beside it. That it was refused goes into the evidence.
 */
export function believed(
  folder: string,
  { fingerprint: typed, allowOlder }: BeliefFlags,
  layout: HostLayout,
): Believed {
  const { lists, counter } = knownTrust(layout);
  const { control } = listBundle(folder);
  const by = (flags: Partial<VerifyFlags>) =>
    genuine(control, {
      ...trustOf({ anchor: layout.anchor, counter: String(counter), allowOlder: allowOlder ?? false, ...flags }),
      ...(lists === undefined ? {} : { known: lists }),
    });
  try {
    const typedFor = typed === undefined ? null : by({ fingerprint: typed });
    const found = typedFor !== null && !existsSync(layout.anchor) ? typedFor : by({});
    return { ...found, newest: counter };
  } catch (error) {
    noteRefused(layout, error);
    throw error;
  }
}

/** The list that later bundles are held against: the one that is here, else the root key whose fingerprint was typed. */
export function anchorOf(folder: string, { anchor }: HostLayout): string {
  if (existsSync(anchor)) return readFileSync(anchor, 'utf8');
  return `${ROOT_IDENTITY} ${publicLine(readPublicLine(readFileSync(join(folder, 'signers/root.pub'), 'utf8')))}\n`;
}

/** A bundle as evidence names it. */
export function identityOf({ trusted: { signer, manifest }, bundle }: Omit<Believed, 'newest'>): BundleIdentity {
  const { version, arch, counter } = bundle;
  return { version, arch, counter, manifest_sha256: sha256Hex(manifest), signer: fingerprint(signer) };
}

/** That a bundle was refused is evidence: nobody’s word for what was tried here. */
export function noteRefused(layout: Pick<HostLayout, 'evidence'>, error: unknown): void {
  if (!isFrostbyteError(error) || !(error.code in BUNDLE_EXIT)) return;
  const detail = { code: error.code, message: error.message };
  addEvidence(
    layout.evidence,
    { by: whoRuns(), host: hostname(), action: 'verify', bundle: null, result: 'refused', detail },
    () => new Date(),
  );
}

/** That this bundle was verified here is evidence, once; that an older one was taken, each time. */
export function noteVerified(
  { evidence }: HostLayout,
  bundle: BundleIdentity,
  older: { counter: number; newest: number; reason: string } | null,
): void {
  const add = (result: 'ok' | 'overridden', detail: Record<string, string | number>) =>
    addEvidence(
      evidence,
      { by: whoRuns(), host: hostname(), action: 'verify', bundle, result, detail },
      () => new Date(),
    );
  if (older !== null) return void add('overridden', older);
  const isThere = readEvidence(evidence).records.some(
    ({ action, bundle: known }) => action === 'verify' && known?.manifest_sha256 === bundle.manifest_sha256,
  );
  if (!isThere) add('ok', {});
}
