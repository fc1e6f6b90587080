import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { PROBE_TENANT } from '../../appliance/control/tenants/tenant-id.ts';
import type { IsolationReport } from '../../appliance/control/verbs.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { release } from '../../scripts/images/build.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/**
 * The isolation check from inside the tenant's network: what only shows there is found there, each by exactly the tries
 * that it opens; put back, the check passes again, and what the tenants have is there.
 */

const [THIEF, OTHER, LATE] = ['acme', 'globex', 'latecomer'];
const PLANE = `frostbyte-${THIEF}-data-plane`;
const INPUT_RULE = resolve(import.meta.dirname, '../../host/input-rule');

describe('the isolation check in the tenant’s network', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let appliance: Appliance;
  let verify: () => Promise<IsolationReport>;
  before(async () => {
    appliance = await startAppliance({ arrangement: 'stack', planes: 'containers' });
    for (const tenant of [THIEF, OTHER]) await appliance.createTenant(tenant, { classification_review_enabled: false });
    const gil = await appliance.client(OTHER);
    const { batch_id } = await submit(gil, OTHER, [text('kept.txt', 'SOP\n\nThe herring stays where it is.')]);
    await whenSettled(gil, OTHER, batch_id);
    const admin = await appliance.admin();
    verify = async () => (await admin.send<IsolationReport>('POST', `/admin/tenants/${THIEF}/verify`)).data;
    // From here on through its network.
    await until('its data plane', () => isRunning());
  });
  after(() => appliance?.end());

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const isRunning = () => engine('ps', '--format={{.Names}}').split('\n').includes(PLANE);
  const networkOf = (tenant: string) => `frostbyte_tenant_${tenant}`;
  const gateway = (tenant: string) =>
    engine('network', 'inspect', networkOf(tenant), '--format={{range .IPAM.Config}}{{.Gateway}}{{end}}');
  const allowed = ({ checks }: IsolationReport) =>
    checks
      .filter(({ result }) => result === 'ALLOWED')
      .map(({ store, test, target }) => `${store}: ${test}: ${target}`)
      .sort();
  /** Nothing is open, ever; its own doors may take a moment to be back behind what a test did to them. */
  const passes = () =>
    until(
      'the check to pass',
      async () => {
        const report = await verify();
        assert.deepEqual(allowed(report), []);
        return report.overall_pass ? report : undefined;
      },
      { seconds: 60, everyMs: 500 },
    );
  /** What the check finds while something is open; and that it passes again afterwards. */
  const found = async (open: () => unknown, close: () => unknown): Promise<string[]> => {
    await open();
    try {
      const report = await verify();
      assert.equal(report.overall_pass, false);
      // It is this door that is open, and no other that went wrong beside it.
      for (const { store, test, target, result } of report.checks)
        if (target === THIEF) assert.equal(result, 'OK', `${store}: ${test}`);
      return allowed(report);
    } finally {
      await close();
      await passes();
    }
  };

  it('passes as tenants are made, and asks also what nobody but the network closes', async () => {
    const { checks } = await passes();
    const own = checks.filter(({ target }) => target === THIEF).map(({ store, result }) => `${store} ${result}`);
    assert.deepEqual([...new Set(own)].sort(), [
      'objects OK',
      'queue OK',
      'records OK',
      'scanner OK',
      'secrets OK',
      'vectors OK',
    ]);
    const tried = new Set(checks.map(({ store, test, target }) => `${store}: ${test}: ${target}`));
    for (const one of [
      `network: reach its data plane: ${OTHER}`,
      `network: reach the database by its network: ${OTHER}`,
      `network: reach the host at port 22: ${PROBE_TENANT}`,
      `network: reach the gateways’ limits: ${PROBE_TENANT}`,
      `network: reach the vector index by its network: ${OTHER}`,
      `network: reach the vector index by the stores’ network: ${PROBE_TENANT}`,
      `network: ask the resolver at 127.0.0.11: ${PROBE_TENANT}`,
      `queue: reach its server: ${OTHER}`,
      `queue: log in to its server with its password: ${PROBE_TENANT}`,
      `records: log in as its user with its password, from this network: ${PROBE_TENANT}`,
      `objects: ask for temporary credentials: ${PROBE_TENANT}`,
      `scanner: order SHUTDOWN: ${PROBE_TENANT}`,
    ])
      assert.ok(tried.has(one), one);
    const left = engine('ps', '--all', '--format={{.Names}}').split('\n');
    assert.ok(!left.some((name) => name.endsWith('-isolation')), 'the check leaves no container');
  });

  it('finds that its data plane sits in another tenant’s network', async () => {
    const opened = await found(
      () => engine('network', 'connect', networkOf(OTHER), PLANE),
      () => engine('network', 'disconnect', networkOf(OTHER), PLANE),
    );
    const stores = ['the database', 'the object store', 'the scanner', 'the vector index'];
    assert.deepEqual(
      opened,
      [
        ...['its data plane', ...stores.map((store) => `${store} by its network`)].map(
          (what) => `network: reach ${what}: ${OTHER}`,
        ),
        `queue: reach its server: ${OTHER}`,
      ].sort(),
    );
  });

  /** All doors of the host, which without the rule is reached at every address it has, whether or not anybody listens. */
  const ofTheHost = [
    ...[22, 2375, 8080].map((port) => `network: reach the host at port ${port}: ${PROBE_TENANT}`),
    `network: reach the host by the stores’ network: ${PROBE_TENANT}`,
    ...[OTHER, PROBE_TENANT].map((tenant) => `network: reach the host by its network: ${tenant}`),
  ];
  // This process is in the stack's namespace, which is the host to what sits there.
  const rule = (word: string) => assert.equal(spawnSync(INPUT_RULE, [word]).status, 0);

  it('finds that the host lets it in, also where nobody listens', async () => {
    const opened = await found(
      () => rule('down'),
      () => rule('up'),
    );
    assert.deepEqual(opened, ofTheHost.toSorted());
  });

  it('finds that the host lets it in, and that a resolver of the host answers it', async () => {
    const host = gateway(THIEF);
    const listener = createServer((socket) => socket.destroy());
    const resolver = createSocket('udp4');
    resolver.on('message', (question, { address, port }) => {
      const answer = Buffer.from(question);
      // An answer: there is no such name.
      answer.writeUInt16BE(0x8183, 2);
      resolver.send(answer, port, address);
    });
    try {
      listener.listen(22, host);
      resolver.bind(53, host);
      await Promise.all([once(listener, 'listening'), once(resolver, 'listening')]);
      // They listen, and it is the rule that keeps it out.
      await passes();
      const opened = await found(
        () => rule('down'),
        () => rule('up'),
      );
      assert.deepEqual(opened, [`network: ask the resolver at ${host}: ${PROBE_TENANT}`, ...ofTheHost].toSorted());
    } finally {
      listener.close();
      resolver.close();
    }
  });

  it('finds that the right password opens another’s database from the wrong network', async () => {
    const { hba_folder, ...login } = testStack()!.postgres;
    const { database, role } = tenantNames(PROBE_TENANT);
    const file = join(hba_folder, '90-sabotage.conf');
    const client = new Client(login);
    await client.connect();
    const reload = async (isThere: boolean) => {
      await until('the rules of logging in', async () => {
        await client.query('SELECT pg_reload_conf()');
        const { rows } = await client.query("SELECT 1 FROM pg_hba_file_rules WHERE file_name LIKE '%90-sabotage%'");
        return rows.length > 0 === isThere;
      });
    };
    try {
      const from = gateway(THIEF).replace(/\d+$/, '0/24');
      const opened = await found(
        () => {
          writeFileSync(file, `host ${database} ${role} ${from} scram-sha-256\n`);
          return reload(true);
        },
        () => {
          rmSync(file);
          return reload(false);
        },
      );
      assert.deepEqual(opened, [`records: log in as its user with its password, from this network: ${PROBE_TENANT}`]);
    } finally {
      rmSync(file, { force: true });
      await client.end();
    }
  });

  it('finds that what stands before the scanner takes orders', async () => {
    const network = networkOf(THIEF);
    const at = gateway(THIEF).replace(/\d+$/, '13');
    const opened = await found(
      () => {
        engine('network', 'disconnect', network, 'frostbyte-scanner-1');
        const words = ['--label=frostbyte.plane=tenant', `--label=frostbyte.tenant=${THIEF}`, '--name=obedient'];
        const image = ['--entrypoint=/opt/frostbyte/bin/node', `frostbyte.local/appliance:${release()}`];
        engine('run', '--detach', ...words, `--network=${network}`, `--ip=${at}`, ...image, '-e', OBEDIENT);
        return until('the obedient one', () => engine('logs', 'obedient').includes('listening'));
      },
      async () => {
        engine('rm', '--force', 'obedient');
        const isThere = () => engine('inspect', 'frostbyte-scanner-1').includes(network);
        if (!isThere()) engine('network', 'connect', `--ip=${at}`, network, 'frostbyte-scanner-1');
      },
    );
    const orders = ['SCAN /etc/passwd', 'CONTSCAN /etc', 'STATS', 'RELOAD', 'IDSESSION', 'SHUTDOWN'];
    assert.deepEqual(opened, orders.map((order) => `scanner: order ${order}: ${PROBE_TENANT}`).sort());
  });

  it('finds that what stands before the object store lets through what the guard would not', async () => {
    const [network, store] = [networkOf(THIEF), 'frostbyte-objects-1'];
    const at = gateway(THIEF).replace(/\d+$/, '11');
    const opened = await found(
      () => {
        engine('network', 'disconnect', network, store);
        const words = ['--label=frostbyte.plane=tenant', `--label=frostbyte.tenant=${THIEF}`, '--name=lenient'];
        const image = ['--entrypoint=/opt/frostbyte/bin/node', `frostbyte.local/appliance:${release()}`];
        // It sits in the control network too: what it forwards comes from there, as far as the guard can tell.
        engine('create', ...words, `--network=${network}`, `--ip=${at}`, ...image, '-e', LENIENT);
        engine('network', 'connect', 'frostbyte_stores', 'lenient');
        engine('start', 'lenient');
        return until('the lenient one', () => engine('logs', 'lenient').includes('listening'));
      },
      () => {
        engine('rm', '--force', 'lenient');
        if (!engine('inspect', store).includes(`"${network}"`))
          engine('network', 'connect', `--ip=${at}`, network, store);
      },
    );
    const unsigned = ['header', 'query'].map(
      (marked) => `write with a known access key and an unsigned trailer (${marked})`,
    );
    assert.deepEqual(
      opened,
      ['ask for temporary credentials', ...unsigned].map((test) => `objects: ${test}: ${PROBE_TENANT}`).sort(),
    );
  });

  it('after all of it every tenant has what it had', async () => {
    const gil = await appliance.client(OTHER);
    const { data } = await gil.send<{ chunks: { text: string }[] }>('POST', `/query/${OTHER}/search`, {
      query_text: 'herring',
    });
    assert.match(data.chunks[0]?.text ?? '', /herring/);
  });

  it('knocks again where a store says nothing for a while: a tenant that is made meanwhile is made', async () => {
    const scanner = 'frostbyte-scanner-1';
    const isThere = (name: string) => engine('ps', '--format={{.Names}}').split('\n').includes(name);
    const made = appliance.createTenant(LATE);
    made.catch(() => undefined);
    // From here on nobody has to attach the scanner to the new network any more.
    await until('its queue', () => isThere(`frostbyte-${LATE}-redis`), { seconds: 120 });
    const sockets = `/proc/${engine('inspect', scanner, '--format={{.State.Pid}}')}/net/tcp`;
    const number = Number(gateway(LATE).split('.')[2]).toString(16).toUpperCase().padStart(2, '0');
    // At the scanner's port (3310), from that network, closed by whoever knocked.
    const givenUp = new RegExp(`:0CEE [0-9A-F]{2}${number}1CAC:[0-9A-F]{4} 08`);
    engine('pause', scanner);
    try {
      await until('a knock that was given up', () => givenUp.test(readFileSync(sockets, 'latin1')), { seconds: 120 });
    } finally {
      engine('unpause', scanner);
    }
    await made;
  });
});

/** Passes on all that it is sent, and takes for itself what nobody signed, as a store without the guard would. */
const LENIENT = `
  const http = require('node:http');
  const UNSIGNED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  http.createServer((asked, answer) => {
    const { method, url, rawHeaders, headers } = asked;
    if (headers['x-amz-content-sha256'] === UNSIGNED || url.includes(UNSIGNED)) return asked.resume().on('end', () => answer.end());
    const headersAsSent = [];
    for (let at = 0; at < rawHeaders.length; at += 2) headersAsSent.push([rawHeaders[at], rawHeaders[at + 1]]);
    const passed = http.request({ host: '172.28.0.11', port: 9000, method, path: url, setHost: false, agent: false });
    for (const [name, value] of headersAsSent) passed.setHeader(name, value);
    passed.on('response', (said) => said.pipe(answer.writeHead(said.statusCode, said.headers)));
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  }).listen(9000, () => console.log('listening'));
`;

/** Obeys whatever it is told, as clamd itself would. */
const OBEDIENT = `
  require('node:net').createServer((socket) => {
    socket.on('error', () => undefined).once('data', (order) => {
      const end = String.fromCharCode(order.at(-1));
      socket.end((order.includes('PING') ? 'PONG' : 'DONE') + end);
    });
  }).listen(3310, () => console.log('listening'));
`;
