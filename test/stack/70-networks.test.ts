import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SERVER_NAMES } from '../../appliance/bin/wire/stack/certificates.ts';
import { type Engine, openEngine } from '../../appliance/control/engine/engine.ts';
import { networkNumbers } from '../../appliance/control/networks/numbers.ts';
import type { TenantNetworks } from '../../appliance/control/networks/port.ts';
import { tenantNetworks } from '../../appliance/control/networks/tenant-networks.ts';
import { redisContainers } from '../../appliance/control/redis-servers/containers.ts';
import type { RedisServers } from '../../appliance/control/redis-servers/port.ts';
import { openRegistry, type Registry } from '../../appliance/control/registry/open.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { testAuthority } from '../support/certificate.ts';
import { until } from '../support/faults/until.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type OwnEngine, ownEngine } from '../support/own-engine.ts';
import { stackMissing } from '../support/stack.ts';

const STORES = ['frostbyte-postgres-1', 'frostbyte-objects-1'] as const;

describe('networks of tenants on an engine', { skip: stackMissing() ?? false }, () => {
  let own: OwnEngine;
  let engine: Engine;
  let registry: Registry;
  let networks: TenantNetworks;
  let redis: RedisServers;
  let image: string;
  const password = randomBytes(32).toString('base64url');

  before(async () => {
    own = await ownEngine('networks', { core: true });
    engine = openEngine(own.socket);
    registry = openRegistry(join(own.memory, 'registry.sqlite'), manualClock());
    image = (await own.load('redis'))[0]!;
    networks = tenantNetworks({
      engine,
      subnet: '172.28',
      numbers: networkNumbers(() => registry),
      shared: { postgres: STORES[0], objects: STORES[1] },
    });
    redis = redisContainers({ engine, networks, image, secrets: join(own.memory, 'secrets') });
  });
  after(async () => {
    registry?.raw.close();
    await own?.end();
  });

  const startTimes = () =>
    own
      .docker('inspect', '--format={{.Name}} {{.State.StartedAt}}', ...own.docker('ps', '--quiet').split('\n'))
      .split('\n')
      .sort();
  const addressesIn = async (tenantId: string) => {
    const { name } = await networks.of(tenantId);
    return Object.fromEntries((await engine.network(name))?.attached ?? []);
  };
  const asRedis = (host: string, secret: string, ...args: string[]) =>
    own.onHost('env', `REDISCLI_AUTH=${secret}`, 'timeout', '3', 'redis-cli', '-h', host, ...args).stdout.trim();
  const answers = (host: string) =>
    until(`an answer of ${host}`, () => asRedis(host, password, 'ping') === 'PONG', { seconds: 30, everyMs: 100 });
  const expected = (number: number, tenantId: string) => ({
    [STORES[0]]: `172.28.${number}.10`,
    [STORES[1]]: `172.28.${number}.11`,
    [`frostbyte-${tenantId}-redis`]: `172.28.${number}.21`,
  });

  it('making two tenants’ restarts nothing that runs, and gives each the lowest free number and the stores', async () => {
    const stores = startTimes();
    for (const tenantId of ['northwind', 'contoso']) {
      await networks.make(tenantId);
      await networks.check(tenantId);
      await redis.make(tenantId, password);
      await answers((await redis.address(tenantId)).host);
    }
    assert.deepEqual(
      startTimes().filter((line) => !line.includes('-redis ') || line.includes('frostbyte-redis-1')),
      stores,
    );
    assert.equal(stores.length, 5);
    assert.deepEqual(await addressesIn('northwind'), expected(1, 'northwind'));
    assert.deepEqual(await addressesIn('contoso'), expected(2, 'contoso'));
    const { internal, subnet, bridge } = (await engine.network((await networks.of('contoso')).name))!;
    assert.deepEqual({ internal, subnet, bridge }, { internal: true, subnet: '172.28.2.0/24', bridge: 'frost2' });
  });

  it('made again, or reconciled, nothing is changed where all is right', async () => {
    const before = startTimes();
    await networks.make('northwind');
    await redis.make('northwind', password);
    assert.deepEqual(await networks.reconcile(), []);
    assert.deepEqual(startTimes(), before);
  });

  it('a store that was made anew is attached again', async () => {
    own.coreUp('--force-recreate', '--no-deps', 'objects');
    await assert.rejects(networks.check('contoso'), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
    assert.deepEqual(
      await networks.reconcile(),
      ['northwind', 'contoso'].map((id) => `${STORES[1]} attached to frostbyte_tenant_${id}`),
    );
    assert.deepEqual(await addressesIn('northwind'), expected(1, 'northwind'));
    await networks.check('contoso');
  });

  const down = async () =>
    [...(await redis.states())].flatMap(([tenantId, state]) => (state === 'down' ? [tenantId] : [])).sort();

  it('a stranger is taken off, also from a store’s address, and the store is put there', async () => {
    const { name } = await networks.of('northwind');
    own.docker('network', 'disconnect', name, STORES[0]);
    own.docker('network', 'connect', '--ip=172.28.1.10', name, 'frostbyte-scanner-1');
    own.docker('network', 'connect', '--ip=172.28.1.20', name, 'frostbyte-contoso-redis');
    assert.deepEqual((await networks.reconcile()).sort(), [
      `frostbyte-contoso-redis taken off ${name}`,
      `${STORES[0]} attached to ${name}`,
      `frostbyte-scanner-1 taken off ${name}`,
    ]);
    assert.deepEqual(await addressesIn('northwind'), expected(1, 'northwind'));
    assert.deepEqual(await networks.reconcile(), []);
  });

  it('a network that vanished is made again, and its server with it', async () => {
    const { name } = await networks.of('contoso');
    for (const container of Object.keys(await addressesIn('contoso')))
      own.docker('network', 'disconnect', name, container);
    own.docker('network', 'rm', name);
    assert.deepEqual(await networks.reconcile(), [
      `network ${name} made`,
      ...STORES.map((store) => `${store} attached to ${name}`),
    ]);
    await redis.make('contoso', password);
    await answers('172.28.2.21');
    assert.deepEqual(await addressesIn('contoso'), expected(2, 'contoso'));
  });

  it('a network that is not as it must be is made anew; one that is not ours stays, and is named', async () => {
    const { name } = await networks.of('contoso');
    for (const container of Object.keys(await addressesIn('contoso')))
      own.docker('network', 'disconnect', name, container);
    own.docker('network', 'rm', name);
    const open = ['network', 'create', '--subnet=172.28.2.0/24'];
    own.docker(...open, name);
    await assert.rejects(networks.reconcile(), /that is not ours/);
    assert.equal((await engine.network(name))?.internal, false, 'it was left as it was');
    own.docker('network', 'rm', name);
    own.docker(...open, '--label=frostbyte.plane=tenant', '--label=frostbyte.tenant=contoso', name);
    await networks.reconcile();
    assert.equal((await engine.network(name))?.internal, true);
    await redis.make('contoso', password);
    assert.deepEqual(await addressesIn('contoso'), expected(2, 'contoso'));
  });

  it('after the engine was restarted, all is as it was, once the servers are started', async () => {
    await own.restart();
    assert.deepEqual(await down(), ['contoso', 'northwind']);
    await networks.reconcile();
    for (const tenantId of ['northwind', 'contoso']) {
      await redis.start(tenantId);
      await networks.check(tenantId);
    }
    await answers('172.28.1.21');
    assert.deepEqual(await down(), []);
    assert.deepEqual(await addressesIn('northwind'), expected(1, 'northwind'));
    assert.deepEqual(await addressesIn('contoso'), expected(2, 'contoso'));
    assert.deepEqual(await networks.reconcile(), []);
  });

  it('a tenant’s server keeps what it knows to itself', async () => {
    assert.match(asRedis('172.28.1.21', '', 'ping'), /NOAUTH/);
    assert.match(asRedis('172.28.1.21', 'wrong', 'ping'), /WRONGPASS|NOAUTH/);
    assert.match(asRedis('172.28.1.21', password, 'config', 'get', 'maxmemory-policy'), /noeviction/);
    const shown = own.docker('inspect', 'frostbyte-northwind-redis') + own.docker('logs', 'frostbyte-northwind-redis');
    assert.ok(!shown.includes(password));
    const { HostConfig } = (
      JSON.parse(own.docker('inspect', 'frostbyte-northwind-redis')) as [{ HostConfig: object }]
    )[0];
    const { ReadonlyRootfs, CapDrop, SecurityOpt, Memory, MemorySwap, PidsLimit, NanoCpus, Dns, RestartPolicy } =
      HostConfig as Record<string, unknown>;
    assert.deepEqual(
      { ReadonlyRootfs, CapDrop, SecurityOpt, Memory, MemorySwap, PidsLimit, NanoCpus, Dns, RestartPolicy },
      {
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges=true'],
        Memory: 128 << 20,
        MemorySwap: 128 << 20,
        PidsLimit: 64,
        NanoCpus: 5e8,
        Dns: ['127.0.0.1'],
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      },
    );
  });

  it('with another password the server is started anew, and the old one opens nothing', async () => {
    const other = randomBytes(32).toString('base64url');
    await redis.make('contoso', other);
    await until('the new password', () => asRedis('172.28.2.21', other, 'ping') === 'PONG', {
      seconds: 30,
      everyMs: 100,
    });
    assert.match(asRedis('172.28.2.21', password, 'ping'), /WRONGPASS|NOAUTH/);
  });

  it('given certificates it is started anew and speaks TLS alone, to who shows one; without them again, in the clear', async () => {
    const [authority, clients] = [testAuthority(), testAuthority()];
    const [server, client] = [authority.issue([`DNS:${SERVER_NAMES.redis}`]), clients.issue(['DNS:client'])];
    const at = (certificates: Record<string, string>) =>
      redisContainers({ engine, networks, image, secrets: join(own.memory, 'secrets'), certificates });
    const files = { ca: authority.ca, cert: client.cert, key: client.key };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(own.memory, name), text, { mode: 0o600 });
    const host = (await networks.of('northwind')).address('redis');
    const secure = ['--tls', '--sni', SERVER_NAMES.redis, '--cacert', join(own.memory, 'ca')];
    const shown = ['--cert', join(own.memory, 'cert'), '--key', join(own.memory, 'key')];
    const ping = (...how: string[]) => asRedis(host, password, ...how, 'ping');
    const patience = { seconds: 30, everyMs: 100 };

    const shows = { redis_certificate: server.cert, redis_key: server.key };
    await at(shows).make('northwind', password);
    await until('an answer over TLS', () => ping(...secure) === 'PONG', patience);
    assert.equal(ping(), '', 'in the clear');
    const started = startTimes();
    await at(shows).make('northwind', password);
    assert.deepEqual(startTimes(), started, 'nothing has changed');

    await at({ ...shows, clients_authority: clients.ca }).make('northwind', password);
    await until('an answer to who shows a certificate', () => ping(...secure, ...shown) === 'PONG', patience);
    assert.equal(ping(...secure), '', 'without a certificate');
    // The engine makes it seldom.
    assert.equal(own.docker('exec', 'frostbyte-northwind-redis', '/usr/local/bin/redis-health'), '', 'its own check');

    await redis.make('northwind', password);
    await answers(host);
  });

  it('stopped, a server takes no connection until it is started', async () => {
    await redis.stop('contoso');
    await redis.stop('contoso');
    assert.deepEqual(await down(), ['contoso']);
    assert.equal(asRedis('172.28.2.21', password, 'ping'), '');
    await networks.check('contoso');
  });

  it('broken off at any request, before it or after, it ends the same when it is repeated', async () => {
    const options = {
      subnet: '172.28',
      numbers: networkNumbers(() => registry),
      shared: { postgres: STORES[0], objects: STORES[1] },
    };
    for (const effect of ['before', 'after'] as const) {
      let isWhole = false;
      for (let at = 1; !isWhole; at++) {
        const breaking = tenantNetworks({ ...options, engine: breakingOff(engine, at, effect) });
        isWhole = await breaking.make('fabrikam').then(
          () => true,
          () => false,
        );
        await networks.make('fabrikam');
        await networks.check('fabrikam');
        assert.deepEqual(await addressesIn('fabrikam'), { [STORES[0]]: '172.28.3.10', [STORES[1]]: '172.28.3.11' });
        const going = tenantNetworks({ ...options, engine: breakingOff(engine, at, effect) });
        await going.destroy('fabrikam').catch(() => undefined);
        await networks.destroy('fabrikam');
        assert.equal(await networks.isGone('fabrikam'), true);
        assert.equal(await engine.network('frostbyte_tenant_fabrikam'), null);
      }
    }
    assert.deepEqual(await networks.reconcile(), []);
  });

  it('destroyed, nothing is left, the number is free, and the next tenant takes it', async () => {
    for (const _twice of [1, 2]) {
      await redis.destroy('northwind');
      await networks.destroy('northwind');
      assert.ok((await redis.isGone('northwind')) && (await networks.isGone('northwind')));
    }
    await assert.rejects(networks.of('northwind'), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
    assert.deepEqual(own.docker('network', 'ls', '--filter=label=frostbyte.tenant', '--format={{.Name}}').split('\n'), [
      'frostbyte_tenant_contoso',
    ]);
    await networks.make('fabrikam');
    assert.equal((await networks.of('fabrikam')).cidr, '172.28.1.0/24');
    assert.equal((await networks.of('contoso')).cidr, '172.28.2.0/24');
  });

  it('a network of a tenant that the registry does not know has no store in it any more', async () => {
    networkNumbers(() => registry).giveBack('fabrikam');
    networkNumbers(() => registry).giveBack('contoso');
    own.docker('start', 'frostbyte-contoso-redis');
    assert.deepEqual(
      (await networks.reconcile()).sort(),
      [
        `${STORES[1]} taken off frostbyte_tenant_contoso`,
        `${STORES[1]} taken off frostbyte_tenant_fabrikam`,
        `${STORES[0]} taken off frostbyte_tenant_contoso`,
        `${STORES[0]} taken off frostbyte_tenant_fabrikam`,
        'network frostbyte_tenant_fabrikam of no known tenant removed',
      ].sort(),
    );
    assert.deepEqual(
      [...(await engine.network('frostbyte_tenant_contoso'))!.attached.keys()],
      ['frostbyte-contoso-redis'],
    );
  });
});

/** The engine, which breaks off at its n-th request: before it is sent, or before its answer is there. */
function breakingOff(engine: Engine, at: number, effect: 'before' | 'after'): Engine {
  let requests = 0;
  return new Proxy(engine, {
    get:
      (target, verb: keyof Engine) =>
      async (...args: never[]) => {
        const breaks = ++requests === at;
        if (breaks && effect === 'before') throw new Error('broken off');
        const answer = await (target[verb] as (...all: never[]) => Promise<unknown>)(...args);
        if (breaks) throw new Error('broken off');
        return answer;
      },
  });
}
