import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { type KeepNetworkOptions, keepNetwork } from '../../../../../appliance/bin/wire/stack/keep-network.ts';
import { FrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { silentLogger } from '../../../../support/control/control-fixture.ts';
import { until } from '../../../../support/faults/until.ts';

it('a queue server that died is started again, of tenants that work alone', async (t) => {
  const revived: string[] = [];
  const down = new Set(['works', 'suspended']);
  kept(t, {
    redis: { states: async () => states(down), stop: async () => assert.fail('nobody was stopped meanwhile') },
    works: (tenantId) => tenantId === 'works',
    revive: async (tenantId) => {
      revived.push(tenantId);
      if (revived.length > 1) down.delete(tenantId);
      else throw new FrostbyteError('SERVICE_UNAVAILABLE', 'not yet');
    },
  });
  await until('a second try after one that failed', () => revived.length === 2, { seconds: 20 });
  assert.deepEqual(revived, ['works', 'works']);
});

it('one that was started anew by somebody else learns its user again; one that does not answer is left alone', async (t) => {
  const revived: string[] = [];
  const knows = new Map([
    ['knows', true],
    ['forgot', false],
  ]);
  const asked: string[] = [];
  kept(t, {
    redis: {
      states: async () => new Map(['silent', 'knows', 'forgot'].map((id) => [id, 'running'])),
      stop: async () => assert.fail('nobody was stopped meanwhile'),
    },
    isKnown: async (tenantId) => {
      asked.push(tenantId);
      const known = knows.get(tenantId);
      if (known === undefined) throw new FrostbyteError('STORE_UNAVAILABLE', 'no answer');
      return known;
    },
    revive: async (tenantId) => {
      revived.push(tenantId);
      knows.set(tenantId, true);
    },
  });
  await until('a second look', () => asked.length >= 6, { seconds: 20 });
  assert.deepEqual(revived, ['forgot']);
});

it('one whose tenant is stopped while it is started does not live on', async (t) => {
  let works = true;
  const stopped: string[] = [];
  kept(t, {
    redis: { states: async () => states(['northwind']), stop: async (tenantId) => void stopped.push(tenantId) },
    works: () => works,
    revive: async () => {
      works = false;
    },
  });
  await until('it to be stopped', () => stopped.length > 0, { seconds: 20 });
  assert.deepEqual(stopped, ['northwind']);
});

it('health tells of networks that could not be mended, and of a rule that is not in force, without a name', async (t) => {
  const well = kept(t, {});
  assert.deepEqual(await well.health(), [
    { name: 'networks', ok: true, message: 'as they must be' },
    { name: 'input rule', ok: true, message: 'in force' },
  ]);
  const ill = kept(t, {
    networks: {
      reconcile: () => Promise.reject(new FrostbyteError('SERVICE_UNAVAILABLE', 'The network tenant_northwind …')),
    },
    inputRule: { check: async () => 'the rule is not in force' },
  });
  const health = await until('the trouble', async () => {
    const found = await ill.health();
    return found[0]?.ok === false && found;
  });
  assert.deepEqual(health, [
    { name: 'networks', ok: false, message: 'could not be mended' },
    { name: 'input rule', ok: false, message: 'the rule is not in force' },
  ]);
});

function kept(t: TestContext, changes: Partial<KeepNetworkOptions>) {
  const network = keepNetwork({
    networks: { reconcile: async () => [] },
    redis: { states: async () => new Map(), stop: async () => undefined },
    inputRule: { check: async () => null },
    works: () => true,
    isKnown: async () => true,
    revive: async () => undefined,
    logger: silentLogger,
    ...changes,
  });
  t.after(() => network.stop());
  return network;
}

function states(down: Iterable<string>): Map<string, 'down'> {
  return new Map([...down].map((tenantId) => [tenantId, 'down']));
}
