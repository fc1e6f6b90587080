import { after, before, describe, mock } from 'node:test';
import { openRedisQueue } from '../../appliance/stores/queue/redis.ts';
import { type RedisTenant, redisTenant } from '../support/redis-tenant.ts';
import { stackMissing } from '../support/stack.ts';
import { queueContract } from './queue.suite.ts';

/** Beyond what any lease lasts: a lock with so much left was touched by this test. */
const STILL = 10_000_000;

describe('as a tenant’s user', { skip: stackMissing() ?? false }, () => {
  let tenant: RedisTenant;
  before(async () => {
    tenant = await redisTenant();
  });
  after(() => tenant.end());
  const open = () => openRedisQueue({ address: tenant.address, prefix: `${tenant.prefix}:queue`, leaseMs: 30_000 });

  queueContract('Redis', async () => {
    await tenant.empty();
    // BullMQ goes by the host's time, its locks by the server's: both stand still until the test moves them.
    mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) });
    const left = new Map<string, number>();
    const queue = open();
    return {
      queue,
      another: async () => open(),
      advance: async (ms) => {
        mock.timers.tick(ms);
        for (const key of await tenant.keys()) {
          const lasts = await tenant.admin.pttl(key);
          if (lasts < 0) continue;
          // A lease is whole seconds long, and a test is quicker than one.
          const before = lasts > STILL / 2 ? left.get(key)! : Math.ceil(lasts / 1000) * 1000;
          left.set(key, before - ms);
          await tenant.admin.pexpire(key, before > ms ? STILL : 0);
        }
      },
      end: async () => {
        mock.timers.reset();
        await queue.close();
      },
    };
  });
});
