import { after, before } from 'node:test';
import { MIGRATIONS } from '../../../appliance/stores/record/migrations/postgres.gen.ts';
import type { RecordStore } from '../../../appliance/stores/record/port.ts';
import { migratePostgresRecords, openPostgresRecords } from '../../../appliance/stores/record/postgres.ts';
import { expandSchema } from '../../support/next-release.ts';
import { type TestDatabases, testDatabases } from '../../support/postgres-databases.ts';
import type { TestStack } from '../../support/stack.ts';
import { minute, TENANT } from './builders.ts';

export const CLOCK = { now: () => Date.parse(minute(1)), iso: () => minute(1) };

/**
 * Makes worlds on the stack's server: each a database of its own, worked in by a role that owns nothing; its schema is what the
 * next release expanded.
 */
export function postgresWorlds(stack: TestStack) {
  let databases: TestDatabases;
  before(async () => {
    databases = await testDatabases(stack, async (database, { owner, role }) => {
      await expandSchema({ ...owner, database }, 'records', 'records', MIGRATIONS);
      // This release comes back onto it.
      await migratePostgresRecords({ ...owner, database }, { clock: CLOCK, role: role.user });
    });
  });
  after(() => databases?.dispose());

  return async () => {
    const database = await databases.take();
    const { host, port, tls } = databases.owner;
    const stores: Promise<RecordStore>[] = [];
    const open = (): Promise<RecordStore> => {
      const store = openPostgresRecords(
        { host, port, tls, database, ...databases.role, connections: 4 },
        { tenant_id: TENANT, clock: CLOCK },
      );
      stores.push(store);
      return store;
    };
    const [store, other] = await Promise.all([open(), open()]);
    return {
      database,
      databases,
      store,
      another: () => other,
      open,
      dispose: async () => {
        for (const opened of stores) await (await opened).close();
        await databases.giveBack(database);
      },
    };
  };
}
