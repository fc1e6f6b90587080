import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { type StackQueue, stackQueue } from '../../appliance/bin/wire/stack/queue.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { until } from '../support/faults/until.ts';
import { type Line, lineTo } from '../support/line.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/** Whether a tenant's queue server knows its user is asked every two seconds, for as long as control runs. */

describe('what a queue server knows', { skip: stackMissing() ?? false }, () => {
  const tenant = `known${randomBytes(4).toString('hex')}`;
  const user = tenantNames(tenant).redisUser;
  let line: Line;
  let admin: Redis;
  let queue: StackQueue;
  before(async () => {
    const { host, port, password } = testStack()!.redis;
    admin = new Redis({ host, port, password });
    line = await lineTo({ host, port });
    const at = { host: line.host, port: line.port };
    queue = stackQueue({
      servers: {
        ...{
          make: async () => undefined,
          address: async () => at,
          states: async () => new Map(),
          isGone: async () => false,
        },
        ...{ start: async () => undefined, stop: async () => undefined, destroy: async () => undefined },
      },
      adminPasswordOf: () => password,
      passwordOf: async () => null,
    });
  });
  after(async () => {
    await queue?.close();
    await admin?.call('ACL', 'DELUSER', user);
    admin?.disconnect();
    await line?.close();
  });

  it('is asked over one connection, which comes back with the server and goes with the tenant', async () => {
    assert.equal(await queue.isKnown(tenant), false);
    await admin.call('ACL', 'SETUSER', user, 'on');
    for (let n = 0; n < 20; n++) assert.equal(await queue.isKnown(tenant), true);
    assert.equal(line.connections(), 1);

    await line.cut();
    for (let n = 0; n < 3; n++) await assert.rejects(queue.isKnown(tenant), { code: 'STORE_UNAVAILABLE' });
    await line.mend();
    await until('the server to be seen again', () => queue.isKnown(tenant).catch(() => false));
    const made = line.connections();
    await queue.isKnown(tenant);
    assert.equal(line.connections(), made);

    const asking = async () => ((await admin.call('CLIENT', 'LIST')) as string).includes('cmd=acl|getuser');
    assert.ok(await asking());
    await queue.disable(tenant);
    await until('the connection to end', async () => !(await asking()));
  });
});
