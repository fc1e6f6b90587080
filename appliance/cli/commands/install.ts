import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { hostTools } from '../../bin/host-operations.ts';
import { ownBundle } from '../../bin/where.ts';
import { addEvidence, readEvidence } from '../../bundle/evidence/log.ts';
import type { BundleIdentity } from '../../bundle/evidence/record.ts';
import type { BundleManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { type InstallParameters, installOperation } from '../../bundle/install/install.ts';
import { knownTrust } from '../../bundle/install/known-trust.ts';
import { dryRun, type Intended } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { unfinishedOperation } from '../../bundle/operation/operations.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import type { Facts } from '../../bundle/preflight/facts.ts';
import { judgeHost, refuseFailed } from '../../bundle/preflight/judge.ts';
import { fingerprint, publicLine, readPublicLine } from '../../bundle/sshsig/keys.ts';
import { listBundle } from '../../bundle/verify/listing.ts';
import { ROOT_IDENTITY, type Trusted } from '../../bundle/verify/trust.ts';
import { genuine } from '../../bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { globals, output } from '../context.ts';
import { inWords } from '../operation-progress.ts';
import { table } from '../output.ts';
import { trustOf, type VerifyFlags } from './bundle-flags.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';
import { askOf, type HostFlags, hostOptions, lookAt, recordAllowed, refuseUnreasoned } from './preflight.ts';

type InstallFlags = RootFlag & ProgressFlag & HostFlags & { fingerprint?: string; dryRun?: true };

/** `frostbyte install`: from the verified copy of a bundle, in which this program lies. */
export function installCommand(program: Command): void {
  hostOptions(showing(onHost(program.command('install'))))
    .description('Install the release that this program came with, from its verified copy; install.sh starts it')
    .option('--fingerprint <SHA256:…>', 'of the root key, from paper, where this host has no list of signers yet')
    .option('--dry-run', 'print what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  frostbyte install --fingerprint SHA256:… --dry-run')
    .action(async (flags: InstallFlags, command: Command) => {
      refuseUnreasoned(flags, globals(command).reason);
      const layout = hostLayout(flags.root);
      const folder = verifiedCopy(layout);
      const { trusted, bundle } = believed(folder, flags, layout);
      const identity = identityOf(trusted, bundle);
      const parameters = parametersOf(anchorOf(folder, layout), identity, bundle, flags);
      const operation = installOperation(parameters, layout, hostTools(layout));
      const left = unfinishedOperation(layout.operations);
      const intended = await dryRun(operation, left);
      if (flags.dryRun) return output(command).answer({ phases: intended }, () => shown(intended));
      if (left === null && intended.every(({ would }) => would === 'nothing')) {
        return output(command).answer(
          { state: 'done', changed: 0 },
          () => `${operation.title}: all was so already, nothing was changed.`,
        );
      }
      const { facts, needs } = await lookAt(bundle, flags, layout);
      refuseOther(facts, bundle.version);
      const report = judgeHost(facts, needs, flags.allow);
      refuseFailed(report);
      noteVerified(layout, identity);
      recordAllowed(report, facts, layout, globals(command).reason);
      const outcome = await running(flags, operation, command, executeOperation, identity);
      tell(outcome, { plan: operation }, command);
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
function believed(folder: string, { fingerprint: typed }: InstallFlags, layout: HostLayout): Believed {
  const { lists, counter } = knownTrust(layout);
  const { control } = listBundle(folder);
  const by = (flags: Partial<VerifyFlags>) =>
    genuine(control, {
      ...trustOf({ anchor: layout.anchor, counter: String(counter), ...flags }),
      ...(lists === undefined ? {} : { known: lists }),
    });
  const typedFor = typed === undefined ? null : by({ fingerprint: typed });
  return typedFor !== null && !existsSync(layout.anchor) ? typedFor : by({});
}

interface Believed {
  trusted: Trusted;
  bundle: BundleManifest;
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
  flags: InstallFlags,
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

/** That this bundle was verified here is evidence, once. */
function noteVerified({ evidence }: HostLayout, bundle: BundleIdentity): void {
  const isThere = readEvidence(evidence).records.some(
    ({ action, bundle: known }) => action === 'verify' && known?.manifest_sha256 === bundle.manifest_sha256,
  );
  if (isThere) return;
  addEvidence(
    evidence,
    { by: whoRuns(), host: hostname(), action: 'verify', bundle, result: 'ok', detail: {} },
    () => new Date(),
  );
}

function shown(intended: readonly Intended[]): string {
  const words = { do: 'to be done', nothing: 'done already', unknown: 'to be seen' };
  const seconds = intended.reduce((sum, { would, seconds: each }) => sum + (would === 'nothing' ? 0 : each), 0);
  return [
    table([
      ['', 'PHASE', 'NOW', ''],
      ...intended.map(({ title, would, reversible }, at) => [
        `${at + 1}`,
        title,
        words[would],
        reversible ? '' : 'no way back behind it',
      ]),
    ]),
    '',
    `About ${inWords(seconds)}. Nothing was changed.`,
  ].join('\n');
}
