import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { settled } from '../../appliance/cli/settled.ts';
import type { KeyRotation } from '../../appliance/control/verbs.ts';
import { runPaths } from '../../appliance/kernel/names.ts';
import { AS_NOBODY, anotherGateway, gatewayAsNobody, NOBODY } from '../support/another-gateway.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { EICAR } from '../support/clamd.ts';
import { type Container, docker } from '../support/docker.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { lastLetIn } from '../support/last-let-in.ts';
import { type Socket, socketsOf } from '../support/roles/sockets.ts';
import { stockOf } from '../support/roles/stock.ts';
import { sample } from '../support/samples.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { credentialsOf } from '../support/stack-tenant.ts';

/** A tenant whose data plane and parser are containers of the image that ships, from its first day to its last. */
describe('a tenant in containers', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let appliance: Appliance;
  let admin: Awaited<ReturnType<Appliance['admin']>>;
  let ranFromTheFirst: string[];
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: { FROSTBYTE_DRAIN_SECONDS: '1', FROSTBYTE_GATEWAY_UID: String(NOBODY) },
    });
    admin = await appliance.admin();
    await appliance.createTenant('acme', { classification_review_enabled: false });
    ranFromTheFirst = running();
  });
  after(() => appliance?.end());

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const ofTenant = (filter: string) =>
    engine('ps', '--format={{.Names}}', `--filter=label=frostbyte.tenant=acme`, ...(filter ? [filter] : []))
      .split('\n')
      .filter(Boolean)
      .sort();
  const running = () => ofTenant('');
  const inspect = (name: string) => (JSON.parse(engine('inspect', name)) as [Container])[0];
  const ALL = ['frostbyte-acme-data-plane', 'frostbyte-acme-parser', 'frostbyte-acme-redis'];
  const dana = () => appliance.client('acme');
  const finds = async (words: string, answer: RegExp) => {
    const { data } = await (await dana()).send<{ chunks: { text: string }[] }>('POST', '/query/acme/search', {
      query_text: words,
    });
    assert.match(data.chunks.map(({ text }) => text).join('\n'), answer);
  };
  /** What is in its containers' processes, as the kernel says it. */
  const secretsShown = async () => {
    const secrets = Object.values(await credentialsOf(appliance.dataFolder, 'acme'));
    const shown = ALL.flatMap((name) => [engine('inspect', name), engine('logs', name), engine('top', name)]);
    return secrets.filter((secret) => shown.some((one) => one.includes(secret)));
  };

  it('is ACTIVE no sooner than its data plane runs', () => {
    assert.deepEqual(ranFromTheFirst, ALL);
  });

  it('takes documents in, has them scanned and parsed, and finds what they say', async () => {
    const client = await dana();
    const { batch_id, receipts, quarantined_files } = await submit(client, 'acme', [
      text('note.txt', 'SOP\n\nThe herring stays.'),
      sample('contract-warehouse-lease.pdf'),
      sample('scanned-delivery-note.png'),
      text('eicar.txt', EICAR),
    ]);
    assert.deepEqual(
      receipts.map(({ scan_result }) => scan_result),
      ['clean', 'clean', 'clean', 'quarantined'],
    );
    assert.equal(quarantined_files.length, 1);
    const { files } = await whenSettled(client, 'acme', batch_id);
    assert.deepEqual(files.map(({ state }) => state).sort(), ['indexed', 'indexed', 'indexed', 'quarantined']);
    await finds('herring', /herring/);
    assert.deepEqual(running(), ALL);
  });

  it('is confined: no root, no privilege, limits on all, no environment, and no secret that a list shows', async () => {
    const image = engine('image', 'inspect', '--format={{.Id}}', inspect('frostbyte-scanner-1').Config.Image);
    for (const name of ALL.filter((one) => !one.endsWith('-redis'))) {
      const { HostConfig, State, Image } = inspect(name);
      assert.equal(Image, image, name);
      assert.deepEqual([HostConfig.ReadonlyRootfs, HostConfig.CapDrop], [true, ['ALL']], name);
      for (const limit of ['Memory', 'NanoCpus', 'PidsLimit'] as const)
        assert.ok(HostConfig[limit] > 0, `${name} ${limit}`);
      for (const pid of [State.Pid, ...descendantsOf(State.Pid)]) {
        const stock = stockOf(pid);
        assert.deepEqual([stock.capabilities, stock.sealed, stock.seccomp], [0, true, '2'], stock.commandLine);
        assert.ok(!['', '0'].includes(stock.uid));
        assert.deepEqual(
          // What a worker and its parent talk over.
          stock.environment.filter((one) => !/^(?:PATH|NODE_CHANNEL_[A-Z_]+)=/.test(one)),
          [],
        );
      }
    }
    assert.deepEqual(stockOf(inspect('frostbyte-acme-parser').State.Pid).interfaces, ['lo']);
    assert.deepEqual(await secretsShown(), []);
  });

  it('the gateway before it is connected with control, the data plane, the shared limits and who asks, and reaches no engine', async (t) => {
    const { url, pid } = await gatewayAsNobody(t, appliance, { FROSTBYTE_RATE_LIMITS: 'on' });
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    const headers = { authorization: `Bearer ${token}` };
    const { redis, engine: its } = testStack()!;
    const plane = inspect('frostbyte-acme-data-plane').NetworkSettings.Networks;
    const ways = new Map([
      [`${Object.values(plane)[0]!.IPAddress}:7600`, 'data plane'],
      [`${redis.host}:${redis.port}`, 'shared limits'],
    ]);
    const own = new URL(url).port;
    const named = ({ local, peer, state }: Socket) => {
      if (local.endsWith(`:${own}`)) return state === 'LISTEN' ? 'its door' : 'who asks';
      return ways.get(peer) ?? `${local} ${peer} ${state}`;
    };
    const stock = () => {
      const { internet, unix } = socketsOf(pid);
      const control = runPaths(appliance.environment.FROSTBYTE_RUN!).control;
      const others = unix.map((path) => (path === control ? 'control' : path));
      return [...new Set([...internet.map(named), ...others])].sort();
    };
    await until('all that it needs', async () => {
      assert.equal((await fetch(`${url}/api/v1/ingest/acme/batches?limit=1`, { headers })).status, 200);
      return stock().length >= 5;
    });
    assert.deepEqual(stock(), ['control', 'data plane', 'its door', 'shared limits', 'who asks']);
    assert.equal(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^Uid:\s+(\d+)/m)?.[1], String(NOBODY));
    const reaches = (...as: string[]) =>
      spawnSync(
        as[0] ?? process.execPath,
        [...as.slice(1), ...(as.length > 0 ? [process.execPath] : []), '-e', KNOCKS, its.socket],
        {
          encoding: 'utf8',
        },
      ).stdout;
    assert.equal(reaches(), 'connected', 'control gets there, so the test can fail');
    assert.equal(reaches(...AS_NOBODY), 'EACCES');
  });

  it('writes to no disk: what it writes is on its stores, or in memory', () => {
    for (const name of ALL) {
      const writable = inspect(name).Mounts.filter(({ RW }) => RW);
      // The socket between plane and parser.
      assert.deepEqual(
        writable.map(({ Destination }) => Destination),
        name.endsWith('-parser') ? ['/run/frostbyte/parser'] : [],
        name,
      );
    }
  });

  it('its events come to the audit log', async () => {
    const auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
    await until('the events in the log', async () => {
      const { data } = await auditor<{ event_type: string }[]>('GET', '/audit/acme/events?limit=500');
      const types = new Set(data.map(({ event_type }) => event_type));
      return [
        'TENANT_PROVISIONED',
        'ISOLATION_VERIFIED',
        'BATCH_RECEIVED',
        'INDEX_WRITTEN',
        'RETRIEVAL_EXECUTED',
      ].every((one) => types.has(one));
    });
  });

  it('a parser and a plane that are killed come again, and work goes on', async () => {
    for (const name of ['frostbyte-acme-parser', 'frostbyte-acme-data-plane']) {
      const born = inspect(name).State.Pid;
      engine('kill', name);
      await until(`another ${name}`, () => running().includes(name) && inspect(name).State.Pid !== born);
      const word = name.endsWith('parser') ? 'rye' : 'dill';
      const client = await dana();
      const { batch_id } = await submit(client, 'acme', [text(`${word}.txt`, `SOP\n\nThe ${word} stays.`)]);
      const { files } = await whenSettled(client, 'acme', batch_id);
      assert.deepEqual(
        files.map(({ state }) => state),
        ['indexed'],
      );
    }
  });

  it('suspended, the last request is let in at most a second later and none of its containers runs; resumed, they do, with other credentials, and all is there', async (t) => {
    const before = await credentialsOf(appliance.dataFolder, 'acme');
    const { url } = await anotherGateway(t, appliance);
    const { ms, count, refused } = await lastLetIn(appliance, 'acme', url, {
      path: '/ingest/acme/batches?limit=1',
      first: 100,
    });
    t.diagnostic(`the last of ${count} began ${Math.round(ms)} ms after the call`);
    assert.ok(ms < 1000, `${ms} ms`);
    assert.equal(refused.size, 2, 'both refuse then');
    await until('the end of its containers', () => running().length === 0);
    await admin.send('POST', '/admin/tenants/acme/resume', { reason: 'over' });
    await finds('herring', /herring/);
    assert.deepEqual(running(), ALL);
    const now = await credentialsOf(appliance.dataFolder, 'acme');
    for (const name of ['minio_access_key', 'postgres_password', 'qdrant_token', 'redis_password'] as const)
      assert.notEqual(now[name], before[name], name);
    assert.deepEqual(await secretsShown(), []);
  });

  it('in an emergency it gets new keys and new credentials, and finds what it had', async () => {
    const before = await credentialsOf(appliance.dataFolder, 'acme');
    const { data } = await admin.send<KeyRotation>('POST', '/admin/tenants/acme/rotate-keys', {
      emergency: true,
      reason: 'a loss',
    });
    assert.equal(data.emergency, true);
    await finds('herring', /herring/);
    assert.notEqual((await credentialsOf(appliance.dataFolder, 'acme')).postgres_password, before.postgres_password);
    const client = await dana();
    const { batch_id } = await submit(client, 'acme', [text('sprat.txt', 'SOP\n\nThe sprat stays.')]);
    await whenSettled(client, 'acme', batch_id);
    await finds('sprat', /sprat/);
  });

  it('survives a kill of control: its containers are another’s then, and are started anew', async () => {
    const born = inspect('frostbyte-acme-data-plane').State.Pid;
    await appliance.kill();
    await appliance.restart();
    admin = await appliance.admin();
    await finds('sprat', /sprat/);
    assert.notEqual(inspect('frostbyte-acme-data-plane').State.Pid, born);
  });

  it('deleted, nothing of it is left in the engine, nor in memory', async () => {
    const deletion = { reason: 'contract ended', confirm: true, confirm_tenant_id: 'acme' };
    await admin.send('POST', '/admin/tenants/acme/deprovision', deletion);
    assert.equal((await settled(admin, 'acme', ['DEPROVISIONED', 'FAILED'])).state, 'DEPROVISIONED');
    assert.ok(!engine('ps', '--all', '--format={{.Names}}').includes('acme'));
    assert.ok(!engine('network', 'ls', '--format={{.Name}}').includes('acme'));
    const run = appliance.environment.FROSTBYTE_RUN!;
    const left = ['containers', 'isolation', 'secrets']
      .map((name) => join(run, name))
      .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
    assert.deepEqual(
      left.filter((name) => name.includes('acme')),
      [],
    );
  });
});

/** Says whether a socket lets in who knocks. */
const KNOCKS = `
  require('node:net').connect(process.argv[1])
    .on('error', ({ code }) => process.stdout.write(code))
    .on('connect', function () { process.stdout.write('connected'); this.destroy(); });
`;
