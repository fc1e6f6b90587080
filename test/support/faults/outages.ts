import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Appliance } from '../appliance.ts';
import { docker } from '../docker.ts';
import { testStack } from '../stack.ts';
import { redisAsControl, redisContainer } from '../stack-tenant.ts';
import type { Random } from './random.ts';

/** What becomes of a server that a tenant depends on. Each leaves it running, or control to start it. */
export const OUTAGES = [
  'database restarted',
  'object store restarted',
  'queue restarted',
  'queue flushed',
  'queue killed',
  'vector index restarted',
  'vector index hangs',
  'limits restarted',
  'scanner restarted',
] as const;
export type Outage = (typeof OUTAGES)[number];

const CONTAINERS = Object.freeze({
  'database restarted': 'frostbyte-postgres-1',
  'object store restarted': 'frostbyte-objects-1',
  'scanner restarted': 'frostbyte-clamav-1',
  // What gateways count requests in: it forgets them, and the user that they count with.
  'limits restarted': 'frostbyte-redis-1',
});
/** Longer than any client's patience with a broken connection, in milliseconds. */
const LONGEST_AWAY_MS = 3000;

/** Has one happen; on return it is over, though the server may not answer yet. */
export async function strikeServer(
  { dataFolder, stack }: Pick<Appliance, 'dataFolder' | 'stack'>,
  tenantId: string,
  outage: Outage,
  random: Random,
): Promise<void> {
  const engine = testStack()!;
  switch (outage) {
    case 'queue flushed': {
      const redis = new Redis({ ...(await redisAsControl(dataFolder, tenantId)), enableReadyCheck: false });
      try {
        await redis.flushall();
      } finally {
        redis.disconnect();
      }
      return;
    }
    case 'queue restarted':
      return void docker(engine, 'restart', '--time=5', redisContainer(tenantId));
    case 'queue killed':
      // Control starts it again.
      return void docker(engine, 'kill', redisContainer(tenantId));
    case 'vector index restarted': {
      if (stack!.qdrant.kind === 'real') {
        await stack!.qdrantLine.cut();
        await wait(random.whole(100, LONGEST_AWAY_MS));
        return stack!.qdrantLine.mend();
      }
      const force = random.next() < 0.5;
      return stack!.qdrant.restart({ force, awayMs: force ? random.whole(0, LONGEST_AWAY_MS) : 0 });
    }
    case 'vector index hangs': {
      // It keeps what it was sent meanwhile, and answers late.
      stack!.qdrant.hang();
      await wait(random.whole(100, LONGEST_AWAY_MS));
      return stack!.qdrant.goOn();
    }
    default: {
      const container = CONTAINERS[outage];
      if (random.next() < 0.5) return void docker(engine, 'restart', '--time=5', container);
      docker(engine, 'kill', container);
      await wait(random.whole(0, LONGEST_AWAY_MS));
      docker(engine, 'start', container);
    }
  }
}
