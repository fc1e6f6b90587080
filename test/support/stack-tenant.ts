import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { derivedPassword } from '../../appliance/bin/wire/stack/derived-password.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { openTenantKeys } from '../../appliance/secrets/keyring.ts';
import type { SecretName } from '../../appliance/secrets/tenant-secrets.ts';
import type { RedisAddress } from '../../appliance/stores/redis/connection.ts';
import { docker } from './docker.ts';
import { testStack } from './stack.ts';

/** A tenant's credentials as its secrets file has them now: what a thief of its data plane would hold. */
export async function credentialsOf(dataFolder: string, tenantId: string): Promise<Record<SecretName, string>> {
  const root = await embeddedRootKey(dataFolder, systemClock());
  const { secrets } = await openTenantKeys(root, tenantPaths(dataFolder, tenantId).secrets);
  return secrets.values as Record<SecretName, string>;
}

/** A tenant's Redis server, as control itself comes to it. */
export async function redisAsControl(dataFolder: string, tenantId: string): Promise<RedisAddress> {
  const root = await embeddedRootKey(dataFolder, systemClock());
  const host = docker(
    testStack()!,
    ...['inspect', redisContainer(tenantId), '--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'],
  );
  const password = derivedPassword(root, `redis of ${tenantNames(tenantId).redisUser}`);
  return { host, port: 6379, password, tls: testStack()!.redis.tls };
}

export function redisContainer(tenantId: string): string {
  return `frostbyte-${tenantId}-redis`;
}
