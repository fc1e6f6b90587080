import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { operationOf } from '../../bin/host-operations.ts';
import { schemaSteps } from '../../bin/wire/schema-steps.ts';
import { MANIFEST } from '../../bundle/format/checksums.ts';
import { readManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { dryRun } from '../../bundle/operation/dry-run.ts';
import { executeOperation } from '../../bundle/operation/execute.ts';
import { allOperations, unfinishedOperation } from '../../bundle/operation/operations.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import { gatherInstallation } from '../../bundle/preflight/gather/installation.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import {
  filesBefore,
  ROLLBACK,
  type RollbackParameters,
  rollbackParameters,
  upgradeToGoBackFrom,
} from '../../bundle/upgrade/rollback.ts';
import { upgradeParameters } from '../../bundle/upgrade/upgrade.ts';
import { output } from '../context.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { intendedTable } from './intended-table.ts';
import { type ProgressFlag, running, showing, tell } from './plan.ts';

/** `frostbyte rollback`: from a finished upgrade to the release before, in code only. */
export function rollbackCommand(program: Command): void {
  showing(onHost(program.command('rollback')))
    .description('Go back from a finished upgrade to the release before: in code only, all data stay as they are')
    .option('--dry-run', 'print what would be done, and do nothing')
    .addHelpText('after', '\nExample:\n  frostbyte rollback --dry-run\n  frostbyte rollback')
    .action(async (flags: RootFlag & ProgressFlag & { dryRun?: true }, command: Command) => {
      const layout = hostLayout(flags.root);
      const left = unfinishedOperation(layout.operations);
      const operation = operationOf(ROLLBACK, { ...parametersOf(layout, left) }, layout);
      if (flags.dryRun) {
        const intended = await dryRun(operation, left);
        return output(command).answer({ phases: intended }, () => intendedTable(intended));
      }
      tell(await running(flags, operation, command, executeOperation), { plan: operation }, command);
    });
}

function parametersOf(layout: HostLayout, left: OperationState | null): RollbackParameters {
  if (left?.plan.kind === ROLLBACK) return rollbackParameters(left.plan.parameters);
  const current = gatherInstallation(thisHost(), layout).version;
  const upgrade = upgradeToGoBackFrom(allOperations(layout.operations), current, layout, schemaSteps());
  const { version, from } = upgradeParameters(upgrade.plan.parameters);
  const { counter, images } = readManifest(readFileSync(join(layout.releases, from.version, MANIFEST), 'utf8'));
  return {
    version: from.version,
    counter,
    manifest_sha256: from.manifest_sha256,
    image_bytes: images.reduce((sum, { size }) => sum + size, 0),
    from: version,
    files: filesBefore(upgrade),
  };
}
