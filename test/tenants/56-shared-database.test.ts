import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { shareOf } from '../../appliance/bin/wire/stack/connections.ts';
import { LARGEST_MANIFEST } from '../../appliance/data/1-intake/read-manifest.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import { arrival, TENANT } from '../contract/record/builders.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { clearStack } from '../support/stack-appliance.ts';
import { sqlState, type TenantDatabases, tenantDatabases } from '../support/tenant-databases.ts';

/** All tenants share one database server: what a hostile one takes of it is its own share (spec 3, "Noisy neighbour"). */

const [LOUD, QUIET] = ['loud', TENANT];
const FILES = 10_000;
/** Tenants that are only users of the server, to make them many. */
const crowd = (count: number) => Array.from({ length: count }, (_, n) => `tenant_crowd${n}_user`);

describe('the database that all tenants share', { skip: stackMissing() ?? false }, () => {
  let databases: TenantDatabases;
  before(async () => {
    // Shares are counted: nobody else's may be there.
    await clearStack(testStack()!);
    databases = tenantDatabases();
    for (const tenant of [LOUD, QUIET]) await databases.records.make(tenant);
  });
  after(() => databases?.end(LOUD, QUIET));

  const places = async () => {
    const [row] = await databases.asOwner<{ places: number }>(
      "SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer AS places",
    );
    return (row?.places ?? 0) - 16;
  };
  const limits = async () => {
    const rows = await databases.asOwner<{ places: number }>(
      "SELECT DISTINCT rolconnlimit AS places FROM pg_roles WHERE rolname LIKE 'tenant\\_%\\_user'",
    );
    return rows.map((row) => row.places);
  };
  /** Runs `work` beside so many more tenants. */
  async function beside(count: number, work: () => Promise<void>): Promise<void> {
    const roles = crowd(count);
    try {
      for (const role of roles) await databases.asOwner(`CREATE ROLE ${role} NOLOGIN CONNECTION LIMIT 10`);
      await work();
    } finally {
      for (const role of roles) await databases.asOwner(`DROP ROLE IF EXISTS ${role}`);
      await databases.records.shareOut();
    }
  }

  it('deals its sessions out evenly, anew whenever a tenant comes or goes, and never more than it has', async () => {
    assert.deepEqual(await limits(), [10]);
    await beside(58, async () => {
      await databases.records.make('newcomer');
      const share = shareOf(await places(), 61, 1);
      assert.ok(share !== null && share.limit < 10 && share.limit * 61 <= (await places()));
      assert.deepEqual(await limits(), [share.limit]);
      assert.deepEqual(await databases.records.shareOf(LOUD), share);
      await databases.records.destroy('newcomer');
      assert.deepEqual(await limits(), [shareOf(await places(), 60, 1)?.limit]);
    });
    assert.deepEqual(await limits(), [10]);
  });

  it('refuses a tenant for whom too few would be left, and takes nothing from those who are there', async () => {
    await beside(110, async () => {
      await databases.records.shareOut();
      const before = await limits();
      await assert.rejects(databases.records.make('newcomer'), { code: 'QUOTA_EXCEEDED', message: /max_connections/ });
      assert.deepEqual(await limits(), before);
      await databases.records.destroy('newcomer');
    });
  });

  it('serves a data plane whose share became smaller than its pools: whoever asks waits for his turn', async () => {
    const stores = await Promise.all(
      [5, 3].map((connections) =>
        openPostgresRecords({ ...databases.login(QUIET), connections }, { tenant_id: QUIET, clock: systemClock() }),
      ),
    );
    try {
      await databases.asOwner(`ALTER ROLE ${tenantNames(QUIET).role} CONNECTION LIMIT 3`);
      const asked = Array.from({ length: 60 }, (_, n) => stores[n % 2]!.counts());
      assert.deepEqual(new Set((await Promise.all(asked)).map(({ documents }) => documents)), new Set([0]));
    } finally {
      for (const store of stores) await store.close();
      await databases.records.shareOut();
    }
  });

  it('ends the statement of whoever asks for all of its memory, and nobody else’s session', async () => {
    const neighbour = await databases.session(QUIET);
    const { limit } = await databases.records.shareOf(LOUD);
    const hostile = await Promise.all(Array.from({ length: limit }, () => databases.session(LOUD)));
    const sorting = Promise.all(
      hostile.map(async (client) => {
        await client.query("SET work_mem = '2GB'; SET hash_mem_multiplier = 1000");
        return client.query(GREEDY).then(
          () => 'done',
          (error: unknown) => sqlState(error),
        );
      }),
    );
    let asked = 0;
    let over = false;
    void sorting.finally(() => {
      over = true;
    });
    for (; !over; asked++) await neighbour.query('SELECT count(*) FROM records.documents');
    // Out of memory, each of them.
    assert.deepEqual(new Set(await sorting), new Set(['53200']));
    assert.ok(asked > 0);
    // Their sessions and the neighbour's are the same as before: the server did not begin anew.
    for (const client of [...hostile, neighbour]) await client.query('SELECT 1');
    for (const client of [...hostile, neighbour]) await client.end();
  });

  it('takes the largest batch that intake lets in: ten thousand files, and 8 MiB of what is said of them', async () => {
    const login = { ...databases.login(QUIET), connections: 1 };
    const store = await openPostgresRecords(login, { tenant_id: QUIET, clock: systemClock() });
    const note = 'x'.repeat(Math.floor(LARGEST_MANIFEST / FILES) - 200);
    const files = Array.from({ length: FILES }, (_, n) => ({
      file_id: `file-${n}`,
      content: `${n}`,
      metadata: { note },
    }));
    const received = await store.receive(arrival('large', files)).finally(() => store.close());
    assert.equal(received.kind === 'received' && received.receipts.length, FILES);
  });

  it('ends the statement of whoever writes more to its disk than a session may', async () => {
    const client = await databases.session(LOUD);
    await client.query("SET work_mem = '64kB'; SET statement_timeout = 0");
    await assert.rejects(client.query(GREEDY), (error) => sqlState(error) === '53400');
    await client.end();
  });
});

/** A sort of some two gigabytes. */
const GREEDY =
  'SELECT count(*) FROM (SELECT repeat(md5(g::text), 8) FROM generate_series(1, 7000000) g ORDER BY 1 OFFSET 1) sorted';
