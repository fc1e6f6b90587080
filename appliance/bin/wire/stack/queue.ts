import type { StackStores } from '../../../api/plane/handover.ts';
import type { TenantResource } from '../../../control/provisioning/port.ts';
import type { RedisServers } from '../../../control/redis-servers/port.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { tenantNames } from '../../../kernel/names.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import { tenantRule } from '../../../stores/queue/redis/user-rule.ts';
import { openRedisQueue } from '../../../stores/queue/redis.ts';
import { openRedis, type RedisConnection } from '../../../stores/redis/connection.ts';
import { checkQueue } from '../canaries.ts';

export interface StackQueueOptions {
  servers: RedisServers;
  /** How control and tenants speak to each server; in the clear without it. */
  tls?: ServerTls | undefined;
  /** Control's own password at a tenant's server. */
  adminPasswordOf(tenantId: string): string;
  /** The tenant's own password as its secrets file has it now; null where there is none (any more). */
  passwordOf(tenantId: string): Promise<string | null>;
}

/** A tenant's Redis server, and the one user that works on it (spec 3, row "Redis"). */
export interface StackQueue extends TenantResource {
  /** The kill-switch: the server ends, and every session with it. */
  disable(tenantId: string): Promise<void>;
  /** Whether the server knows the tenant's user; one that was started anew does not. Throws `STORE_UNAVAILABLE`. */
  isKnown(tenantId: string): Promise<boolean>;
  /** A new user with the password that the secrets file has now, on a server that runs. */
  renew(tenantId: string): Promise<void>;
  /** What the tenant's data plane is handed. */
  handedOver(tenantId: string): Promise<StackStores['queue']>;
  close(): Promise<void>;
}

/** How long a server that was just started may take to answer. */
const START_MS = 10_000;
/** How long one that runs may take. */
const LOOK_MS = 500;

export function stackQueue({ servers, tls, adminPasswordOf, passwordOf }: StackQueueOptions): StackQueue {
  const password = async (tenantId: string): Promise<string> => {
    const found = await passwordOf(tenantId);
    if (found !== null) return found;
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no password for its queue.');
  };
  /** BullMQ adds its own colon. */
  const prefixOf = (tenantId: string) => `${tenantNames(tenantId).redisPrefix}queue`;
  const asControl = async <T>(tenantId: string, work: (connection: RedisConnection) => Promise<T>): Promise<T> => {
    const { host, port } = await servers.address(tenantId);
    const connection = openRedis({ host, port, password: adminPasswordOf(tenantId), tls }, { patienceMs: START_MS });
    return work(connection).finally(() => connection.close());
  };
  /** One connection for each tenant, over which it is asked every few seconds whether it still knows its user. */
  const watched = new Map<string, RedisConnection>();
  const watch = async (tenantId: string): Promise<RedisConnection> => {
    const { host, port } = await servers.address(tenantId);
    const connection =
      watched.get(tenantId) ??
      openRedis({ host, port, password: adminPasswordOf(tenantId), tls }, { patienceMs: LOOK_MS });
    watched.set(tenantId, connection);
    return connection;
  };
  const unwatch = async (tenantId: string): Promise<void> => {
    const connection = watched.get(tenantId);
    watched.delete(tenantId);
    await connection?.close();
  };
  const renew = async (tenantId: string): Promise<void> => {
    const { redisPrefix, redisUser } = tenantNames(tenantId);
    const rule = ['reset', 'on', `>${await password(tenantId)}`, ...tenantRule(redisPrefix)];
    // It forgets its users whenever it starts, and may be there no more after a restart of the engine.
    await servers.make(tenantId, adminPasswordOf(tenantId));
    await asControl(tenantId, (connection) =>
      connection.call(async (redis) => {
        // Deleted first: sessions of the old user are ended by that.
        await redis.call('ACL', 'DELUSER', redisUser);
        await redis.call('ACL', 'SETUSER', redisUser, ...rule);
      }),
    );
  };
  const handedOver = async (tenantId: string): Promise<StackStores['queue']> => ({
    ...(await servers.address(tenantId)),
    username: tenantNames(tenantId).redisUser,
    password: await password(tenantId),
    prefix: prefixOf(tenantId),
    tls,
  });

  return {
    make: renew,
    check: async (tenantId) => {
      const { host, port, username, password: secret, prefix } = await handedOver(tenantId);
      await checkQueue(openRedisQueue({ address: { host, port, username, password: secret, tls }, prefix }));
    },
    destroy: async (tenantId) => {
      await unwatch(tenantId);
      await servers.destroy(tenantId);
    },
    isGone: (tenantId) => servers.isGone(tenantId),
    disable: async (tenantId) => {
      await unwatch(tenantId);
      await servers.stop(tenantId);
    },
    isKnown: async (tenantId) =>
      (await watch(tenantId)).call(
        async (redis) => (await redis.call('ACL', 'GETUSER', tenantNames(tenantId).redisUser)) !== null,
        // Whoever asks is to see at once that it is there again.
        { anyway: true },
      ),
    renew,
    handedOver,
    close: async () => {
      for (const tenantId of [...watched.keys()]) await unwatch(tenantId);
    },
  };
}
