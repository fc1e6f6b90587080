import { openRedis, type RedisAddress, type RedisLimits } from '../redis/connection.ts';
import { run, script } from '../redis/script.ts';
import { bucketOf, type LimitClass, PER_MINUTE, type RateLimiter, ROUNDING } from './port.ts';

export interface RedisLimiterOptions extends RedisLimits {
  address: RedisAddress;
  /** Begins every key. */
  prefix: string;
  perMinute?: Record<LimitClass, number>;
}

/**
 * Fills the bucket up to now by the server's own time, so that the gateways' clocks do not matter, and takes a token.
 * Answers 0, or the seconds to wait. A bucket that will be full again is forgotten then. Time that was set back refills
 * nothing until it goes on.
 * KEYS: bucket. ARGV: capacity a minute, what a whole token may be short of.
 */
const TAKE = script(
  'take',
  `local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local capacity = tonumber(ARGV[1])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = capacity
if bucket[1] then
  local passed = math.max(0, now - tonumber(bucket[2]))
  tokens = math.min(capacity, tonumber(bucket[1]) + passed / 60000000 * capacity)
end
local wait = 0
if tokens < 1 - tonumber(ARGV[2]) then
  wait = math.max(1, math.ceil((1 - tokens) / capacity * 60))
else
  tokens = math.max(0, tokens - 1)
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens) / capacity * 60000) + 1000)
return wait`,
);

/** The rule of the user that gateways count with: these commands on these keys, and nothing else. */
export function limiterRule(prefix: string): string {
  return (
    `resetkeys ~${prefix}:* resetchannels -@all +eval +evalsha +time +hmget +hset +pexpire +ping +hello +auth ` +
    '+client|setinfo'
  );
}

/**
 * The limits that all gateways share, each decision one script in Redis. It gives up soon by default: whoever asks has a
 * request waiting. Throws `STORE_UNAVAILABLE` where Redis does not answer; `limitsAtHand` then goes on without it.
 */
export function openRedisLimiter(options: RedisLimiterOptions): RateLimiter {
  const { address, prefix, perMinute = PER_MINUTE, ...limits } = options;
  const connection = openRedis(address, { commandTimeoutMs: 1000, patienceMs: 100, ...limits });
  return {
    take: (limit, tenantId) =>
      connection.call(async (redis) => {
        const key = `${prefix}:${bucketOf(limit, tenantId)}`;
        const wait = (await run(redis, TAKE, [key], [perMinute[limit], ROUNDING])) as number;
        return wait === 0 ? null : wait;
      }),
    check: () => connection.call(async (redis) => void (await redis.ping()), { anyway: true }),
    close: () => connection.close(),
  };
}
