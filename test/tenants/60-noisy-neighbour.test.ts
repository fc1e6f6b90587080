import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { Bucket } from '../../appliance/stores/object/minio/bucket.ts';
import { removeKey } from '../../appliance/stores/object/minio/remove.ts';
import { BucketKeeper } from '../../appliance/stores/object/minio/tenant-bucket.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { credentialsOf } from '../support/stack-tenant.ts';

/**
 * A data plane that was taken over does its worst with all that it has: its neighbours are served meanwhile, and it is
 * suspended within half a minute (spec 3, "Noisy neighbour").
 */

const [LOUD, QUIET] = ['acme', 'globex'];
const PLANE = `frostbyte-${LOUD}-data-plane`;
const SUSPENDED_WITHIN_MS = 30_000;
/** Of each attack; what the neighbour feels in all of them is judged together. */
const ROUNDS = ALL_FAULTS ? 3 : 1;
/** Searches of a quiet round, half of them before an attack and half behind it: as many as one sees. */
const QUIET_SEARCHES = 400;
const ROOT = resolve(import.meta.dirname, '../..');
const BUCKET = tenantNames(LOUD).bucket;
const PIECE_MB = 96;
/**
 * The neighbour's p95 under attack against its own in quiet times. Three times the floor is still below the tenth of a second
 * up to which people take an answer for immediate: on a machine so fast that its quiet p95 lies below it, a multiple of that
 * would be a bound on the scheduler, whose turns are some milliseconds each, and on nothing that anybody feels.
 */
const [MOST_TIMES, NOTICED_MS] = [3, 25];

describe('a noisy neighbour', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let appliance: Appliance;
  let admin: Awaited<ReturnType<Appliance['admin']>>;
  let gil: Awaited<ReturnType<Appliance['client']>>;
  before(async () => {
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      // Without a server for vectors it is given a folder too.
      environment: { FROSTBYTE_DRAIN_SECONDS: '1', FROSTBYTE_VECTORS: 'sqlite-vec' },
    });
    admin = await appliance.admin();
    for (const tenant of [LOUD, QUIET]) {
      await appliance.createTenant(tenant, { classification_review_enabled: false, storage_quota_gb: 1 });
    }
    gil = await appliance.client(QUIET);
    const files = Array.from({ length: 20 }, (_, n) => text(`n${n}.txt`, `SOP\n\nThe herring number ${n} stays.`));
    await whenSettled(gil, QUIET, (await submit(gil, QUIET, files)).batch_id);
  });
  after(() => appliance?.end());

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const isRunning = () => engine('ps', '--format={{.Names}}').split('\n').includes(PLANE);
  const stateOf = async (tenant: string) => (await admin.get<{ state: string }>(`/admin/tenants/${tenant}`)).data.state;
  /** Has somebody in the data plane's own network ask its database, with its password. */
  const sortAll = async (): Promise<ChildProcess> => {
    const pid = engine('inspect', PLANE, '--format={{.State.Pid}}');
    const words = [`--net=/proc/${pid}/ns/net`, process.execPath, '--input-type=module', '-e', SORTS];
    const { database, role } = tenantNames(LOUD);
    const host = engine('inspect', PLANE, '--format={{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}');
    const { postgres_password: password } = await credentialsOf(appliance.dataFolder, LOUD);
    const login = { host: host.replace(/\d+$/, '10'), port: 5432, database, user: role, password };
    const child = spawn('nsenter', words, { stdio: ['pipe', 'ignore', 'inherit'], cwd: ROOT });
    child.stdin.end(JSON.stringify(login));
    return child;
  };
  /** Has the data plane's own container do what the script says, as whoever took it over would. */
  const takeOver = (script: string) =>
    spawn('docker', ['exec', PLANE, '/opt/frostbyte/bin/node', '-e', script], {
      env: { PATH: process.env.PATH, DOCKER_HOST: `unix://${testStack()!.engine.socket}` },
      stdio: 'ignore',
    });
  const search = async (): Promise<number> => {
    const began = performance.now();
    const { data } = await gil.send<{ chunks: unknown[] }>('POST', `/query/${QUIET}/search`, { query_text: 'herring' });
    assert.ok(data.chunks.length > 0);
    return performance.now() - began;
  };
  /** How long searches took while `goesOn`, which is asked alike in quiet times and under attack. */
  const searches = async (goesOn: (state: string, count: number) => boolean): Promise<number[]> => {
    const times: number[] = [];
    while (goesOn(await stateOf(LOUD), times.length)) for (let n = 0; n < 10; n++) times.push(await search());
    return times;
  };
  const p95 = (times: number[]) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] as number;
  const awake = async () => {
    if ((await stateOf(LOUD)) === 'SUSPENDED')
      await admin.send('POST', `/admin/tenants/${LOUD}/resume`, { reason: 'a test goes on' });
    await until('its data plane', isRunning);
    const dana = await appliance.client(LOUD);
    const answers = () => dana.get(`/ingest/${LOUD}/batches?limit=1`).then(Boolean, () => false);
    await until('an answer of it', answers, { seconds: 120, everyMs: 500 });
  };

  const quiet = () => searches((_state, count) => count < QUIET_SEARCHES / 2);

  /** Milliseconds until it was suspended, and how long the neighbour's searches took before and behind, and meanwhile. */
  async function attacked(
    attack: () => ChildProcess | Promise<ChildProcess>,
  ): Promise<{ ms: number; usual: number[]; loud: number[] }> {
    await awake();
    const before = await quiet();
    const began = performance.now();
    const child = await attack();
    try {
      const loud = await searches((state) => {
        assert.ok(performance.now() - began < 2 * SUSPENDED_WITHIN_MS, 'it is suspended at all');
        return state !== 'SUSPENDED';
      });
      const ms = performance.now() - began;
      await until('the end of its container', () => !isRunning());
      return { ms, loud, usual: [...before, ...(await quiet())] };
    } finally {
      child.kill('SIGKILL');
    }
  }

  for (const [what, attack, reason] of [
    ['loops on every processor', () => takeOver(SCRIPTS.LOOPS), /busy without any work/],
    ['floods every server that it reaches with connections', () => takeOver(SCRIPTS.FLOOD), /connections/],
    ['has the database sort all that fits into its memory', sortAll, /memory of the database/],
    ['starts processes without end', () => takeOver(SCRIPTS.PROCESSES), /processes/],
  ] as const) {
    it(`that ${what} is suspended, and its neighbour is served meanwhile`, async (t) => {
      const [usual, loud]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        const seen = await attacked(attack);
        t.diagnostic(
          `suspended after ${(seen.ms / 1000).toFixed(1)} s; the neighbour's p95 ${p95(seen.usual).toFixed(1)} ms alone, ${p95(seen.loud).toFixed(1)} ms meanwhile (${seen.loud.length})`,
        );
        assert.ok(seen.ms < SUSPENDED_WITHIN_MS, `${seen.ms} ms`);
        usual.push(...seen.usual);
        loud.push(...seen.loud);
      }
      assert.ok(p95(loud) <= MOST_TIMES * Math.max(p95(usual), NOTICED_MS), `${p95(loud)} ms against ${p95(usual)} ms`);
      const auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
      await until('the event of its suspension', async () => {
        const { data } = await auditor<{ event_type: string; actor: string }[]>(
          'GET',
          `/audit/${LOUD}/events?limit=100&sort=desc`,
        );
        const event = data.find(({ event_type }) => event_type === 'TENANT_SUSPENDED');
        return event?.actor === 'system' && reason.test(JSON.stringify(event));
      });
      assert.equal(await stateOf(QUIET), 'ACTIVE');
    });
  }

  it('that fills what it may write to fills its own memory, and no disk', async () => {
    await awake();
    const said = engine('exec', PLANE, '/opt/frostbyte/bin/node', '-e', SCRIPTS.FILL);
    const { scratch, elsewhere } = JSON.parse(said) as { scratch: { code: string; mb: number }; elsewhere: string[] };
    assert.equal(scratch.code, 'ENOSPC');
    assert.ok(scratch.mb > 1000 && scratch.mb <= 1280, `${scratch.mb} MiB`);
    for (const code of elsewhere) assert.ok(['EACCES', 'EROFS'].includes(code), code);
    await search();
    assert.equal(await stateOf(LOUD), 'ACTIVE', 'it harmed nobody');
  });

  it('that fills the folder of its vectors past its quota is suspended, and its neighbour is served', async (t) => {
    await awake();
    const filling = join(appliance.dataFolder, 'tenants', LOUD, 'filling');
    const began = performance.now();
    const child = takeOver(SCRIPTS.FILL_FOLDER);
    try {
      while ((await stateOf(LOUD)) !== 'SUSPENDED') {
        assert.ok(performance.now() - began < 2 * SUSPENDED_WITHIN_MS, 'it is suspended at all');
        await search();
      }
    } finally {
      child.kill('SIGKILL');
    }
    const ms = performance.now() - began;
    await until('the end of its container', () => !isRunning());
    const { size } = statSync(filling);
    t.diagnostic(`suspended after ${(ms / 1000).toFixed(1)} s, ${size >> 20} MiB in its folder, of a quota of 1 GiB`);
    assert.ok(ms < SUSPENDED_WITHIN_MS, `${ms} ms`);
    // An administrator clears it away before the tenant is resumed: nothing is deleted by itself.
    rmSync(filling);
    await search();
  });

  it('that stores more than its quota past intake is suspended, and what it stored is kept', async (t) => {
    await awake();
    const { minio_access_key: accessKey, minio_secret_key: secretKey } = await credentialsOf(
      appliance.dataFolder,
      LOUD,
    );
    const bucket = new Bucket({ endpoint: testStack()!.objects.endpoint, accessKey, secretKey, bucket: BUCKET });
    const began = performance.now();
    let stored = 0;
    try {
      await bucket.put('raw/first', Buffer.alloc(PIECE_MB << 20));
      // The server itself writes it again and again: nothing of it comes by the tenant's network.
      while ((await stateOf(LOUD)) !== 'SUSPENDED' && stored < 64) {
        await bucket.copy('raw/first', `raw/more-${stored}`).catch(() => undefined);
        stored += 1;
      }
    } finally {
      bucket.close();
    }
    const ms = performance.now() - began;
    t.diagnostic(`suspended after ${(ms / 1000).toFixed(1)} s and ${(stored + 1) * PIECE_MB} MiB of a quota of 1 GiB`);
    assert.equal(await stateOf(LOUD), 'SUSPENDED');
    assert.ok(ms < SUSPENDED_WITHIN_MS, `${ms} ms`);
    await search();
    assert.equal(await stateOf(QUIET), 'ACTIVE');
    const { endpoint, access_key, secret_key } = testStack()!.objects;
    const asRoot = { endpoint, accessKey: access_key, secretKey: secret_key, bucket: BUCKET };
    const [root, inside] = [new BucketKeeper(asRoot), new Bucket(asRoot)];
    try {
      assert.ok(((await root.held()).get('raw/') ?? 0) > 2 * 1024 ** 3, 'nothing of it was deleted');
      // An administrator clears it away before the tenant is resumed.
      for (let n = 0; n < stored; n++) await removeKey(inside, `raw/more-${n}`);
    } finally {
      for (const each of [root, inside]) each.close();
    }
    await awake();
  });

  it('that has much to do is no noisy one: it works for as long as it has work', async () => {
    await awake();
    const dana = await appliance.client(LOUD);
    const line = Array.from({ length: 4000 }, (_, n) => `Herring ${n} of the harbour is weighed and noted.`).join(
      '\n\n',
    );
    const files = Array.from({ length: 6 }, (_, n) => text(`large-${n}.txt`, `SOP ${n}\n\n${line}`));
    const { files: settled } = await whenSettled(dana, LOUD, (await submit(dana, LOUD, files)).batch_id);
    assert.ok(settled.every(({ state }) => state === 'indexed'));
    assert.equal(await stateOf(LOUD), 'ACTIVE');
  });
});

/** Takes as many sessions as it gets, and has each hold a sort in memory. */
const SORTS = `
  import { text } from 'node:stream/consumers';
  import pg from 'pg';
  const login = JSON.parse(await text(process.stdin));
  for (let n = 0; n < 7; n++) {
    const client = new pg.Client(login);
    client.on('error', () => undefined);
    client.connect().then(() => client.query("SET work_mem = '2GB'; SET statement_timeout = 0")).then(
      () => client.query("SELECT s, pg_sleep(60) FROM (SELECT repeat(md5(g::text), 8) AS s FROM generate_series(1, 500000) g ORDER BY 1 OFFSET 1) sorted"),
    ).catch(() => undefined);
  }
`;

const SCRIPTS = {
  LOOPS: `for (let n = 0; n < 8; n++) require('node:child_process').spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }); for (;;);`,
  /**
   * As many as it can get, at every server of its handover: each that is refused or given up is tried again. What counts
   * sessions of a role sees none of them: of those at the database half say who they are and then no word more, which takes
   * a place of the server's own, and half say nothing. The object store waits for the rest of a request.
   */
  FLOOD: `
    const net = require('node:net');
    const { records, objects, queue } = JSON.parse(require('node:fs').readFileSync('/run/frostbyte/handover/handover.json')).stores;
    const hold = (count, host, port, word) => {
      const open = (n) => {
        const socket = net.connect(port, host, () => n % 2 === 0 && socket.write(word));
        socket.on('error', () => undefined).on('data', () => undefined).on('close', () => setTimeout(open, 500, n));
      };
      for (let n = 0; n < count; n++) open(n);
    };
    const names = Buffer.from(['user', records.user, 'database', records.database, '', ''].join('\\0'));
    const startup = Buffer.concat([Buffer.alloc(8), names]);
    startup.writeInt32BE(startup.length, 0);
    startup.writeInt32BE(3 << 16, 4);
    const store = new URL(objects.endpoint);
    hold(1600, records.host, records.port, startup);
    hold(1000, store.hostname, Number(store.port), 'GET / HTTP/1.1\\r\\nhost: x\\r\\n');
    hold(1000, queue.host, queue.port, 'PING\\r\\n');
    setInterval(() => undefined, 1000);
  `,
  PROCESSES: `
    const start = () => {
      try {
        require('node:child_process').spawn('/usr/bin/sleep', ['600'], { stdio: 'ignore' }).on('error', () => undefined);
      } catch {}
    };
    setInterval(start, 5);
  `,
  /** Bounded: what the watch should stop long before is stopped by itself. */
  FILL_FOLDER: `
    const fs = require('node:fs');
    const fd = fs.openSync('/var/lib/frostbyte/filling', 'w');
    const piece = Buffer.alloc(16 << 20, 1);
    const most = 160;
    const more = (n) => n < most && fs.write(fd, piece, () => setImmediate(more, n + 1));
    more(0);
    setInterval(() => undefined, 1000);
  `,
  FILL: `
    const fs = require('node:fs');
    const piece = Buffer.alloc(1 << 20);
    const scratch = { mb: 0 };
    try {
      for (const fd = fs.openSync('/tmp/filling', 'w'); ; scratch.mb++) fs.writeSync(fd, piece);
    } catch (error) {
      scratch.code = error.code;
    }
    fs.rmSync('/tmp/filling');
    const elsewhere = ['/filling', '/opt/frostbyte/filling', '/var/tmp/filling', '/run/frostbyte/parser/filling', '/run/frostbyte/handover/filling'].map((path) => {
      try {
        fs.writeFileSync(path, piece);
        return 'written';
      } catch (error) {
        return error.code;
      }
    });
    process.stdout.write(JSON.stringify({ scratch, elsewhere }));
  `,
} as const;
