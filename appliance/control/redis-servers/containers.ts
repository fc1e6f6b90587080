import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkTenantId } from '../../kernel/ids.ts';
import type { Engine } from '../engine/engine.ts';
import type { TenantNetworks } from '../networks/port.ts';
import type { RedisServers } from './port.ts';

export interface RedisContainersOptions {
  engine: Engine;
  networks: Pick<TenantNetworks, 'of'>;
  image: string;
  /** Folder on memory in which each server finds its password; the server's user may read its own alone. */
  secrets: string;
  /** The user that the image runs as. */
  uid: number;
}

const PORT = 6379;
const MIB = 1024 * 1024;
const MEMORY = 96 * MIB;

/** Redis servers as containers: nothing on the disk, limits on everything, no name is resolved. */
export function redisContainers({ engine, networks, image, secrets, uid }: RedisContainersOptions): RedisServers {
  const nameOf = (tenantId: string) => `frostbyte-${checkTenantId(tenantId)}-redis`;
  const secretOf = (tenantId: string) => join(secrets, `redis-${checkTenantId(tenantId)}`);

  return {
    async make(tenantId, adminPassword) {
      const network = await networks.of(tenantId);
      mkdirSync(secrets, { recursive: true, mode: 0o711 });
      writeFileSync(secretOf(tenantId), adminPassword, { mode: 0o400 });
      chownSync(secretOf(tenantId), uid, uid);
      if ((await engine.container(nameOf(tenantId))) === null) {
        await engine.createContainer(nameOf(tenantId), {
          Image: image,
          Cmd: ['--maxmemory', '64mb', '--maxmemory-policy', 'noeviction'],
          Labels: { 'frostbyte.plane': 'tenant', 'frostbyte.tenant': tenantId, 'frostbyte.role': 'redis' },
          HostConfig: {
            ...CONFINED,
            Memory: MEMORY,
            MemorySwap: MEMORY,
            NanoCpus: 500_000_000,
            PidsLimit: 64,
            Ulimits: [{ Name: 'nofile', Soft: 4096, Hard: 4096 }],
            NetworkMode: network.name,
            Binds: [`${secretOf(tenantId)}:/run/secrets/redis_password:ro`],
            Tmpfs: {
              '/run/redis': `uid=${uid},gid=${uid},mode=0700,size=1m,noexec,nosuid,nodev`,
              '/data': `uid=${uid},gid=${uid},mode=0700,size=1m,noexec,nosuid,nodev`,
            },
          },
          NetworkingConfig: {
            EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: network.address('redis') } } },
          },
        });
      }
      await engine.start(nameOf(tenantId));
    },
    address: async (tenantId) => ({ host: (await networks.of(tenantId)).address('redis'), port: PORT }),
    start: (tenantId) => engine.start(nameOf(tenantId)),
    stop: (tenantId) => engine.stop(nameOf(tenantId), 0),
    destroy: async (tenantId) => {
      await engine.remove(nameOf(tenantId));
      rmSync(secretOf(tenantId), { force: true });
    },
    isGone: async (tenantId) => (await engine.container(nameOf(tenantId))) === null,
  };
}

/** What every container of a tenant is held to (spec 7, "Images" and "Compose"). */
export const CONFINED = Object.freeze({
  ReadonlyRootfs: true,
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges=true'],
  // Names of others are not resolved: a question to a resolver is a way out.
  Dns: ['127.0.0.1'],
  RestartPolicy: { Name: 'no' },
  LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
});
