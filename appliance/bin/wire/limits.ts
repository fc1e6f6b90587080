import type { Config } from '../../config/schema.ts';
import type { LimitsPlace } from '../../control/split-verbs.ts';
import type { Clock } from '../../kernel/clock.ts';
import { codeFrames } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { limitsAtHand } from '../../stores/limits/at-hand.ts';
import { limitsFollowing } from '../../stores/limits/following.ts';
import { bucketLimiter } from '../../stores/limits/in-process.ts';
import { type RateLimiter, unlimited } from '../../stores/limits/port.ts';

/** The limits of the one gateway that embedded mode has. */
export function openLimits(config: Config, clock: Clock): RateLimiter {
  return config.rate_limits === 'on' ? bucketLimiter(clock) : unlimited;
}

/**
 * The limits that all gateways share, counted in Redis at the place that control names; in this process while that is
 * away.
 */
export function openSharedLimits(
  config: Config,
  clock: Clock,
  { place, logger }: { place(): Promise<LimitsPlace | null>; logger: Logger },
): RateLimiter {
  if (config.rate_limits === 'off') return unlimited;
  const shared = limitsFollowing({
    place,
    async open({ prefix, ...address }) {
      const { openRedisLimiter } = await import('../../stores/limits/redis.ts');
      return openRedisLimiter({ address, prefix });
    },
  });
  return limitsAtHand(shared, bucketLimiter(clock), {
    onFailure: (error) => logger.warn('limits are counted in this process alone', codeFrames(error)),
  });
}
