import { existsSync, readFileSync } from 'node:fs';
import type { HostLayout } from '../../../bundle/host-layout.ts';
import { gatherDisks } from '../../../bundle/preflight/gather/disks.ts';
import { thisHost } from '../../../bundle/preflight/host-port.ts';
import type { Config } from '../../../config/schema.ts';
import { lastCheck } from '../../../control/registry/isolation-reports.ts';
import { openRegistry } from '../../../control/registry/open.ts';
import { tenantsIn } from '../../../control/registry/tenants.ts';
import { liveTokensByRole } from '../../../control/registry/tokens.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { recoveryStatus } from '../../../secrets/recovery.ts';
import { isSealedRoot } from '../../../secrets/sealed-root.ts';
import { storesDiskOrUsual } from '../../stores-disk.ts';
import { installedConfig } from '../installed-config.ts';
import { gatewayUrl } from '../readiness.ts';
import { known } from '../verification/facts.ts';
import type { Verified } from '../verification/verify-installation.ts';
import { type BoundaryStatement, boundaryStatement, type RegistryFacts } from './statement.ts';

/** Makes the statement of this box, from what was just verified and what control's registry and the host say. */
export async function boundaryOf(
  layout: HostLayout,
  { verification, facts, bundle }: Verified,
  now: Date,
): Promise<BoundaryStatement> {
  const config = installedConfig(layout);
  const { stack, data_folder } = config;
  const registry = await known(() => registryFacts(config, now));
  const recovery = await known(async () => (await recoveryStatus(controlPaths(data_folder).recovery)).recipient);
  const disks = gatherDisks(thisHost(), [data_folder, await storesDiskOrUsual(stack), layout.programs]);
  return boundaryStatement({
    ...{ now, verification, facts, bundle, listens: gatewayUrl(config), root: rootState(config) },
    disks: disks.map(({ path, mount, device, encrypted }) => ({ path, mount, device, encrypted })),
    recovery: 'is' in recovery ? recovery.is : null,
    registry: 'is' in registry ? registry.is : null,
  });
}

function rootState({ data_folder }: Config): BoundaryStatement['keys']['root'] {
  const { rootKey } = controlPaths(data_folder);
  try {
    return isSealedRoot(readFileSync(rootKey)) ? 'sealed' : 'in a file of root’s';
  } catch {
    return 'unknown';
  }
}

function registryFacts({ data_folder }: Config, now: Date): RegistryFacts {
  const { registry: file } = controlPaths(data_folder);
  // It would be made.
  if (!existsSync(file)) throw new FrostbyteError('STORE_UNAVAILABLE', `There is no registry at ${file}.`);
  const registry = openRegistry(file, systemClock());
  try {
    const tenants = tenantsIn(registry, ['PENDING', 'PROVISIONING', 'ACTIVE', 'SUSPENDED', 'DEPROVISIONING', 'FAILED']);
    return {
      tenants: tenants.map(({ tenant_id, state, key_version, key_rotated_at }) => ({
        ...{ tenant_id, state, key_version, rotated_at: key_rotated_at },
      })),
      isolation: tenants.map(({ tenant_id }) => {
        const last = lastCheck(registry, tenant_id);
        return { tenant_id, checked_at: last?.checked_at ?? null, passed: last?.overall_pass ?? null };
      }),
      tokens: liveTokensByRole(registry, Math.floor(now.getTime() / 1000)),
    };
  } finally {
    registry.raw.close();
  }
}
