import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sessionMemory } from '../../appliance/bin/wire/stack/session-memory.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { type TenantDatabases, tenantDatabases } from '../support/tenant-databases.ts';

const TENANT = 'sorter';
const { role } = tenantNames(TENANT);
const MIB = 1024 ** 2;

describe('the memory that a tenant’s sessions at the database hold', { skip: stackMissing() ?? false }, () => {
  let databases: TenantDatabases;
  before(async () => {
    databases = tenantDatabases();
    await databases.records.make(TENANT);
  });
  after(() => databases?.end(TENANT));

  it('is seen from outside, by role, while they hold it', async () => {
    const server = () => Number(docker(testStack()!, 'inspect', 'frostbyte-postgres-1', '--format={{.State.Pid}}'));
    const held = async () => (await sessionMemory(server())).get(role) ?? 0;
    const [resting, sorting] = [await databases.session(TENANT), await databases.session(TENANT)];
    const atRest = await held();
    assert.ok(atRest > MIB && atRest < 32 * MIB, `${atRest} bytes`);
    await sorting.query("SET work_mem = '2GB'");
    const sorted = sorting.query(
      'SELECT s, pg_sleep(600) FROM (SELECT repeat(md5(g::text), 8) AS s FROM generate_series(1, 300000) g ORDER BY 1 OFFSET 1) sorted',
    );
    sorted.catch(() => undefined);
    await until('the sort', async () => (await held()) > atRest + 64 * MIB);
    for (const client of [resting, sorting]) await databases.asOwner(`SELECT pg_terminate_backend(${pidOf(client)})`);
    await assert.rejects(sorted);
    await until('the end of them', async () => (await held()) === 0);
    assert.deepEqual(await sessionMemory(0), new Map());
  });
});

/** The process of a session, as the server numbers it. */
function pidOf(client: object): number {
  return (client as { processID: number }).processID;
}
