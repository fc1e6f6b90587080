import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const CONTAINERS: Readonly<Record<string, string>> = {
  objects: 'frostbyte-objects-1',
  records: 'frostbyte-postgres-1',
  vectors: 'frostbyte-qdrant-1',
  limits: 'frostbyte-redis-1',
  scanner: 'frostbyte-scanner-1',
};

/**
 * `/ready` of an appliance that has no tenant yet: nobody but control itself can find out that a server is away. And intake
 * of one whose stores' disk is small.
 */

/** The disk that the stores are said to lie on, and what of it intake leaves free. */
const [DISK_MB, KEPT_MB] = [64, 16];

/** Two seconds of silence, two knocks of three, and what a busy machine adds. */
const HANG_FOUND_MS = 12_000;

describe('servers that fail', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let appliance: Appliance;
  let disk: string;
  before(async () => {
    disk = mkdtempSync('/dev/shm/frostbyte-disk-');
    run('mount', '-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk);
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: { FROSTBYTE_STORES_DISK: disk, FROSTBYTE_MIN_FREE_MB: String(KEPT_MB) },
    });
  });
  after(async () => {
    await appliance?.end();
    run('umount', '--lazy', disk);
    rmSync(disk, { recursive: true });
  });

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const ready = async () => {
    const answer = await fetch(`${appliance.url}/ready`);
    const { dependencies } = (await answer.json()) as { dependencies: { name: string; ok: boolean }[] };
    const wrong = dependencies.filter(({ ok, name }) => !ok && name.startsWith('servers.')).map(({ name }) => name);
    return { status: answer.status, wrong, asked: dependencies.map(({ name }) => name) };
  };
  const isReady = (seconds = 30) => until('200', async () => (await ready()).status === 200, { seconds, everyMs: 250 });

  it('asks every server that tenants will be kept on', async () => {
    await isReady();
    const { asked } = await ready();
    for (const server of ['objects', 'records', 'vectors', 'limits', 'scanner'])
      assert.ok(asked.includes(`servers.${server}`), `${server} of ${asked}`);
  });

  /** Does something to servers, and looks that these and no others are named; that all are well again behind it. */
  const names = async (
    servers: readonly string[],
    go: (server: string) => unknown,
    back: (server: string) => unknown,
  ) => {
    const named = servers.map((server) => `servers.${server}`).sort();
    for (const server of servers) go(CONTAINERS[server]!);
    try {
      const seen = await until(
        named.join(),
        async () => {
          const found = await ready();
          return found.wrong.sort().join() === named.join() ? found : undefined;
        },
        { everyMs: 250 },
      );
      assert.equal(seen.status, 503);
    } finally {
      for (const server of servers) back(CONTAINERS[server]!);
    }
    await isReady();
  };
  const [pause, unpause] = ['pause', 'unpause'].map((word) => (name: string) => engine(word, name));

  it('says 503 and names the one that hangs, and 200 again', async () => {
    await names(['objects'], pause!, unpause!);
  });

  it('says so of those that are gone', async () => {
    const stop = (name: string) => engine('stop', '--time=2', name);
    await names(['limits', 'records'], stop, (name) => engine('start', name));
  });

  it('names each of several', async () => {
    await names(['scanner', 'vectors'], pause!, unpause!);
  });

  it('refuses intake with 507 while their disk has no room, and takes the same batch once it has', async () => {
    await appliance.createTenant('acme', { classification_review_enabled: false });
    const dana = await appliance.client('acme');
    const { form, manifest } = makeBatch('acme', [text('kept.txt', 'SOP\n\nThe herring stays.')]);
    const caller = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    const send = () => caller('POST', '/ingest/acme/batch', form);
    const filling = join(disk, 'filling');
    writeFileSync(filling, Buffer.alloc((DISK_MB - KEPT_MB) << 20));
    const refused = await until('a refusal', async () => {
      const answer = await send();
      return answer.status === 507 ? answer : undefined;
    });
    assert.equal(refused.code, 'QUOTA_EXCEEDED');
    rmSync(filling);
    await until('room', async () => (await send()).status === 202, { everyMs: 250 });
    const { files } = await whenSettled(dana, 'acme', manifest.batch_id);
    assert.deepEqual(
      files.map(({ state }) => state),
      ['indexed'],
    );
  });

  it('a database that hangs is found out by every request within seconds, with 503 and when to come again; and it is used again', async (t) => {
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    const ask = async () => {
      const began = performance.now();
      const answer = await fetch(`${appliance.url}/api/v1/ingest/acme/batches?limit=1`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const { error } = (await answer.json()) as { error?: { code: string; message: string } };
      const after = Number(answer.headers.get('retry-after'));
      return { status: answer.status, error, after, ms: performance.now() - began };
    };
    // More than there are connections: some wait for one that is held by who waits for the server.
    const all = () => Promise.all(Array.from({ length: 12 }, ask));
    assert.ok((await all()).every(({ status }) => status === 200));
    engine('pause', CONTAINERS.records!);
    try {
      const refused = await all();
      for (const { status, error, after } of refused) {
        // Also of the data plane itself, which takes no more questions than it can ask the database.
        assert.ok(['STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'].includes(error!.code), error!.code);
        assert.equal(status, 503);
        assert.ok(after >= 1);
      }
      t.diagnostic(String([...new Set(refused.map(({ error }) => error!.message))]));
      const longest = Math.max(...refused.map(({ ms }) => ms));
      t.diagnostic(`found out by all after ${(longest / 1000).toFixed(1)} s at most`);
      assert.ok(longest < HANG_FOUND_MS, `${longest} ms`);
      const times = (await all()).map(({ status, ms }) => (status === 503 ? ms : Number.NaN));
      assert.ok(Math.min(...times) < 500, `it is left alone: ${times}`);
    } finally {
      engine('unpause', CONTAINERS.records!);
    }
    await until('an answer', async () => (await ask()).status === 200, { seconds: 30, everyMs: 250 });
    await isReady();
  });
});

function run(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
