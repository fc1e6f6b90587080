import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { limiterRule, openRedisLimiter } from '../../appliance/stores/limits/redis.ts';
import { type RedisTenant, redisUser } from '../support/redis-tenant.ts';
import { stackMissing } from '../support/stack.ts';
import { limitsContract } from './limits.suite.ts';

describe('as the gateways’ user', { skip: stackMissing() ?? false }, () => {
  let gateways: RedisTenant;
  before(async () => {
    gateways = await redisUser('limits', limiterRule);
  });
  after(() => gateways.end());
  // A gateway does not wait for a connection as long as a busy machine may take to make one.
  const limits = { patienceMs: 10_000, commandTimeoutMs: 10_000 };
  const open = () => openRedisLimiter({ address: gateways.address, prefix: gateways.prefix, ...limits });

  limitsContract('Redis', true, async () => {
    await gateways.empty();
    const limiter = open();
    return {
      limiter,
      another: open,
      // The script goes by the server's time: what is remembered of it moves back instead.
      advance: async (ms) => {
        for (const key of await gateways.keys()) {
          await gateways.admin.hset(key, 'at', Number(await gateways.admin.hget(key, 'at')) - ms * 1000);
        }
      },
      end: () => limiter.close(),
    };
  });

  it('a bucket is forgotten when it is full again', async () => {
    await gateways.empty();
    const limiter = open();
    for (let n = 0; n < 30; n++) await limiter.take('admin', '');
    const left = await gateways.admin.pttl(`${gateways.prefix}:admin`);
    assert.ok(left > 25_000 && left <= 31_000, `${left} ms`);
    await limiter.close();
  });

  it('the gateways’ user can count and nothing else', async () => {
    const own = gateways.admin.duplicate({ ...gateways.address, enableReadyCheck: false });
    for (const command of [
      ['GET', `${gateways.prefix}:admin`],
      ['KEYS', '*'],
      ['INFO'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
    ])
      await assert.rejects(own.call(command[0]!, ...command.slice(1)), /NOPERM/);
    await assert.rejects(own.eval("return redis.call('HSET', 'another', 'a', 1)", 0), /ACL failure|NOPERM|permission/i);
    own.disconnect();
  });
});
