import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { tlsOptions } from '../../appliance/kernel/server-tls.ts';
import { tenantRule } from '../../appliance/stores/queue/redis/user-rule.ts';
import type { RedisAddress } from '../../appliance/stores/redis/connection.ts';
import { testStack } from './stack.ts';

/** A tenant's user on the stack's Redis, exactly as the specification gives it (spec 3, "Redis users"). */
export interface RedisTenant {
  address: RedisAddress;
  /** `tenant:{id}`: begins every key that the user may touch. */
  prefix: string;
  /** Who may do everything. */
  admin: Redis;
  /** Names of all keys under the prefix. */
  keys(): Promise<string[]>;
  /** Forgets all keys of the tenant. */
  empty(): Promise<void>;
  end(): Promise<void>;
}

export function redisTenant(): Promise<RedisTenant> {
  return redisUser('tenant', (prefix) => tenantRule(`${prefix}:`).join(' '));
}

/** Makes a user with a random name and password under a rule for its prefix; `end` deletes it with its keys. */
export async function redisUser(kind: string, rule: (prefix: string) => string): Promise<RedisTenant> {
  const { host, port, password, tls } = testStack()!.redis;
  const admin = new Redis({ host, port, password, ...(tls === undefined ? {} : { tls: tlsOptions(tls) }) });
  const id = `t${randomBytes(8).toString('hex')}`;
  const prefix = `${kind}:${id}`;
  const own = { username: `${kind}_${id}_user`, password: randomBytes(32).toString('hex') };
  await admin.call('ACL', 'SETUSER', own.username, 'reset', 'on', `>${own.password}`, ...rule(prefix).split(' '));
  const keys = async () => {
    const found = new Set<string>();
    for await (const some of admin.scanStream({ match: `${prefix}:*`, count: 1000 }))
      for (const key of some as string[]) found.add(key);
    return [...found].sort();
  };
  const empty = async () => {
    const all = await keys();
    if (all.length > 0) await admin.unlink(...all);
  };
  return {
    address: { host, port, ...own, tls },
    prefix,
    admin,
    keys,
    empty,
    async end() {
      await empty();
      await admin.call('ACL', 'DELUSER', own.username);
      admin.disconnect();
    },
  };
}
