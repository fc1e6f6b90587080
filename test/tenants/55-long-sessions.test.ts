import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { type StackRecords, stackRecords } from '../../appliance/bin/wire/stack/records.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { until } from '../support/faults/until.ts';
import { manualClock } from '../support/manual-clock.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const TENANT = 'longrunner';
const { database, role } = tenantNames(TENANT);

describe('sessions of a tenant at the database', { skip: stackMissing() ?? false }, () => {
  const password = randomBytes(32).toString('base64url');
  let records: StackRecords;
  before(async () => {
    const { host, port, user, password: admin, hba_folder } = testStack()!.postgres;
    records = stackRecords({
      clock: manualClock(),
      ...{ host, port, user, password: () => admin, hbaFolder: hba_folder },
      passwordOf: async () => password,
      way: async () => ({ host, from: '172.28.0.1/32' }),
    });
    await records.make(TENANT);
  });
  after(async () => {
    await records?.destroy(TENANT);
    await records?.close();
  });

  const session = async (): Promise<Client> => {
    const { host, port } = testStack()!.postgres;
    const client = new Client({ host, port, database, user: role, password });
    client.on('error', () => undefined);
    // Somebody else's file may come and go while the server reads the rules of logging in.
    await client.connect();
    return client;
  };
  const code = (error: unknown) => (error as { code?: unknown }).code;

  it('cannot lift what holds the role, and have a time for each statement unless they lift that', async () => {
    const client = await session();
    const setting = async (name: string) => Object.values((await client.query(`SHOW ${name}`)).rows[0] as object)[0];
    assert.deepEqual([await setting('statement_timeout'), await setting('temp_file_limit')], ['1min', '2GB']);
    await assert.rejects(client.query("SET temp_file_limit = '-1'"), (error) => code(error) === '42501');
    await client.query('SET statement_timeout = 0');
    await client.end();
  });

  it('that run for too long are ended all the same, and no others', async () => {
    const [long, idle] = [await session(), await session()];
    await long.query('SET statement_timeout = 0');
    const running = assert.rejects(long.query('SELECT pg_sleep(600)'), (error) => code(error) === '57P01');
    await until('the end of the long one', async () => (await records.endLong(1)) > 0);
    await running;
    await idle.query('SELECT 1');
    assert.equal(await records.endLong(), 0);
    await idle.end();
  });

  it('that hold a transaction open are ended too', async () => {
    const client = await session();
    const ended = new Promise((resolve) => client.once('end', resolve));
    await client.query('BEGIN; SELECT 1');
    await until('the end of it', async () => (await records.endLong(1)) > 0);
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
      assert.equal(sessions.length, 40);
    } finally {
      for (const client of sessions) await client.end();
    }
  });
});
