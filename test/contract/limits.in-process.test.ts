import { bucketLimiter } from '../../appliance/stores/limits/in-process.ts';
import { manualClock } from '../support/manual-clock.ts';
import { limitsContract } from './limits.suite.ts';

limitsContract('in process', false, async () => {
  const clock = manualClock();
  const limiter = bucketLimiter(clock);
  return { limiter, advance: clock.advance, end: () => limiter.close() };
});
