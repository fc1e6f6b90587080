import { after, before, describe, mock } from 'node:test';
import { openRedisQueue } from '../../appliance/stores/queue/redis.ts';
import { type RedisTenant, redisTenant } from '../support/redis-tenant.ts';
import { stackMissing } from '../support/stack.ts';
import { queueContract } from './queue.suite.ts';

describe('as a tenant’s user', { skip: stackMissing() }, () => {
  let tenant: RedisTenant;
  before(async () => {
    tenant = await redisTenant();
  });
  after(() => tenant.end());
  const open = () => openRedisQueue({ address: tenant.address, prefix: `${tenant.prefix}:queue`, leaseMs: 30_000 });

  queueContract('Redis', async () => {
    await tenant.empty();
    mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) });
    const queue = open();
    return {
      queue,
      another: async () => open(),
      // BullMQ goes by the host's time, its locks by the server's: both move.
      advance: async (ms) => {
        mock.timers.tick(ms);
        for (const key of await tenant.keys()) {
          const left = await tenant.admin.pttl(key);
          if (left > 0) await tenant.admin.pexpire(key, Math.max(0, left - ms));
        }
      },
      end: async () => {
        mock.timers.reset();
        await queue.close();
      },
    };
  });
});
