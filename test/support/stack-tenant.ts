import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { tenantPaths } from '../../appliance/kernel/names.ts';
import { openTenantKeys } from '../../appliance/secrets/keyring.ts';
import type { SecretName } from '../../appliance/secrets/tenant-secrets.ts';

/** A tenant's credentials as its secrets file has them now: what a thief of its data plane would hold. */
export async function credentialsOf(dataFolder: string, tenantId: string): Promise<Record<SecretName, string>> {
  const root = await embeddedRootKey(dataFolder, systemClock());
  const { secrets } = await openTenantKeys(root, tenantPaths(dataFolder, tenantId).secrets);
  return secrets.values as Record<SecretName, string>;
}
