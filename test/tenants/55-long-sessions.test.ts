import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from 'pg';
import { until } from '../support/faults/until.ts';
import { stackMissing } from '../support/stack.ts';
import { sqlState as code, type TenantDatabases, tenantDatabases } from '../support/tenant-databases.ts';

const TENANT = 'longrunner';

describe('sessions of a tenant at the database', { skip: stackMissing() ?? false }, () => {
  let databases: TenantDatabases;
  before(async () => {
    databases = tenantDatabases();
    await databases.records.make(TENANT);
  });
  after(() => databases?.end(TENANT));

  const session = () => databases.session(TENANT);

  it('cannot lift what holds the role, and have a time for each statement unless they lift that', async () => {
    const client = await session();
    const setting = async (name: string) => Object.values((await client.query(`SHOW ${name}`)).rows[0] as object)[0];
    assert.deepEqual([await setting('statement_timeout'), await setting('temp_file_limit')], ['1min', '512MB']);
    await assert.rejects(client.query("SET temp_file_limit = '-1'"), (error) => code(error) === '42501');
    await client.query('SET statement_timeout = 0');
    await client.end();
  });

  it('that run for too long are ended all the same, and no others', async () => {
    const [long, idle] = [await session(), await session()];
    await long.query('SET statement_timeout = 0');
    const running = assert.rejects(long.query('SELECT pg_sleep(600)'), (error) => code(error) === '57P01');
    await until('the end of the long one', async () => (await databases.records.endLong(1)) > 0);
    await running;
    await idle.query('SELECT 1');
    assert.equal(await databases.records.endLong(), 0);
    await idle.end();
  });

  it('that hold a transaction open are ended too', async () => {
    const client = await session();
    const ended = new Promise((resolve) => client.once('end', resolve));
    await client.query('BEGIN; SELECT 1');
    await until('the end of it', async () => (await databases.records.endLong(1)) > 0);
    await ended;
  });

  it('are no more than the role may have', async () => {
    const sessions: Client[] = [];
    try {
      await assert.rejects(
        async () => {
          for (let n = 0; n < 100; n++) sessions.push(await session());
        },
        (error) => code(error) === '53300',
      );
      assert.equal(sessions.length, (await databases.records.shareOf(TENANT)).limit);
    } finally {
      for (const client of sessions) await client.end();
    }
  });
});
