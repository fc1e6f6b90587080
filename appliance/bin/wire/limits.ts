import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../kernel/clock.ts';
import { bucketLimiter } from '../../stores/limits/in-process.ts';
import { type RateLimiter, unlimited } from '../../stores/limits/port.ts';

/** The limits of the one gateway that embedded mode has. */
export function openLimits(config: Config, clock: Clock): RateLimiter {
  return config.rate_limits === 'on' ? bucketLimiter(clock) : unlimited;
}
