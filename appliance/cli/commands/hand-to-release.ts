import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import type { OperationState } from '../../bundle/operation/state.ts';

/**
 * A plan is known to the release that made it. Where that is another one and its program is on this host, that goes on with
 * the same words, and its exit code is ours. False: this program is the one, or there is no other.
 */
export function handedToRelease({ plan }: OperationState, { releases, quarantine }: HostLayout): boolean {
  if (plan.version === PIPELINE_VERSION) return false;
  // The copy first: a way back may remove the release itself.
  const program = [quarantine, releases]
    .map((folder) => join(folder, plan.version, 'appliance/frostbyte'))
    .find((file) => existsSync(file));
  if (program === undefined) return false;
  const { status } = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' });
  process.exitCode = status ?? 1;
  return true;
}
