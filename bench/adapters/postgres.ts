import { once } from 'node:events';
import { Client, type QueryConfig } from 'pg';
import { from } from 'pg-copy-streams';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { migratePostgresRecords, openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import {
  arrival,
  chunksOf,
  entry,
  indexed,
  job,
  minute,
  receiveOne,
  TENANT,
  toIndex,
} from '../../test/contract/record/builders.ts';
import { testDatabases } from '../../test/support/postgres-databases.ts';
import { stackMissing, testStack } from '../../test/support/stack.ts';
import { HEADING, sideBySide } from './side-by-side.ts';

const DOCUMENTS = 40;
const CHUNKS = 25;
const WAITING = 200;
/** Of verbs that write, each of which needs a document of its own. */
const WRITES = 100;

/** A statement as the adapter sent it, or a COPY with what it wrote. */
type Sent = string | QueryConfig | { copy: string; pieces: string[] };

/**
 * Verbs of the records beside their own statements, sent over one bare connection, prepared, as many and in the same order
 * as the verb sends. Of verbs that write they are what the verb sent before it was made to take all of it back.
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
      // Warm, so that a new connection's own statements are none of the verb's.
      await verb();
      const statements = await sentBy(verb);
      lines.push(await sideBySide(name, verb, () => sendAll(bare, statements)));
    }
    let number = 0;
    const publishing = async () => {
      const id = await receiveOne(store, `written ${number++}`);
      await toIndex(store, id);
      const now = job(id, 'index');
      await store.startStage(now, minute(3));
      const texts = Array.from({ length: CHUNKS }, (_, at) => ({ text: `clause ${at} of ${id} `.repeat(40) }));
      const written = entry('INDEX_WRITTEN', 'document', id);
      const patch = { chunks_indexed: CHUNKS, classification: 'contract' };
      const ends = { entries: [written], index_event_id: written.event.event_id, at: minute(3) };
      return () => store.publish({ job: now, ...chunksOf(id, texts), patch, ...ends });
    };
    const receiving = async () => {
      const batch = arrival(`batch-received ${number}`, [{ file_id: 'a', content: `received ${number++}` }]);
      return () => store.receive(batch);
    };
    for (const [name, make] of [
      ['receive 1 file', receiving],
      [`publish ${CHUNKS} chunks, by COPY`, publishing],
    ] as const) {
      let verb: () => Promise<unknown>;
      let statements: Sent[] = [];
      const prepare = async () => {
        verb = await make();
        statements = await sentBy(verb, { takeBack: true });
      };
      const again = () => sendAll(bare, statements);
      lines.push(await sideBySide(name, () => verb(), again, prepare, WRITES));
    }
    return lines;
  } finally {
    await bare.end();
    await store.close();
    await databases.dispose();
  }
}

/** What a verb sends, by listening in on the client once. `takeBack`: its commit fails, and nothing of it stands. */
async function sentBy(verb: () => Promise<unknown>, { takeBack = false } = {}): Promise<Sent[]> {
  const sent: Sent[] = [];
  const client = Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = client;
  let isOver = false;
  client.query = function listened(this: unknown, ...args: unknown[]) {
    const [statement] = args;
    if (isOver) return query.apply(this, args);
    if (isCopy(statement)) sent.push(overheard(statement));
    else sent.push(statement as Sent);
    if (takeBack && statement === 'COMMIT') {
      isOver = true;
      return Promise.reject(new Error('all of it is taken back'));
    }
    return query.apply(this, args);
  };
  try {
    await verb();
    if (takeBack) throw new TypeError('the verb wrote nothing');
  } catch (error) {
    if (!isOver) throw error;
  } finally {
    client.query = query;
  }
  return sent;
}

type Copy = ReturnType<typeof from>;

function isCopy(statement: unknown): statement is Copy & { text: string } {
  return typeof (statement as { pipe?: unknown }).pipe === 'function';
}

function overheard(stream: Copy & { text: string }): Sent {
  const pieces: string[] = [];
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (...args: unknown[]) => {
    pieces.push(String(args[0]));
    return write(...args);
  };
  return { copy: stream.text, pieces };
}

async function sendAll(bare: Client, statements: readonly Sent[]): Promise<void> {
  for (const statement of statements) {
    if (typeof statement === 'string' || !('copy' in statement)) {
      await bare.query(statement as QueryConfig);
      continue;
    }
    const stream = bare.query(from(statement.copy));
    const done = once(stream, 'finish');
    for (const piece of statement.pieces) stream.write(piece);
    stream.end();
    await done;
  }
}
