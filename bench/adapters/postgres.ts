import { Client, type QueryConfig } from 'pg';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { migratePostgresRecords, openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import { indexed, TENANT } from '../../test/contract/record/builders.ts';
import { testDatabases } from '../../test/support/postgres-databases.ts';
import { stackMissing, testStack } from '../../test/support/stack.ts';
import { HEADING, sideBySide } from './side-by-side.ts';

const DOCUMENTS = 40;
const CHUNKS = 25;
const WAITING = 200;

/** A statement as the adapter sent it. */
type Sent = string | QueryConfig;

/**
 * Verbs of the records beside their own statements, sent over one bare connection, prepared, as many and in the same order
 * as the verb sends. What they change they may change again.
 */
export async function measurePostgres(): Promise<string[]> {
  const missing = stackMissing();
  if (missing !== null) return [`PostgreSQL: left out, ${missing}`];
  const clock = systemClock();
  const databases = await testDatabases(testStack()!, async (database, { owner, role }) =>
    migratePostgresRecords({ ...owner, database }, { clock, role: role.user }),
  );
  const { host, port, tls } = databases.owner;
  const login = { host, port, database: await databases.take(), ...databases.role };
  const store = await openPostgresRecords({ ...login, tls, connections: 4 }, { tenant_id: TENANT, clock });
  const bare = new Client({ ...login, options: '-c search_path=records' });
  await bare.connect();
  try {
    const ids: string[] = [];
    for (let n = 0; n < DOCUMENTS; n++) {
      const texts = Array.from({ length: CHUNKS }, (_, at) => ({ text: `clause ${at} of lease ${n} on the premises` }));
      ids.push(await indexed(store, `lease ${n}`, texts));
    }
    const lines = ['PostgreSQL: records as a tenant’s user', HEADING];
    for (const [name, verb] of [
      ['document', () => store.document(ids[3]!)],
      ['batch', () => store.batch('batch-lease 3')],
      ['receipts of a batch', () => store.receipts('batch-lease 3')],
      [`events that wait, ${WAITING}`, () => store.pendingEvents(WAITING)],
      ['full text, 50', () => store.searchText({ text: 'lease premises', limit: 50 })],
      ['check, which writes', () => store.check()],
    ] as const) {
      const statements = await sentBy(verb);
      const again = async () => {
        for (const statement of statements) await bare.query(statement as QueryConfig);
      };
      lines.push(await sideBySide(name, verb, again));
    }
    return lines;
  } finally {
    await bare.end();
    await store.close();
    await databases.dispose();
  }
}

/** What a verb sends, by listening in on the client once. */
async function sentBy(verb: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const client = Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = client;
  // Warm, so that a new connection's own statements are none of the verb's.
  await verb();
  client.query = function listened(this: unknown, ...args: unknown[]) {
    sent.push(args[0] as Sent);
    return query.apply(this, args);
  };
  try {
    await verb();
  } finally {
    client.query = query;
  }
  return sent;
}
