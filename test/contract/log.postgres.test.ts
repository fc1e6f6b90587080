import { after, before, test } from 'node:test';
import { MIGRATIONS } from '../../appliance/stores/log/migrations/postgres.gen.ts';
import { migratePostgresLogs, openPostgresLogs, type PostgresLogs } from '../../appliance/stores/log/postgres.ts';
import { manualClock } from '../support/manual-clock.ts';
import { expandSchema } from '../support/next-release.ts';
import { type TestDatabases, testDatabases } from '../support/postgres-databases.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';
import { LOG_TENANT, logContract } from './log.suite.ts';

const missing = stackMissing();
if (missing === null) contract(testStack() as TestStack);
else test('postgres log', { skip: missing });

function contract(facts: TestStack): void {
  const clock = manualClock();
  let databases: TestDatabases;
  before(async () => {
    databases = await testDatabases(facts, async (database, { owner, role }) => {
      await expandSchema({ ...owner, database }, 'audit', 'log', MIGRATIONS);
      // This release comes back onto it.
      await migratePostgresLogs({ ...owner, database }, { clock, roles: { app: role.user, auditor: role.user } });
    });
  });
  after(() => databases?.dispose());

  logContract('postgres log, on what the next release expanded', async () => {
    const database = await databases.take();
    const { host, port, tls } = databases.owner;
    const open = () => openPostgresLogs({ host, port, tls, database, ...databases.role }, { clock });
    const logs: PostgresLogs[] = [await open(), await open()];
    return {
      log: logs[0]!.log(LOG_TENANT),
      another: () => logs[1]!.log(LOG_TENANT),
      dispose: async () => {
        for (const opened of logs) await opened.close();
        await databases.giveBack(database);
      },
    };
  });
}
