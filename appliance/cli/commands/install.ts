import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { hostTools } from '../../bin/host-operations.ts';
import { ownBundle } from '../../bin/where.ts';
import { addEvidence, readEvidence } from '../../bundle/evidence/log.ts';
import type { BundleIdentity } from '../../bundle/evidence/record.ts';
import { BUNDLE_EXIT } from '../../bundle/exit-codes.ts';
import type { BundleManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { INSTALL, type InstallParameters, installOperation } from '../../bundle/install/install.ts';
import { knownTrust } from '../../bundle/install/known-trust.ts';
import { dryRun } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import type { Facts } from '../../bundle/preflight/facts.ts';
import { judgeHost, refuseFailed } from '../../bundle/preflight/judge.ts';
import { fingerprint, publicLine, readPublicLine } from '../../bundle/sshsig/keys.ts';
import { listBundle } from '../../bundle/verify/listing.ts';
import { ROOT_IDENTITY, type Trusted } from '../../bundle/verify/trust.ts';
import { genuine } from '../../bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { globals, output } from '../context.ts';
import { trustOf, type VerifyFlags } from './bundle-flags.ts';
import { handOver } from './hand-over.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { intendedTable } from './intended-table.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';
import { askOf, type HostFlags, hostOptions, lookAt, recordAllowed, refuseUnreasoned } from './preflight.ts';

type InstallFlags = RootFlag &
  ProgressFlag &
  HostFlags & {
    fingerprint?: string;
    dryRun?: true;
    recoveryRecipient?: string;
    recoveryAnswer?: string;
    allowOlder?: true;
  };

/** `frostbyte install`: from the verified copy of a bundle, in which this program lies. */
export function installCommand(program: Command): void {
  hostOptions(showing(onHost(program.command('install'))))
    .description('Install the release that this program came with, from its verified copy; install.sh starts it')
    .option('--fingerprint <SHA256:…>', 'of the root key, from paper, where this host has no list of signers yet')
    .option('--recovery-recipient <age1…>', 'who can open this box’s keys when it is lost; proven by a challenge')
    .option('--recovery-answer <file>', 'where the decrypted challenge is found, where nobody sits at a terminal')
    .option(
      '--allow-older',
      'take a bundle that is older than the newest that was here; needs --reason, and is recorded',
    )
    .option('--dry-run', 'print what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  frostbyte install --fingerprint SHA256:… --recovery-recipient age1…')
    .action(async (flags: InstallFlags, command: Command) => {
      const { reason } = globals(command);
      refuseUnreasoned(flags, reason);
      refuseOlderUnreasoned(flags, reason);
      const layout = hostLayout(flags.root);
      const folder = verifiedCopy(layout);
      const { trusted, bundle, newest } = believed(folder, flags, layout);
      const identity = identityOf(trusted, bundle);
      const isOlder = bundle.counter < newest;
      const parameters = parametersOf(anchorOf(folder, layout), identity, bundle, {
        ...flags,
        olderBecause: isOlder ? reason!.trim() : null,
      });
      const operation = installOperation(parameters, layout, hostTools(layout));
      const left = unfinishedOperation(layout.operations);
      const before = left ?? finishedBefore(layout, parameters);
      const intended = await dryRun(operation, before);
      if (flags.dryRun) return output(command).answer({ phases: intended }, () => intendedTable(intended));
      if (left === null && intended.every(({ would }) => would === 'nothing')) {
        return output(command).answer({ state: 'done', changed: 0, operation: before?.plan.operation ?? null }, () =>
          before === null
            ? `${operation.title}: all was so already, nothing was changed.`
            : `${operation.title}: finished ${before.last_at}, and all of it is as it should be. Nothing was changed.`,
        );
      }
      const { facts, needs } = await lookAt(bundle, flags, layout);
      refuseOther(facts, bundle.version);
      const report = judgeHost(facts, needs, flags.allow);
      refuseFailed(report);
      noteVerified(layout, identity, isOlder ? { counter: bundle.counter, newest, reason: reason!.trim() } : null);
      recordAllowed(report, facts, layout, reason);
      const outcome = await running(flags, operation, command, executeOperation, identity);
      tell(outcome, { plan: operation }, command);
      await handOver({ kind: operation.kind, outcome }, layout, command);
    });
}

/** Throws where this program was not copied by whoever verified it. */
function verifiedCopy({ quarantine, releases }: HostLayout): string {
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
 * fingerprint that was typed must hold beside it.
 */
function believed(folder: string, { fingerprint: typed, allowOlder }: InstallFlags, layout: HostLayout): Believed {
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

interface Believed {
  trusted: Trusted;
  bundle: BundleManifest;
  /** The counter of the newest bundle that was taken here. */
  newest: number;
}

/** The installation of this very release that ended last, where nothing came behind it: what it proved holds. */
function finishedBefore({ operations }: HostLayout, { manifest_sha256 }: InstallParameters): OperationState | null {
  const last = allOperations(operations).at(-1);
  const isSame = last?.plan.kind === INSTALL && last.plan.parameters.manifest_sha256 === manifest_sha256;
  return last !== undefined && isSame && last.result === 'done' ? last : null;
}

function refuseOlderUnreasoned({ allowOlder }: InstallFlags, reason: string | undefined): void {
  if (!allowOlder || reason?.trim()) return;
  throw new FrostbyteError('VALIDATION_ERROR', 'An older bundle needs a reason: it is recorded.', {
    details: [{ field: 'reason', constraint: 'required with --allow-older' }],
  });
}

/** The list that later bundles are held against: the one that is here, else the root key whose fingerprint was typed. */
function anchorOf(folder: string, { anchor }: HostLayout): string {
  if (existsSync(anchor)) return readFileSync(anchor, 'utf8');
  return `${ROOT_IDENTITY} ${publicLine(readPublicLine(readFileSync(join(folder, 'signers/root.pub'), 'utf8')))}\n`;
}

function identityOf({ signer, manifest }: Trusted, { version, arch, counter }: BundleManifest): BundleIdentity {
  return { version, arch, counter, manifest_sha256: sha256Hex(manifest), signer: fingerprint(signer) };
}

function parametersOf(
  anchor: string,
  { version, counter, manifest_sha256 }: BundleIdentity,
  { files, images }: BundleManifest,
  flags: InstallFlags & { olderBecause: string | null },
): InstallParameters {
  const { port } = askOf(flags);
  return {
    version,
    counter,
    manifest_sha256,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    anchor,
    subnet: flags.subnet,
    port,
    vectors: images.some(({ name }) => name === 'qdrant') ? 'qdrant' : 'sqlite-vec',
    image_bytes: images.reduce((sum, { size }) => sum + size, 0),
    recovery_recipient: flags.recoveryRecipient ?? null,
    recovery_answer: flags.recoveryAnswer === undefined ? null : resolve(flags.recoveryAnswer),
    older_because: flags.olderBecause,
  };
}

/** Data of another release are brought to this one by an upgrade, with a snapshot and a way back. */
function refuseOther({ installation: { version } }: Facts, wanted: string): void {
  if (version === null || version === wanted) return;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `Release ${version} is installed here. A release is installed on a host that has none; another one takes its place by an upgrade.`,
    { details: [{ field: 'version', value: wanted, constraint: `${version}, or none installed` }] },
  );
}

/** That a copy was refused is evidence: nobody’s word for what was tried here. */
function noteRefused(layout: HostLayout, error: unknown): void {
  if (!isFrostbyteError(error) || !(error.code in BUNDLE_EXIT)) return;
  const detail = { code: error.code, message: error.message };
  addEvidence(
    layout.evidence,
    { by: whoRuns(), host: hostname(), action: 'verify', bundle: null, result: 'refused', detail },
    () => new Date(),
  );
}

/** That this bundle was verified here is evidence, once; that an older one was taken, each time. */
function noteVerified(
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
