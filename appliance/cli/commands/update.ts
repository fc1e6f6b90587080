import { existsSync, globSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { operationOf } from '../../bin/host-operations.ts';
import { hashThreads } from '../../bin/wire/hash-threads.ts';
import type { BundleManifest, UpdateKind } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { dryRun } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import { UPDATE, type UpdateParameters, updateParameters } from '../../bundle/update/update.ts';
import { listBundle } from '../../bundle/verify/listing.ts';
import { genuine, type VerifyOptions, verifyBundle } from '../../bundle/verify/verify-bundle.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';
import { identityOf, noteRefused, noteVerified } from './believed-copy.ts';
import { percent, trustOf } from './bundle-flags.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { intendedTable } from './intended-table.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';

type UpdateFlags = RootFlag & ProgressFlag & { dryRun?: true };

/** `frostbyte update`: malware signatures or models from a medium, into the release that runs. */
export function updateCommand(program: Command): void {
  showing(onHost(program.command('update <medium>')))
    .description('Take malware signatures or models from a signed update (a folder, a tar or a device)')
    .option('--dry-run', 'verify it, print what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  frostbyte update /media/stick/frostbyte-malware-signatures-2026.11.27')
    .action(async (medium: string, flags: UpdateFlags, command: Command) => {
      const layout = hostLayout(flags.root);
      const { trusted, bundle, trust } = believedUpdate(resolve(medium), layout);
      const identity = identityOf({ trusted, bundle });
      const left = unfinishedOperation(layout.operations);
      const done = left === null ? finishedBefore(layout, bundle.updates, identity.manifest_sha256) : null;
      if (done !== null) {
        return output(command).answer(
          { state: 'done', changed: 0, operation: done.plan.operation },
          () => `${done.plan.title}: finished ${done.last_at}. Nothing was changed.`,
        );
      }
      const parameters: UpdateParameters = {
        updates: bundle.updates,
        version: bundle.version,
        counter: bundle.counter,
        manifest_sha256: identity.manifest_sha256,
        copy: copyOf(layout, identity.manifest_sha256),
      };
      if (!existsSync(parameters.copy)) await copied(resolve(medium), parameters, trust, layout, command);
      const operation = operationOf(UPDATE, { ...parameters }, layout);
      if (flags.dryRun) {
        const intended = await dryRun(operation, left);
        if (left === null) rmSync(parameters.copy, { recursive: true });
        return output(command).answer({ phases: intended }, () => intendedTable(intended));
      }
      if (left === null) noteVerified(layout, identity, null);
      const outcome = await running(flags, operation, command, executeOperation, identity);
      tell(outcome, { plan: operation }, command);
    });
}

const COPIES = 'update-';
const copyOf = ({ quarantine }: HostLayout, sha256: string): string =>
  join(quarantine, `${COPIES}${sha256.slice(0, 16)}`);

/** The lists of a medium, by what this host believes. That they were refused is evidence. */
function believedUpdate(at: string, layout: HostLayout) {
  const trust = trustOf({ anchor: layout.anchor, known: layout.settings, counter: '0' });
  try {
    const { trusted, bundle } = genuine(listBundle(at).control, trust);
    return { trusted, bundle: updateOf(bundle), trust };
  } catch (error) {
    noteRefused(layout, error);
    throw error;
  }
}

function updateOf(bundle: BundleManifest): BundleManifest & { updates: UpdateKind } {
  const { updates } = bundle;
  if (updates !== undefined) return { ...bundle, updates };
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    `That is release ${bundle.version}, and no update of what a release works with. As root: sh install.sh --upgrade, from the medium.`,
    { details: [{ field: 'medium', value: bundle.version, constraint: 'an update' }] },
  );
}

/** Copies while it verifies: from here on nobody looks at the medium again. */
async function copied(
  at: string,
  { copy }: UpdateParameters,
  trust: Pick<VerifyOptions, 'anchor' | 'known' | 'at' | 'host'>,
  layout: HostLayout,
  command: Command,
): Promise<void> {
  for (const old of globSync(join(layout.quarantine, `${COPIES}*`))) rmSync(old, { recursive: true });
  const bar = output(command).progress('copied and verified', 100);
  const hashers = hashThreads();
  try {
    const progress = (done: number, total: number) => bar.update(percent(done, total));
    await verifyBundle(at, { ...trust, target: copy, hashers, progress });
  } catch (error) {
    noteRefused(layout, error);
    throw error;
  } finally {
    bar.end();
    await hashers.end();
  }
}

/** The update of this kind that was the last one here, where it is this very one. */
function finishedBefore({ operations }: HostLayout, kind: UpdateKind, sha256: string): OperationState | null {
  const last = allOperations(operations).findLast(
    ({ plan, result }) =>
      plan.kind === UPDATE && result === 'done' && updateParameters(plan.parameters).updates === kind,
  );
  return last !== undefined && updateParameters(last.plan.parameters).manifest_sha256 === sha256 ? last : null;
}
