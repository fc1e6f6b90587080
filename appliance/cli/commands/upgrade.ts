import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { installedConfig } from '../../bin/host/installed-config.ts';
import { operationOf } from '../../bin/host-operations.ts';
import { MANIFEST } from '../../bundle/format/checksums.ts';
import { type BundleManifest, readManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { manifestOf } from '../../bundle/install/phases/place-release.ts';
import { dryRun, type Intended } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import { gatherInstallation } from '../../bundle/preflight/gather/installation.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import { judgeHost, refuseFailed } from '../../bundle/preflight/judge.ts';
import { type BillComparison, compareBills } from '../../bundle/upgrade/compare-bills.ts';
import { refuseStep } from '../../bundle/upgrade/may-follow.ts';
import { UPGRADE, type UpgradeParameters, upgradeParameters } from '../../bundle/upgrade/upgrade.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { globals, output } from '../context.ts';
import { table } from '../output.ts';
import { anchorOf, believed, identityOf, noteVerified, verifiedCopy } from './believed-copy.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { intendedTable } from './intended-table.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';
import { lookAt, recordAllowed, refuseUnreasoned } from './preflight.ts';

type UpgradeFlags = RootFlag & ProgressFlag & { allow: string[]; fingerprint?: string; dryRun?: true };

/** Components that a person is shown; all are in the JSON. */
const MOST_SHOWN = 40;

/** `frostbyte upgrade`: from the verified copy of a bundle, in which this program lies, over the release that runs. */
export function upgradeCommand(program: Command): void {
  showing(onHost(program.command('upgrade')))
    .description(
      'Put the release that this program came with in the place of the one that runs; install.sh --upgrade starts it',
    )
    .option('--fingerprint <SHA256:…>', 'of the root key, from paper, where it is to be held against the host’s list')
    .option('--allow <names>', 'go on although these checks fail; needs --reason, and is recorded', split, [])
    .option('--dry-run', 'print what is in it and what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  frostbyte upgrade --dry-run')
    .action(async (flags: UpgradeFlags, command: Command) => {
      const { reason } = globals(command);
      const layout = hostLayout(flags.root);
      const folder = verifiedCopy(layout);
      const { bundle, ...copy } = believed(folder, flags, layout);
      const identity = identityOf({ bundle, ...copy });
      const left = unfinishedOperation(layout.operations);
      const done = left === null ? finishedBefore(layout, identity.manifest_sha256) : null;
      if (done !== null) {
        return output(command).answer(
          { state: 'done', changed: 0, operation: done.plan.operation },
          () => `${done.plan.title}: finished ${done.last_at}. Nothing was changed.`,
        );
      }
      const parameters = parametersOf(folder, { bundle, sha256: identity.manifest_sha256 }, layout, left);
      const operation = operationOf(UPGRADE, { ...parameters }, layout);
      const bills = compareBills(join(layout.releases, parameters.from.version), folder);
      const intended = await dryRun(operation, left);
      if (flags.dryRun) return output(command).answer({ phases: intended, bills }, () => shown(intended, bills));
      if (left === null) {
        const ask = { ...flags, subnet: parameters.subnet, port: String(installedConfig(layout).listen.port) };
        refuseUnreasoned(ask, reason);
        const { facts, needs } = await lookAt(bundle, ask, layout);
        const report = judgeHost(facts, needs, flags.allow);
        refuseFailed(report);
        noteVerified(layout, identity, null);
        recordAllowed(report, facts, layout, reason);
        output(command).say(billsInWords(bills).join('\n'));
      }
      const outcome = await running(flags, operation, command, executeOperation, identity);
      tell(outcome, { plan: operation }, command);
    });
}

/** What the journal asks for, where one to this very release was left; else by the release that runs. */
function parametersOf(
  folder: string,
  { bundle, sha256 }: { bundle: BundleManifest; sha256: string },
  layout: HostLayout,
  left: OperationState | null,
): UpgradeParameters {
  if (left?.plan.kind === UPGRADE && left.plan.parameters.manifest_sha256 === sha256)
    return upgradeParameters(left.plan.parameters);
  const from = currentRelease(layout);
  refuseStep(from, bundle);
  const { version, counter, files, images } = bundle;
  return {
    version,
    counter,
    manifest_sha256: sha256,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    image_bytes: images.reduce((sum, { size }) => sum + size, 0),
    anchor: anchorOf(folder, layout),
    subnet: installedConfig(layout).stack.subnet,
    from: { version: from.version, manifest_sha256: manifestOf(join(layout.releases, from.version))! },
  };
}

/** The manifest of the release that is current. Throws `INVALID_STATE_TRANSITION` where there is none that is whole. */
function currentRelease(layout: HostLayout): BundleManifest {
  const { state, version, reason } = gatherInstallation(thisHost(), layout);
  const folder = join(layout.releases, version ?? '');
  if (state === 'present' && version !== null && existsSync(join(folder, MANIFEST)))
    return readManifest(readFileSync(join(folder, MANIFEST), 'utf8'));
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    state === 'none'
      ? 'No release is installed here, so there is nothing to upgrade. Install it: sh install.sh, without --upgrade.'
      : `The release that is here is broken (${reason ?? 'it is not whole'}). Run the installer of that release again; then upgrade.`,
    { details: [{ field: 'release', value: basename(folder), constraint: 'installed and whole' }] },
  );
}

/** The upgrade to this very release, where it was the last thing that was done here. */
function finishedBefore({ operations }: HostLayout, sha256: string): OperationState | null {
  const last = allOperations(operations).at(-1);
  const isSame = last?.plan.kind === UPGRADE && last.plan.parameters.manifest_sha256 === sha256;
  return last !== undefined && isSame && last.result === 'done' ? last : null;
}

const shown = (intended: readonly Intended[], bills: BillComparison): string =>
  [...billsInWords(bills), '', intendedTable(intended)].join('\n');

/** What the new release is made of against the one that is here. */
function billsInWords({ components, changes, vulnerabilities }: BillComparison): string[] {
  const count = (number: number | null) => (number === null ? 'no bill of material' : `${number} components`);
  const rows = changes.slice(0, MOST_SHOWN).map(({ name, from, to }) => [name, from ?? '–', to ?? '–']);
  const more = changes.length - rows.length;
  const list = (ids: readonly string[]) => (ids.length === 0 ? 'none' : ids.join(', '));
  return [
    `Made of ${count(components.to)}; the release here: ${count(components.from)}. ${changes.length} differ.`,
    ...(rows.length === 0 ? [] : [table([['COMPONENT', 'HERE', 'NEW'], ...rows])]),
    ...(more > 0 ? [`… and ${more} more: --dry-run --json has all.`] : []),
    vulnerabilities === null
      ? 'Known vulnerabilities: neither release brings a statement (VEX).'
      : `Known vulnerabilities: new ${list(vulnerabilities.new)}; gone ${list(vulnerabilities.gone)}; open in the new one ${list(vulnerabilities.open)}.`,
  ];
}

const split = (text: string, before: string[]): string[] => [...before, ...text.split(',').map((name) => name.trim())];
