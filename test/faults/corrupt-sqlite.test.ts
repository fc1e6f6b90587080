import assert from 'node:assert/strict';
import { closeSync, copyFileSync, fstatSync, openSync, readdirSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { controlPaths, tenantPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, submit, text, whenSettled } from '../support/batch.ts';
import { workersOf } from '../support/faults/processes.ts';
import { seeded } from '../support/faults/random.ts';
import { runServe } from '../support/faults/run-serve.ts';
import { until } from '../support/faults/until.ts';

/** Database files overwritten with garbage: whose they are is told so, everybody else goes on working. */

const PAGE = 4096;

/** Garbage over everything but the first page, as a torn write or a bad disk leaves it. */
function ruin(file: string): void {
  const random = seeded(6);
  const handle = openSync(file, 'r+');
  try {
    const bytes = fstatSync(handle).size - PAGE;
    assert.ok(bytes > 0, `${file} is too small to be ruined`);
    writeSync(handle, Buffer.from(Array.from({ length: bytes }, () => random.whole(0, 255))), 0, bytes, PAGE);
  } finally {
    closeSync(handle);
  }
}

const note = (n: number) =>
  text(`note-${n}.txt`, `Delivery note ${n}\n\nThe delivery of crate ${n} arrived on time.\n`);

/** What an upload of one document to a tenant is answered. */
async function upload(appliance: Appliance, tenant: string, n: number) {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: tenant });
  const response = await fetch(`${appliance.url}/api/v1/ingest/${tenant}/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: makeBatch(tenant, [note(n)]).form,
  });
  const body = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, ...body.error };
}

async function search(appliance: Appliance, tenant: string) {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: tenant });
  const response = await fetch(`${appliance.url}/api/v1/query/${tenant}/search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query_text: 'crate delivery' }),
  });
  const body = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, ...body.error };
}

async function complete(appliance: Appliance, tenant: string, n: number): Promise<void> {
  const client = await appliance.client(tenant);
  const { batch_id } = await submit(client, tenant, [note(n)]);
  assert.equal((await whenSettled(client, tenant, batch_id)).status, 'completed');
}

/** A stopped appliance with two tenants that have a document each. */
async function withTwoTenants(use: (appliance: Appliance) => Promise<void>): Promise<void> {
  const appliance = await startAppliance();
  try {
    for (const tenant of ['acme', 'beta']) {
      await appliance.createTenant(tenant, { classification_review_enabled: false });
      await complete(appliance, tenant, 1);
    }
    await appliance.stop();
    await use(appliance);
  } catch (error) {
    console.log(appliance.logs().slice(-4000));
    throw error;
  } finally {
    await appliance.end();
  }
}

describe('a ruined database file', { timeout: 600_000 }, () => {
  it('of a tenant’s records is answered with 503 and the mend, and the other tenant works on', async () => {
    await withTwoTenants(async (appliance) => {
      const { records } = tenantPaths(appliance.dataFolder, 'acme');
      copyFileSync(records, `${records}.good`);
      ruin(records);
      await appliance.restart();
      const workers = await until('a worker', () =>
        workersOf(appliance.process.pid!).length > 0 ? workersOf(appliance.process.pid!) : null,
      );
      const answer = await upload(appliance, 'acme', 2);
      console.log(`# records: ${answer.status} ${answer.message}`);
      assert.deepEqual([answer.status, answer.code], [503, 'SERVICE_UNAVAILABLE']);
      assert.match(answer.message!, /damaged.*[Rr]estore.*backup|not a database.*[Rr]estore.*backup/);
      await complete(appliance, 'beta', 2);
      await noLoop(appliance, workers);

      await appliance.stop();
      copyFileSync(`${records}.good`, records);
      await appliance.restart();
      await complete(appliance, 'acme', 2);
    });
  });

  it('of a tenant’s vectors stops its search with 503, and the other tenant’s search goes on', async () => {
    await withTwoTenants(async (appliance) => {
      ruin(tenantPaths(appliance.dataFolder, 'acme').vectors);
      await appliance.restart();
      const answer = await search(appliance, 'acme');
      console.log(`# vectors: ${answer.status} ${answer.message}`);
      assert.deepEqual([answer.status, answer.code], [503, 'SERVICE_UNAVAILABLE']);
      assert.match(answer.message!, /damaged.*[Rr]estore.*backup/);
      assert.equal((await search(appliance, 'beta')).status, 200);
      await complete(appliance, 'beta', 2);
    });
  });

  it('of a tenant’s queue is set aside and made again, since the records are the truth', async () => {
    await withTwoTenants(async (appliance) => {
      const { queue } = tenantPaths(appliance.dataFolder, 'acme');
      ruin(queue);
      await appliance.restart();
      await complete(appliance, 'acme', 2);
      const aside = readdirSync(dirname(queue)).filter((name) => /^queue\.sqlite\.damaged-\d+$/.test(name));
      assert.equal(aside.length, 1);
      assert.match(appliance.logs(), /a damaged queue was set aside/);
    });
  });

  it('of the registry refuses the start, naming the file and the mend', async () => {
    await withTwoTenants(async (appliance) => {
      const { registry } = controlPaths(appliance.dataFolder);
      ruin(registry);
      const { code, err } = await runServe(appliance.dataFolder);
      console.log(`# registry: exit ${code}, ${err.trim()}`);
      assert.equal(code, 1);
      assert.match(err, /^STORE_CORRUPTED: .*Restore the data folder from a backup/m);
      assert.ok(err.includes(registry));
    });
  });
});

/** The worker lives on, and does not fill the log with the same complaint. */
async function noLoop(appliance: Appliance, workers: number[]): Promise<void> {
  const before = appliance.logs().length;
  await wait(2000);
  assert.deepEqual(workersOf(appliance.process.pid!), workers);
  const lines = appliance
    .logs()
    .slice(before)
    .split('\n')
    .filter((line) => /"level":"(?:warn|error)"/.test(line));
  assert.ok(lines.length <= 12, `${lines.length} complaints in two seconds:\n${lines.slice(0, 5).join('\n')}`);
}
