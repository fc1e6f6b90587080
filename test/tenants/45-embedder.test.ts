import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text as streamText } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { embedderPorts } from '../../appliance/bin/wire/stack/servers.ts';
import type { IsolationReport } from '../../appliance/control/verbs.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { type Container, docker } from '../support/docker.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { FETCHED, FETCHED_MODEL as model, modelMissing } from '../support/models/fetched.ts';
import { stockOf } from '../support/roles/stock.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const NAME = 'frostbyte-embedder';
const DAMAGE = 'The lessee is liable for harm that comes to the premises through improper use.';
const FREEZER = 'When the freezer alarm sounds, move all samples to the spare unit within an hour.';
/** It shares no word with the text that answers it. */
const QUESTION = 'Who must pay if a tenant breaks something in the flat?';

const PORT = embedderPorts().find((one) => one.model === model.name)!.port;
const PROBES = resolve(import.meta.dirname, '../support/probes.mjs');
const SUSPENDED_WITHIN_MS = 30_000;
/** Says something to an address, and writes out what comes back until the other end has done. */
const SAYS = `
  const [host, port, asked] = process.argv.slice(1);
  const socket = require('node:net').connect(Number(port), host, () => socket.write(asked));
  socket.setTimeout(5000, () => socket.destroy()).on('error', () => undefined);
  socket.pipe(process.stdout);
`;

/** The model of a box, in a container of its own, attached to each tenant's network like a store. */
describe('the embedder in a container', {
  skip: stackMissing() ?? (await modelMissing()) ?? false,
  timeout: 600_000,
}, () => {
  let appliance: Appliance;
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: { FROSTBYTE_DRAIN_SECONDS: '1', FROSTBYTE_EMBEDDER: 'auto', FROSTBYTE_MODELS: FETCHED },
    });
    for (const tenant of ['acme', 'blue'])
      await appliance.createTenant(tenant, { classification_review_enabled: false });
  });
  after(() => appliance?.end());

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const inspect = () => (JSON.parse(engine('inspect', NAME)) as [Container])[0];
  const networks = () => Object.keys(inspect().NetworkSettings.Networks).sort();
  const HOME = 'frostbyte_scanning';
  const ALL = [HOME, ...['acme', 'blue', 'isolationprobe'].map((tenant) => `frostbyte_tenant_${tenant}`)];

  async function search(tenant: string): Promise<RetrievalProof> {
    const api = await appliance.client(tenant);
    const { data } = await api.send<RetrievalProof>('POST', `/query/${tenant}/search`, { query_text: QUESTION });
    return data;
  }
  const finds = (tenant: string) =>
    until(
      'the text to be found',
      async () => (await search(tenant).catch(() => null))?.chunks[0]?.text.includes('lessee'),
      { seconds: 120 },
    );

  it('embeds what tenants bring and ask, with the model', async () => {
    for (const tenant of ['acme', 'blue']) {
      const api = await appliance.client(tenant);
      const { batch_id } = await submit(api, tenant, [text('damage.txt', DAMAGE), text('freezer.txt', FREEZER)]);
      const { files } = await whenSettled(api, tenant, batch_id);
      assert.deepEqual(
        files.map(({ state }) => state),
        ['indexed', 'indexed'],
      );
    }
    const { chunks, embed_model } = await search('acme');
    assert.match(chunks[0]!.text, /lessee/);
    assert.equal(embed_model, model.name);
  });

  it('is attached to each tenant’s network and to no store’s', () => {
    assert.deepEqual(networks(), ALL);
  });

  it('holds nothing: no secret, no disk but the models, no log, no environment, no privilege', () => {
    const { HostConfig, Mounts, State } = inspect();
    assert.deepEqual(
      [HostConfig.ReadonlyRootfs, HostConfig.CapDrop, HostConfig.LogConfig.Type],
      [true, ['ALL'], 'none'],
    );
    assert.deepEqual(Mounts.map(({ Destination, RW }) => [Destination, RW]).sort(), [
      ['/run/frostbyte/embedder', false],
      ['/run/frostbyte/models', false],
    ]);
    const processes = [State.Pid, ...descendantsOf(State.Pid)];
    assert.ok(processes.length >= 2, 'a process for the model');
    for (const pid of processes) {
      const { capabilities, sealed, seccomp, environment, files } = stockOf(pid);
      assert.deepEqual([capabilities, sealed, seccomp, environment], [0, true, '2', []]);
      for (const file of files) assert.match(file, /^\/(?:opt\/frostbyte|run\/frostbyte\/models)\//);
    }
  });

  it('is started again when it ends, and when it was taken away it is attached again', async () => {
    const first = inspect().State.Pid;
    engine('kill', NAME);
    await until('it to run again', () => ![0, first].includes(inspect().State.Pid), { seconds: 60 });
    await finds('acme');
    engine('rm', '--force', NAME);
    await finds('blue');
    assert.deepEqual(networks(), ALL);
  });

  it('says in the appliance’s readiness how it is', async () => {
    const { dependencies } = (await (await fetch(`${appliance.url}/ready`)).json()) as {
      dependencies: { name: string; ok: boolean }[];
    };
    assert.deepEqual(
      dependencies.filter(({ name }) => name.startsWith('embedder.')).map(({ name, ok }) => [name, ok]),
      [[`embedder.${model.name}`, true]],
    );
  });

  it('is closed to who comes from elsewhere, as the isolation check says', async () => {
    const { data } = await (await appliance.admin()).send<IsolationReport>('POST', '/admin/tenants/acme/verify');
    assert.equal(data.overall_pass, true);
    const doors = data.checks.filter(({ test }) => test.includes('embedder'));
    assert.deepEqual(new Set(doors.map(({ result }) => result)), new Set(['DENIED']));
    assert.ok(doors.some(({ target }) => target === 'blue'));
  });

  /** What a local user of the host, who is nobody, is told there: the first bytes; nothing where no connection comes about. */
  const toNobody = (host: string, port: number, asked: string): string => {
    const as = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', process.execPath, '-e', SAYS];
    const { stdout, status, stderr } = spawnSync('setpriv', [...as, host, String(port), asked], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const addressOf = (container: string, network: string) =>
    engine('inspect', container, `--format={{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
  const acme = 'frostbyte_tenant_acme';
  const get = (path: string, ...headers: string[]) =>
    [`GET ${path} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', ''].join('\r\n');

  it('beside a data plane and the vectors’ server: both refuse nobody of the host, and it tells him nothing of others', () => {
    const plane = addressOf('frostbyte-acme-data-plane', acme);
    for (const path of ['/ingest/acme/batches', '/ingest/acme/batch/b-1'])
      for (const header of [[], ['x-frostbyte-assertion: forged'], ['authorization: Bearer forged']])
        assert.match(toNobody(plane, 7600, get(`/api/v1${path}`, ...header)), /^HTTP\/1\.1 401 /, `${path} ${header}`);
    // What is none of a plane's addresses is nothing, whoever asks.
    for (const path of ['/', '/health', '/ready', '/metrics'])
      assert.match(toNobody(plane, 7600, get(path)), /^HTTP\/1\.1 40[14] /, path);
    const vectors = addressOf('frostbyte-qdrant-1', acme);
    for (const path of ['/collections', '/collections/tenant_acme', '/cluster', '/snapshots', '/metrics'])
      assert.match(toNobody(vectors, 6333, get(path)), /^HTTP\/1\.1 40[13] /, path);
    // It embeds for whoever reaches it, by turns, and keeps nothing; how it is it tells at its home alone.
    const [home, inNetwork] = [HOME, acme].map((network) => addressOf(NAME, network)) as [string, string];
    const status = `${JSON.stringify({ ask: 'status' })}\n`;
    const { status: told } = JSON.parse(toNobody(home, PORT, status)) as { status: Record<string, unknown> };
    assert.deepEqual(Object.keys(told).sort(), ['batch_ms', 'loaded', 'model', 'version', 'waiting']);
    assert.equal(toNobody(inNetwork, PORT, status), '');
    assert.equal(toNobody(inNetwork, PORT, get('/')), '');
  });

  it('is out of reach, as all that is acme’s, for another tenant’s containers; and a check listens nowhere', async () => {
    const pidOf = (name: string) => engine('inspect', name, '--format={{.State.Pid}}');
    const doors = Object.entries({ [NAME]: PORT, 'frostbyte-acme-data-plane': 7600, 'frostbyte-qdrant-1': 6333 }).map(
      ([name, port]) => `tcp:${addressOf(name, acme)}:${port}`,
    );
    const reachedFrom = async (name: string) => {
      const words = [`--net=/proc/${pidOf(name)}/ns/net`, process.execPath, PROBES, ...doors];
      const child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
      return JSON.parse(await streamText(child.stdout)) as string[];
    };
    assert.deepEqual(await reachedFrom('frostbyte-acme-data-plane'), doors, 'so that the test can fail');
    for (const role of ['data-plane', 'redis', 'parser'])
      assert.deepEqual(await reachedFrom(`frostbyte-blue-${role}`), [], role);

    const admin = await appliance.admin();
    const pid = pidOf('frostbyte-acme-data-plane');
    // But for the engine's own resolver, which is in every namespace that it makes.
    const listening = () =>
      [
        ...readFileSync(`/proc/${pid}/net/tcp`, 'latin1').matchAll(
          /: (?!0B00007F)[0-9A-F]{8}:([0-9A-F]{4}) 0{8}:0{4} 0A/g,
        ),
      ].map(([, port]) => Number.parseInt(port!, 16));
    const isChecking = () => engine('ps', '--format={{.Names}}').includes('frostbyte-acme-isolation');
    const checked = admin.send<IsolationReport>('POST', '/admin/tenants/acme/verify');
    checked.catch(() => undefined);
    await until('the check to run', isChecking, { everyMs: 10 });
    assert.deepEqual(listening(), [7600]);
    assert.equal((await checked).data.overall_pass, true);
  });

  it('one who floods it and the vectors’ server with connections is suspended, and the other’s questions are answered meanwhile', async (t) => {
    const admin = await appliance.admin();
    const words = ['exec', 'frostbyte-acme-data-plane', '/opt/frostbyte/bin/node', '-e', FLOOD];
    const environment = { PATH: process.env.PATH, DOCKER_HOST: `unix://${testStack()!.engine.socket}` };
    const isSuspended = async () =>
      (await admin.get<{ state: string }>('/admin/tenants/acme')).data.state === 'SUSPENDED';
    const began = performance.now();
    const flood = spawn('docker', words, { env: environment, stdio: 'ignore' });
    let answered = 0;
    try {
      while (!(await isSuspended())) {
        assert.ok(performance.now() - began < 2 * SUSPENDED_WITHIN_MS, 'it is suspended at all');
        assert.match((await search('blue')).chunks[0]!.text, /lessee/);
        answered += 1;
      }
    } finally {
      flood.kill('SIGKILL');
    }
    const ms = performance.now() - began;
    t.diagnostic(
      `suspended after ${(ms / 1000).toFixed(1)} s; ${answered} questions of the other were answered meanwhile`,
    );
    assert.ok(ms < SUSPENDED_WITHIN_MS, `${ms} ms`);
    assert.ok(answered > 0);
  });

  it('leaves with the appliance', async () => {
    await appliance.stop();
    assert.equal(inspect().State.Pid, 0);
    await appliance.restart();
    await finds('blue');
  });
});

/** As many connections as it gets to the embedder and to the vectors' server, in the middle of a word; each that is refused is tried again. */
const FLOOD = `
  const net = require('node:net');
  const { stores, settings } = JSON.parse(require('node:fs').readFileSync('/run/frostbyte/handover/handover.json'));
  const hold = (host, port, word) => {
    const open = () => net.connect(port, host, function () { this.write(word); })
      .on('error', () => undefined).on('data', () => undefined).on('close', () => setTimeout(open, 500));
    for (let n = 0; n < 1000; n++) open();
  };
  for (const address of Object.values(settings.embedder.addresses)) hold(...address.split(':'), '{');
  const vectors = new URL(stores.vectors.url);
  hold(vectors.hostname, Number(vectors.port), 'GET / HTTP/1.1');
  setInterval(() => undefined, 1000);
`;
