import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkRecipient } from '../../bin/host/recovery-proof.ts';
import { hostTools } from '../../bin/host-operations.ts';
import type { BundleIdentity } from '../../bundle/evidence/record.ts';
import type { BundleManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { INSTALL, type InstallParameters, installOperation } from '../../bundle/install/install.ts';
import { dryRun } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import type { Facts } from '../../bundle/preflight/facts.ts';
import { judgeHost, refuseFailed } from '../../bundle/preflight/judge.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { globals, output } from '../context.ts';
import { anchorOf, believed, identityOf, noteVerified, verifiedCopy } from './believed-copy.ts';
import { handOver } from './hand-over.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { intendedTable } from './intended-table.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';
import { askOf, chosenOf, type HostFlags, hostOptions, lookAt, recordAllowed, refuseUnreasoned } from './preflight.ts';

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
      const { bundle, newest, ...copy } = believed(folder, flags, layout);
      const identity = identityOf({ bundle, ...copy });
      const isOlder = bundle.counter < newest;
      if (flags.recoveryRecipient !== undefined) await checkRecipient(flags.recoveryRecipient);
      const parameters = parametersOf(anchorOf(folder, layout), identity, bundle, {
        ...flags,
        ...chosenOf(flags, layout),
        port: askOf(flags, layout).port,
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

function parametersOf(
  anchor: string,
  { version, counter, manifest_sha256 }: BundleIdentity,
  { files, images }: BundleManifest,
  flags: Pick<InstallFlags, 'recoveryRecipient' | 'recoveryAnswer'> & {
    subnet: string;
    port: number;
    olderBecause: string | null;
  },
): InstallParameters {
  return {
    version,
    counter,
    manifest_sha256,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    anchor,
    subnet: flags.subnet,
    port: flags.port,
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
    `Release ${version} is installed here. A release is installed on a host that has none; another one takes its place by an upgrade: sh install.sh --upgrade.`,
    { details: [{ field: 'version', value: wanted, constraint: `${version}, or none installed` }] },
  );
}
