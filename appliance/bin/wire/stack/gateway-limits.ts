import { randomBytes } from 'node:crypto';
import type { LimitsPlace } from '../../../control/split-verbs.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import { limiterRule } from '../../../stores/limits/redis.ts';
import { openRedis, type RedisAddress } from '../../../stores/redis/connection.ts';

/** Of the user that gateways count with, and of its keys. */
const USER = 'frostbyte_gateway';
const PREFIX = 'limits';

/** The user on the core Redis that gateways count with; the server may forget it at any time. */
export interface GatewayLimits {
  /** Makes the user where it is missing, and says how to reach it. Throws `STORE_UNAVAILABLE`. */
  place(): Promise<LimitsPlace>;
  /** Throws `STORE_UNAVAILABLE` unless the server answers. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** `admin` is control's own way to the server. The user's password lives as long as this process. */
export function gatewayLimits(admin: RedisAddress): GatewayLimits {
  const connection = openRedis(admin, { connectTimeoutMs: 1000, commandTimeoutMs: 1000, patienceMs: 500 });
  const password = randomBytes(32).toString('base64url');
  return {
    async place() {
      const rule = ['reset', 'on', `>${password}`, ...limiterRule(PREFIX).split(' ')];
      await connection.call((redis) => redis.call('ACL', 'SETUSER', USER, ...rule));
      return {
        host: admin.host,
        port: admin.port,
        tls: withoutKey(admin.tls),
        username: USER,
        password,
        prefix: PREFIX,
      };
    },
    // A probe: it is sent also while the server is left alone.
    check: async () => void (await connection.call((redis) => redis.ping(), { anyway: true })),
    close: () => connection.close(),
  };
}

/** Gateways know the authority; the certificate that opens doors beside a password is not theirs. */
function withoutKey(tls: ServerTls | undefined): ServerTls | undefined {
  return tls && { ca: tls.ca, servername: tls.servername };
}
