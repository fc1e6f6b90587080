import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import { settled } from '../../appliance/cli/settled.ts';
import { element, send } from '../../appliance/isolation/objects/signed-call.ts';
import { assumeRole } from '../../appliance/isolation/objects/thefts.ts';
import { tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { MinioAdmin } from '../../appliance/stores/object/minio/admin.ts';
import { anotherGateway } from '../support/another-gateway.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { lastLetIn } from '../support/last-let-in.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';
import { credentialsOf } from '../support/stack-tenant.ts';

/** The kill-switch and the deletion of a tenant over all servers (spec 3): what is ended stays ended, nothing is lost. */

const names = tenantNames('acme');
const SEARCH = { method: 'POST', body: JSON.stringify({ query_text: 'herring' }) };

describe('the kill-switch over the stores', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let appliance: Appliance;
  let admin: Awaited<ReturnType<Appliance['admin']>>;
  const batch = makeBatch('acme', [
    text('one.txt', 'SOP\n\nThe herring stays.'),
    text('two.txt', 'SOP\n\nAnd the rye.'),
  ]);
  before(async () => {
    appliance = await startAppliance({ arrangement: 'stack', environment: { FROSTBYTE_DRAIN_SECONDS: '1' } });
    await appliance.createTenant('acme', { classification_review_enabled: false });
    await appliance.createTenant('globex');
    admin = await appliance.admin();
    const dana = await appliance.client('acme');
    await dana.upload('/ingest/acme/batch', batch.form, {});
    await whenSettled(dana, 'acme', batch.manifest.batch_id);
  });
  after(() => appliance?.end());

  const suspend = () =>
    admin.send('POST', '/admin/tenants/acme/suspend', { reason: 'incident 7', notify_tenant: false });
  const resume = () => admin.send('POST', '/admin/tenants/acme/resume', { reason: 'over' });
  const ended = () =>
    until('the end of the credentials', () => {
      const folder = join(appliance.dataFolder, 'control', 'ended');
      return existsSync(join(folder, 'acme')) && lives().then((all) => all.length === 0);
    });
  /** Both documents are there and found. */
  const isWhole = async () => {
    const dana = await appliance.client('acme');
    const asked = () => dana.get<BatchStatus>(`/ingest/acme/batch/${batch.manifest.batch_id}`).catch(() => null);
    // On a busy box its data plane takes longer to start than a request waits for it.
    const { data } = await until('its data plane', asked, { seconds: 90 });
    assert.deepEqual(
      data.files.map(({ state }) => state),
      ['indexed', 'indexed'],
    );
    const { data: proof } = await dana.send<{ chunks: { text: string }[] }>('POST', '/query/acme/search', {
      query_text: 'herring',
    });
    assert.match(proof.chunks[0]?.text ?? '', /herring/);
  };

  let held: Awaited<ReturnType<typeof credentialsOf>>;
  let redisAt: { host: string; port: number };
  /** What of the held credentials still opens something. */
  async function lives(): Promise<string[]> {
    const { postgres, objects } = testStack()!;
    const open = async (name: string, work: () => Promise<boolean>) =>
      (await work().catch(() => false)) ? [name] : [];
    return (
      await Promise.all([
        open('database', async () => {
          const client = new Client({
            host: postgres.host,
            port: postgres.port,
            database: names.database,
            user: names.role,
            password: held.postgres_password,
            connectionTimeoutMillis: 1000,
          });
          client.on('error', () => undefined);
          await client.connect();
          await client.end();
          return true;
        }),
        open('objects', async () => {
          const user = { accessKey: held.minio_access_key, secretKey: held.minio_secret_key };
          return (await send(objects, user, { method: 'GET', path: `/${names.bucket}?list-type=2` })).status === 200;
        }),
        open('vectors', async () => {
          const url = `${appliance.stack!.qdrant.url}/collections/${names.collection}`;
          return (await fetch(url, { headers: { 'api-key': held.qdrant_token } })).status === 200;
        }),
        open('queue', async () => {
          const redis = new Redis({
            ...redisAt,
            username: names.redisUser,
            password: held.redis_password,
            lazyConnect: true,
            enableReadyCheck: false,
            connectTimeout: 1000,
            retryStrategy: () => null,
            maxRetriesPerRequest: 0,
          });
          redis.on('error', () => undefined);
          try {
            await redis.connect();
            return (await redis.ping()) === 'PONG';
          } finally {
            redis.disconnect();
          }
        }),
      ])
    ).flat();
  }
  const take = async () => {
    held = await credentialsOf(appliance.dataFolder, 'acme');
    const inspected = docker(
      testStack()!,
      ...['inspect', 'frostbyte-acme-redis', '--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'],
    );
    redisAt = { host: inspected, port: 6379 };
  };

  it('lets the last request in at most a second after the call, through two gateways, eight clients at full speed', async (t) => {
    const { url: second } = await anotherGateway(t, appliance);
    const { ms, count, refused } = await lastLetIn(appliance, 'acme', second, {
      path: '/ingest/acme/batches?limit=1',
      first: 100,
    });
    t.diagnostic(`the last of ${count} began ${Math.round(ms)} ms after the call`);
    assert.ok(ms < 1000, `${ms} ms`);
    assert.equal(refused.size, 2, 'both refuse then');
    await resume();
    await isWhole();
  });

  it('ends what is open and what was minted, in every store; resume makes new users, and the old stay dead', async () => {
    await take();
    assert.deepEqual((await lives()).sort(), ['database', 'objects', 'queue', 'vectors']);
    const { postgres, objects } = testStack()!;
    const session = new Client({
      ...{ host: postgres.host, port: postgres.port, database: names.database },
      ...{ user: names.role, password: held.postgres_password },
    });
    const broken = new Promise((resolve) => session.once('end', resolve));
    session.on('error', () => undefined);
    await session.connect();
    const answer = await send(
      objects,
      { accessKey: held.minio_access_key, secretKey: held.minio_secret_key },
      assumeRole(),
    );
    const minted = {
      accessKey: element(answer.body, 'AccessKeyId'),
      secretKey: element(answer.body, 'SecretAccessKey'),
    };
    const mintedLives = async () => {
      const call = { method: 'GET', path: `/${names.bucket}?list-type=2`, token: element(answer.body, 'SessionToken') };
      return (await send(objects, minted, call)).status === 200;
    };
    assert.equal(await mintedLives(), true);

    await suspend();
    await broken;
    await ended();
    assert.equal(await mintedLives(), false);
    const old = held;
    await resume();
    await isWhole();
    await take();
    assert.notEqual(held.minio_access_key, old.minio_access_key);
    assert.deepEqual((await lives()).sort(), ['database', 'objects', 'queue', 'vectors']);
    held = old;
    assert.deepEqual(await lives(), []);
    assert.equal(await mintedLives(), false);
  });

  it('stops a tenant as fast while the database is down and the Redis hangs that gateways count in, and ends the rest when they are back', async (t) => {
    const stack = testStack()!;
    // The first counts nothing, this one in Redis: it is to have asked there before that hangs.
    const { url: second } = await anotherGateway(t, appliance, { FROSTBYTE_RATE_LIMITS: 'on' });
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    const limits = new Redis({ host: stack.redis.host, port: stack.redis.port, password: stack.redis.password });
    t.after(() => limits.disconnect());
    await until('its first count', async () => {
      await fetch(`${second}/api/v1/query/acme/search`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      return (await limits.exists('limits:query:acme')) === 1;
    });
    await take();
    docker(stack, 'pause', 'frostbyte-redis-1');
    docker(stack, 'stop', '--time=1', 'frostbyte-postgres-1');
    try {
      const { ms, count, refused } = await lastLetIn(appliance, 'acme', second, {
        path: '/query/acme/search',
        init: SEARCH,
        first: 20,
      });
      t.diagnostic(`the last of ${count} began ${Math.round(ms)} ms after the call`);
      assert.ok(ms < 1000, `${ms} ms`);
      assert.equal(refused.size, 2, 'both refuse then');
    } finally {
      docker(stack, 'unpause', 'frostbyte-redis-1');
      docker(stack, 'start', 'frostbyte-postgres-1');
    }
    await ended();
    await resume();
    await isWhole();
  });

  it('stops a tenant as fast while its own Redis hangs, and ends sessions that are open there once it answers', async (t) => {
    const { url: second } = await anotherGateway(t, appliance);
    await take();
    const stack = testStack()!;
    const login = { ...redisAt, username: names.redisUser, password: held.redis_password };
    const sessions = [0, 1].map(() => new Redis({ ...login, enableReadyCheck: false, retryStrategy: () => null }));
    t.after(() => sessions.forEach((each) => void each.disconnect()));
    const ends = sessions.map((each) => new Promise<void>((resolve) => each.once('end', () => resolve())));
    for (const each of sessions) each.on('error', () => undefined);
    const [waits, listens] = sessions as [Redis, Redis];
    assert.equal(await waits.ping(), 'PONG');
    // One that waits for the server, and one that the server would push to.
    await listens.subscribe(`${names.redisPrefix}kept`);
    waits.call('BLPOP', `${names.redisPrefix}kept`, '0').catch(() => undefined);
    docker(stack, 'pause', 'frostbyte-acme-redis');
    try {
      const { ms, refused } = await lastLetIn(appliance, 'acme', second, {
        path: '/ingest/acme/batches?limit=1',
        first: 20,
      });
      assert.ok(ms < 1000, `${ms} ms`);
      assert.equal(refused.size, 2, 'both refuse then');
      // The hung one keeps none of the others.
      await until('the end of the other credentials', async () => {
        const open = await lives();
        return open.every((store) => store === 'queue');
      });
    } finally {
      spawnSync('docker', ['unpause', 'frostbyte-acme-redis'], { env: engineEnvironment(stack) });
    }
    await Promise.all(ends);
    await ended();
    await resume();
    await isWhole();
    const old = held;
    await take();
    assert.deepEqual((await lives()).sort(), ['database', 'objects', 'queue', 'vectors']);
    held = old;
    assert.deepEqual(await lives(), []);
  });

  it('survives a kill of control in the middle: what was begun is ended, and resume still makes new users', async () => {
    await take();
    await suspend();
    await appliance.kill();
    await appliance.restart();
    admin = await appliance.admin();
    await ended();
    await resume();
    await isWhole();
  });

  it('deletes a tenant from every server, and nothing of it is left in any catalogue', async () => {
    const deletion = { reason: 'contract ended', confirm: true, confirm_tenant_id: 'acme' };
    await take();
    await admin.send('POST', '/admin/tenants/acme/deprovision', deletion);
    assert.equal((await settled(admin, 'acme', ['DEPROVISIONED', 'FAILED'])).state, 'DEPROVISIONED');
    const stack = testStack()!;
    const { hba_folder, ...login } = stack.postgres;
    const client = new Client(login);
    await client.connect();
    const { rows } = await client.query(
      'SELECT datname AS name FROM pg_database UNION ALL SELECT rolname FROM pg_roles UNION ALL SELECT usename FROM pg_stat_activity',
    );
    await client.end();
    assert.ok(!JSON.stringify(rows).includes('acme'), JSON.stringify(rows));
    assert.deepEqual(
      readdirSync(hba_folder).filter((name) => name.includes('acme')),
      [],
    );
    const { endpoint, access_key: accessKey, secret_key: secretKey } = stack.objects;
    const root = new MinioAdmin({ endpoint, accessKey, secretKey });
    assert.ok(!JSON.stringify([...(await root.users()), ...(await root.policies())]).includes('acme'));
    root.close();
    const { body } = await send({ endpoint }, { accessKey, secretKey }, { method: 'GET', path: '/' });
    assert.ok(body.includes('tenant-globex-bucket') && !body.includes('acme'));
    const collections = await fetch(`${appliance.stack!.qdrant.url}/collections`, {
      headers: { 'api-key': appliance.stack!.qdrant.apiKey },
    });
    assert.ok(!(await collections.text()).includes('acme'));
    assert.ok(!docker(stack, 'ps', '--all', '--format={{.Names}}').includes('acme'));
    assert.ok(!docker(stack, 'network', 'ls', '--format={{.Name}}').includes('acme'));
    assert.equal(existsSync(tenantPaths(appliance.dataFolder, 'acme').secrets), false);
    assert.equal(existsSync(join(appliance.dataFolder, 'control', 'ended', 'acme')), false);
    assert.deepEqual(await lives(), []);
    const globex = await appliance.caller({ role: 'tenant_admin', tenant_id: 'globex', subject: 'gil' });
    assert.equal((await globex('GET', '/ingest/globex/batches')).status, 200);
  });
});

/** For a call that may be refused: what it would undo was undone already. */
const engineEnvironment = ({ engine }: TestStack) => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  DOCKER_HOST: `unix://${engine.socket}`,
});
