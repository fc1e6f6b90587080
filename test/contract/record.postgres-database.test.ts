import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { newId } from '../../appliance/kernel/ids.ts';
import type { ServerTls } from '../../appliance/kernel/server-tls.ts';
import { TEXT_LANGUAGES } from '../../appliance/kernel/text-language.ts';
import { openPostgres } from '../../appliance/stores/postgres/connection.ts';
import { migrate } from '../../appliance/stores/postgres/migrate.ts';
import { MIGRATIONS } from '../../appliance/stores/record/migrations/postgres.gen.ts';
import type { RecordStore } from '../../appliance/stores/record/port.ts';
import { migratePostgresRecords, openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { selfSigned } from '../support/certificate.ts';
import { seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { meddlingLine } from '../support/meddling-line.ts';
import { type TestDatabases, testDatabases } from '../support/postgres-databases.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';
import { tlsLine } from '../support/tls-line.ts';
import {
  arrival,
  entry,
  failed,
  idOf,
  indexed,
  job,
  minute,
  publish,
  receiveOne,
  settleAsIs,
  TENANT,
  toIndex,
} from './record/builders.ts';
import { CLOCK, postgresWorlds } from './record/postgres-world.ts';
import { sqliteWorld } from './record/sqlite-world.ts';

const missing = stackMissing();

describe('postgres records: the database', { skip: missing ?? false }, () => {
  const stack = testStack() as TestStack;
  const make = missing === null ? postgresWorlds(stack) : undefined;
  const world = async (t: TestContext) => {
    const made = await make!();
    t.after(() => made.dispose());
    return made;
  };

  test('audit events, receipts and chunks cannot be changed, not even by who owns them', async (t) => {
    const { store, databases, database } = await world(t);
    await indexed(store, 'x', [{ text: 'hello' }]);
    const owner = (sql: string) => databases.asOwner(database, sql, undefined, 'records');
    for (const sql of [
      "UPDATE audit_events SET actor = 'nobody'",
      'DELETE FROM audit_events',
      'TRUNCATE audit_events CASCADE',
      `INSERT INTO audit_events SELECT seq + 5, gen_random_uuid()::text, tenant_id, event_type, timestamp, actor,
        resource_type, resource_id, details, previous_event_id FROM audit_events LIMIT 1`,
      `INSERT INTO audit_events SELECT 0, gen_random_uuid()::text, tenant_id, event_type, timestamp, actor,
        resource_type, resource_id, details, previous_event_id FROM audit_events LIMIT 1`,
      "UPDATE receipts SET status = 'rejected'",
      "UPDATE receipts SET original_filename = '[ERASED]', details = NULL",
      'DELETE FROM receipts',
      'TRUNCATE receipts',
      "UPDATE chunks SET text = 'other'",
      "UPDATE store_owner SET tenant_id = 'other'",
      'DELETE FROM store_owner',
    ]) {
      await assert.rejects(owner(sql), { code: '23000' }, sql);
    }
  });

  test('the role of a data plane owns nothing: it can neither change what is told nor the rules about it', async (t) => {
    const { store, databases, database } = await world(t);
    await receiveOne(store, 'x');
    const { host, port } = databases.owner;
    const db = openPostgres({ host, port, database, ...databases.role, schema: 'records', application: 'test' });
    t.after(() => db.close());
    for (const sql of [
      "UPDATE audit_events SET actor = 'nobody'",
      'DELETE FROM audit_events',
      'TRUNCATE audit_events',
      'ALTER TABLE audit_events DISABLE TRIGGER ALL',
      'DROP TABLE audit_events',
      'DELETE FROM audit_relay',
      'DELETE FROM receipts',
      "UPDATE receipts SET status = 'rejected'",
      "UPDATE store_owner SET tenant_id = 'other'",
      'DELETE FROM schema_migrations',
      'CREATE TABLE records.mine (n integer)',
      'SET session_replication_role = replica',
    ]) {
      await assert.rejects(
        db.jot((tx) => tx.run(sql)),
        { code: 'STORE_UNAVAILABLE', kind: 'never' },
        sql,
      );
    }
    const { rows } = await store.documents({ limit: 5 });
    assert.equal(rows.length, 1);
  });

  test('each statement is prepared once by a connection, however it is asked, and run by its name from then on', async (t) => {
    const { store, databases, database } = await world(t);
    await receiveOne(store, 'x');
    const { host, port } = databases.owner;
    const own = { host, port, database, ...databases.role, schema: 'records', application: 'test', connections: 1 };
    const db = openPostgres(own);
    t.after(() => db.close());
    const ways: Record<string, (sql: string) => Promise<unknown>> = {
      alone: (sql) => db.all(sql, { n: 1 }),
      reading: (sql) => db.read((tx) => tx.all(sql, { n: 1 })),
      writing: (sql) => db.write([1, 1], (tx) => tx.get(sql, { n: 1 })),
      jotting: (sql) => db.jot((tx) => tx.run(sql, { n: 1 })),
    };
    const text = (way: string, parameter: string) =>
      `SELECT '${way}' AS way FROM documents WHERE ${parameter}::int > 0`;
    for (const [way, ask] of Object.entries(ways)) for (let n = 0; n < 2; n++) await ask(text(way, '@n'));
    const { rows } = await db.alone((client) =>
      client.query<{ statement: string; uses: number }>(
        "SELECT statement, (generic_plans + custom_plans)::int AS uses FROM pg_prepared_statements WHERE statement LIKE '%AS way FROM%'",
      ),
    );
    assert.deepEqual(
      rows.map(({ statement, uses }) => `${uses}: ${statement}`).sort(),
      Object.keys(ways)
        .map((way) => `2: ${text(way, '$1')}`)
        .sort(),
    );
  });

  test('a verb of the store that is asked again sends no text of a statement a second time', async (t) => {
    const { store, databases, database } = await world(t);
    await receiveOne(store, 'x');
    const { host, port } = databases.owner;
    let said = '';
    const line = await meddlingLine(`tcp://${host}:${port}`, {
      up: (chunk) => {
        said += chunk.toString('latin1');
        return chunk;
      },
    });
    t.after(() => line.close());
    const { hostname, port: near } = new URL(line.url);
    const through = await openPostgresRecords(
      { host: hostname, port: Number(near), database, ...databases.role, connections: 1 },
      { tenant_id: TENANT, clock: CLOCK },
    );
    t.after(() => through.close());
    const statementsOf = async (ask: () => Promise<unknown>): Promise<number> => {
      said = '';
      await ask();
      return said.match(/\b(?:SELECT|INSERT|UPDATE|DELETE)\b/g)?.length ?? 0;
    };
    for (const ask of [() => through.documents({ limit: 5 }), () => through.usage()]) {
      assert.ok((await statementsOf(ask)) > 0, 'what is sent is heard');
      assert.equal(await statementsOf(ask), 0);
    }
  });

  test('a deletion receipt cannot be changed or deleted', async (t) => {
    const { store, databases, database } = await world(t);
    await receiveOne(store, 'x');
    await erase(store, idOf('x'));
    for (const sql of [
      "UPDATE erasures SET reason = 'other'",
      "UPDATE erasures SET status = 'pending', erased_at = NULL",
      'DELETE FROM erasures',
      'TRUNCATE erasures',
    ]) {
      await assert.rejects(databases.asOwner(database, sql, undefined, 'records'), { code: '23000' }, sql);
    }
  });

  test('another tenant’s database is not opened', async (t) => {
    const { store, databases, database } = await world(t);
    await receiveOne(store, 'x');
    const { host, port } = databases.owner;
    const opening = openPostgresRecords(
      { host, port, database, ...databases.role },
      { tenant_id: 'other', clock: CLOCK },
    );
    await assert.rejects(opening, { code: 'ISOLATION_VIOLATED' });
  });

  test('credentials, databases and servers that are not there are STORE_UNAVAILABLE', async (t) => {
    const { databases, database } = await world(t);
    const { host, port } = databases.owner;
    const right = { host, port, database, ...databases.role };
    const options = { tenant_id: TENANT, clock: CLOCK };
    for (const wrong of [
      { password: 'wrong' },
      { database: 'no_such_database' },
      { port: 9 },
      { tls: { ca: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n' } },
    ]) {
      const opening = openPostgresRecords({ ...right, ...wrong }, options);
      await assert.rejects(opening, { code: 'STORE_UNAVAILABLE' }, JSON.stringify(wrong));
    }
  });

  test('over TLS the server is believed by the authority that was given and by no other, and nothing is said in the clear', async (t) => {
    const { store, databases, database } = await world(t);
    await receiveOne(store, 'x');
    const { host, port } = databases.owner;
    const [certificate, other] = [selfSigned(), selfSigned()];
    // It knows its clients by a certificate too.
    const line = await tlsLine(
      { ...certificate, ca: certificate.cert, requestCert: true, rejectUnauthorized: true },
      { target: { host, port }, asks: true },
    );
    t.after(() => line.close());
    const options = { tenant_id: TENANT, clock: CLOCK };
    const opening = (address: { host: string; port: number }, tls?: ServerTls) =>
      openPostgresRecords(
        { host: address.host, port: address.port, database, ...databases.role, ...(tls && { tls }) },
        options,
      );
    const over = await opening(line, { ca: certificate.cert, ...certificate });
    assert.equal((await over.documents({ limit: 5 })).total, 1);
    await over.close();
    const away = { code: 'STORE_UNAVAILABLE' };
    await assert.rejects(opening(line, { ca: other.cert, ...certificate }), away, 'another authority');
    await assert.rejects(
      opening(line, { ca: certificate.cert, ...certificate, servername: 'elsewhere' }),
      away,
      'another name',
    );
    await assert.rejects(opening(line, { ca: certificate.cert }), away, 'no certificate of its own');
    await assert.rejects(opening(line), away, 'in the clear');
    await assert.rejects(opening({ host, port }, { ca: certificate.cert }), { ...away, message: /offers no TLS/ });
  });

  test('a database that only takes reads is STORE_READ_ONLY for changes', async (t) => {
    const { store, databases, database, open } = await world(t);
    await receiveOne(store, 'x');
    await databases.asOwner(database, `ALTER ROLE ${databases.role.user} SET default_transaction_read_only = on`);
    const reader = await open();
    await databases.asOwner(database, `ALTER ROLE ${databases.role.user} RESET default_transaction_read_only`);
    assert.equal((await reader.documents({ limit: 5 })).total, 1);
    const refused = { code: 'STORE_READ_ONLY' };
    await assert.rejects(receiveOne(reader, 'y'), refused);
    await assert.rejects(reader.startStage(job(idOf('x'), 'parse'), minute(2)), refused);
    await assert.rejects(reader.clearOutbox(['x']), refused);
    await assert.rejects(reader.check(), refused);
  });

  test('sessions that the server ends in the middle of the work are made anew, and nothing is done twice', async (t) => {
    const { store, databases, database } = await world(t);
    const strike = async (): Promise<number> => (await sessions(databases, database, true)).length;
    // As a worker does: a stage whose end it did not hear of is begun again, and is stale where it had ended.
    const work = async (n: number): Promise<void> => {
      const id = await persist(() => receiveOne(store, `d${n}`));
      await persist(() => store.startStage(job(id, 'parse'), minute(2)));
      await persist(() =>
        store.finishStage({
          job: job(id, 'parse'),
          patch: {},
          entries: [entry('DOCUMENT_PARSED', 'document', id)],
          at: minute(2),
          outcome: 'advance',
        }),
      );
    };
    let ended = 0;
    for (let n = 0; n < 15; n++) {
      const strikes = Promise.all([strike(), strike()]);
      await work(n);
      for (const count of await strikes) ended += count;
    }
    assert.ok(ended > 0);
    const told = (await store.pendingEvents(1000)).map(({ event }) => event);
    const count = (type: string) => told.filter(({ event_type }) => event_type === type).length;
    assert.deepEqual([count('DOCUMENT_INGESTED'), count('BATCH_RECEIVED'), count('DOCUMENT_PARSED')], [15, 15, 15]);
    assert.equal((await store.documents({ limit: 50 })).total, 15);
    assert.equal((await store.outbox(100)).length, 30);
  });

  test('what was erased or replaced is in no file of the database once it was scrubbed', async (t) => {
    const { store, databases, database } = await world(t);
    const secret = (n: number) => `zyxcanary${n}wvut`;
    const chunks = Array.from({ length: 40 }, (_, n) => ({
      text: `${secret(n)} ${'filler '.repeat(80)}`,
      title: secret(n),
    }));
    const sent = arrival('b1', [{ file_id: 'f', content: 'x', metadata: { matter: 'zyxcanary metadata' } }]);
    sent.batch.files[0]!.filename = 'zyxcanary name.pdf';
    sent.batch.files[0]!.metadata = { matter: 'zyxcanary metadata' };
    for (const decision of sent.files) decision.receipt.original_filename = 'zyxcanary name.pdf';
    for (const { references } of sent.files.map(({ entry }) => entry)) references[0]!.value = 'zyxcanary name.pdf';
    await store.receive(sent);
    await toIndex(store, idOf('x'));
    await publish(store, idOf('x'), chunks);
    await indexed(store, 'y', [{ text: 'neighbour' }]);
    const line = { file_id: 'f', original_filename: 'zyxcanary name.pdf', problems: [{ message: 'zyxcanary' }] };
    await settleAsIs(store, 'b1', 'completed', { report: { files: [line] }, at: minute(4) });
    const holding = () => filesHolding(databases, database, 'zyxcanary');
    await databases.asOwner(database, 'VACUUM ANALYZE');
    await databases.asOwner(database, 'CHECKPOINT');
    assert.notDeepEqual(await holding(), [], 'the search must be able to find');

    // A version that redacts, before all of it goes.
    await store.restart(idOf('x'), 'parse', [], minute(4));
    await toIndex(store, idOf('x'), 2);
    await publish(store, idOf('x'), [{ text: '[REDACTED:NAME] words' }], { run: 2 });
    await erase(store, idOf('x'));
    // What the server does at a table on its own account may hold it back for a moment.
    await until('all of it to be scrubbed', () => store.scrub());
    await databases.asOwner(database, 'CHECKPOINT');
    assert.deepEqual(await holding(), []);
    assert.equal(await store.scrub(), true, 'nothing is owed any more');
    assert.equal((await store.searchText({ text: 'neighbour', limit: 5 })).length, 1);
  });

  test('a reader that may still see what was deleted holds the scrubbing back, and then no more', async (t) => {
    const { store, databases, database } = await world(t);
    const id = await indexed(store, 'x', [{ text: 'zyxcanary in the text' }]);
    const { host, port } = databases.owner;
    const reader = openPostgres({ host, port, database, ...databases.role, schema: 'records', application: 'test' });
    t.after(() => reader.close());
    await reader.read(async (tx) => {
      await tx.all('SELECT count(*) FROM configs');
      await erase(store, id);
      assert.equal(await store.scrub(), false);
    });
    // The server's own housekeeping may look at the table in the same moment.
    await until('the scrubbing', () => store.scrub());
    assert.deepEqual(await filesHolding(databases, database, 'zyxcanary'), []);
  });

  test('a database that the planner sampled keeps nothing of what can be erased', async (t) => {
    const { store, databases, database } = await world(t);
    const words = Array.from({ length: 60 }, (_, n) => ({ text: `zyxcanary${n}`, title: `zyxcanary${n}` }));
    await indexed(store, 'x', words, { metadata: { a: 'zyxcanary' } });
    for (let n = 0; n < 20; n++) {
      const sent = arrival(`b${n}`, [{ file_id: 'f', content: `x${n}`, metadata: { a: 'zyxcanary' } }]);
      for (const { receipt, entry } of sent.files) {
        receipt.original_filename = 'zyxcanary';
        entry.references[0]!.value = 'zyxcanary';
      }
      sent.batch.files[0]!.filename = 'zyxcanary';
      await store.receive(sent);
    }
    await databases.asOwner(database, 'ANALYZE');
    const found = await databases.asOwner(
      database,
      "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'records' AND pg_stats::text LIKE '%zyxcanary%'",
    );
    assert.deepEqual(found, []);
  });

  test('scores are those of the embedded store, to the last rank', async (t) => {
    const { store } = await world(t);
    const embedded = await sqliteWorld(openSqliteRecords);
    t.after(() => embedded.dispose());
    const random = seeded(11);
    const words =
      'payment Verträge 4711 invoice Vertrag operación résiliation termination der clause river договор bridge lease tenant résilié storage frozen pallet'.split(
        ' ',
      );
    // Some words are everywhere, some are rare; titles weigh more; lengths differ.
    const some = (most: number) =>
      Array.from({ length: random.whole(1, most) }, () => words[Math.floor(random.next() ** 2 * words.length)]).join(
        ' ',
      );
    for (let n = 0; n < 40; n++) {
      const specs = Array.from({ length: 5 }, () => ({ text: some(40), title: random.next() < 0.5 ? some(3) : '' }));
      // Most texts are cut as English is; the others are of languages, some of which have these words in forms of theirs.
      const language = n % 3 === 0 ? TEXT_LANGUAGES[(n / 3) % TEXT_LANGUAGES.length]! : null;
      for (const one of [store, embedded.store]) await indexed(one, `d${n}`, specs, { language });
    }
    for (const query of [
      ...[
        'pallet',
        'frozen pallets',
        'payment of the invoice',
        'the',
        'der',
        'Vertrag',
        'verträge 4711',
        'operaciones',
      ],
      ...['résiliation du contrat', 'resiliation', 'Договором', words.join(' ')],
    ]) {
      const [own, theirs] = [store, embedded.store].map((one) => one.searchText({ text: query, limit: 60 }));
      const [ours, expected] = [await own!, await theirs!];
      assert.deepEqual(
        ours.map(({ chunk_id }) => chunk_id),
        expected.map(({ chunk_id }) => chunk_id),
        query,
      );
      for (const [at, { score }] of ours.entries()) {
        assert.ok(Math.abs(score - expected[at]!.score) <= 1e-5 * Math.abs(score) + 1e-9, `${query}, rank ${at}`);
      }
    }
  });

  // Tables of a page or two are left out: reading them whole is right.
  test('no list, count or look-up walks through a table', async (t) => {
    const { store, another, databases, database, open } = await world(t);
    await fill(store, 600);
    for (const filled of [store, another()]) await filled.close();
    await databases.asOwner(database, 'VACUUM ANALYZE');
    const walked = async () => {
      // A session reports what it read when it ends.
      await until('the end of all sessions', async () => (await sessions(databases, database)).length === 0);
      const rows = await databases.asOwner<{ table: string; read: number }>(
        database,
        `SELECT relname AS table, seq_tup_read::integer AS read FROM pg_stat_user_tables
          WHERE relname = ANY ($1) ORDER BY relname`,
        [['documents', 'document_batches', 'document_metadata', 'receipts', 'audit_events', 'outbox']],
      );
      return rows;
    };
    const before = await walked();
    const looking = await open();
    // Often enough that the server keeps a plan for all values.
    for (let n = 0; n < 8; n++) await lookEverywhere(looking);
    await looking.close();
    assert.deepEqual(await walked(), before);
  });
});

describe('postgres records: migrations', { skip: missing ?? false }, () => {
  const stack = testStack() as TestStack;
  let databases: TestDatabases;
  before(async () => {
    if (missing === null) databases = await testDatabases(stack, async () => undefined);
  });
  after(() => databases?.dispose());

  const fresh = async (t: TestContext) => {
    const database = await databases.take();
    const db = openPostgres({ ...databases.owner, database, schema: 'records', application: 'test', connections: 1 });
    t.after(async () => {
      await db.close();
      await databases.asOwner(database, 'DROP SCHEMA IF EXISTS records CASCADE');
      await databases.giveBack(database);
    });
    return { database, db };
  };
  const SHAPE = `SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'records' ORDER BY 1, 2`;

  test('ended in the middle of any of them, the next call goes on and comes to the same', async (t) => {
    const whole = await fresh(t);
    await migrate(whole.db, 'records', MIGRATIONS, minute(0));
    const expected = await databases.asOwner(whole.database, SHAPE);
    const { database, db } = await fresh(t);
    for (const [at, migration] of MIGRATIONS.entries()) {
      const dying = { ...migration, sql: `${migration.sql}; SELECT pg_terminate_backend(pg_backend_pid())` };
      const list = [...MIGRATIONS.slice(0, at), dying, ...MIGRATIONS.slice(at + 1)];
      await assert.rejects(migrate(db, 'records', list, minute(0)), { code: 'STORE_UNAVAILABLE' });
      const done = await databases.asOwner(database, 'SELECT version FROM records.schema_migrations');
      assert.equal(done.length, at);
      await migrate(db, 'records', MIGRATIONS.slice(0, at + 1), minute(0));
    }
    await migrate(db, 'records', MIGRATIONS, minute(1));
    assert.deepEqual(await databases.asOwner(database, SHAPE), expected);
  });

  test('several processes that migrate at the same moment agree', async (t) => {
    const { database, db } = await fresh(t);
    const others = [1, 2, 3].map(() =>
      migratePostgresRecords({ ...databases.owner, database }, { clock: CLOCK, role: databases.role.user }),
    );
    await Promise.all([migrate(db, 'records', MIGRATIONS, minute(0)), ...others]);
    const done = await databases.asOwner<{ version: number }>(
      database,
      'SELECT version FROM records.schema_migrations ORDER BY version',
    );
    assert.deepEqual(
      done.map(({ version }) => version),
      MIGRATIONS.map(({ version }) => version),
    );
  });

  test('one that was not migrated is not opened, one of a newer version or another build neither', async (t) => {
    const { database, db } = await fresh(t);
    const { host, port } = databases.owner;
    const open = () =>
      openPostgresRecords({ host, port, database, ...databases.role }, { tenant_id: TENANT, clock: CLOCK });
    await assert.rejects(open(), { code: 'STORE_UNAVAILABLE', kind: 'later' });
    await migrate(db, 'records', MIGRATIONS.slice(0, 2), minute(0));
    await databases.asOwner(database, `GRANT USAGE ON SCHEMA records TO ${databases.role.user}`);
    await databases.asOwner(database, `GRANT SELECT ON records.schema_migrations TO ${databases.role.user}`);
    await assert.rejects(open(), { code: 'STORE_UNAVAILABLE', kind: 'later' });
    await databases.asOwner(
      database,
      "INSERT INTO records.schema_migrations VALUES (99, '0099-later', 'x', 'now', 'contract', '9.0.0')",
    );
    await assert.rejects(open(), { code: 'STORE_UNAVAILABLE', kind: 'never' });
    await assert.rejects(migrate(db, 'records', MIGRATIONS, minute(0)), { code: 'STORE_UNAVAILABLE', kind: 'never' });
    await databases.asOwner(database, 'DELETE FROM records.schema_migrations WHERE version = 99');
    await databases.asOwner(database, "UPDATE records.schema_migrations SET sha256 = 'x' WHERE version = 1");
    await assert.rejects(open(), { code: 'STORE_UNAVAILABLE', kind: 'never' });
  });
});

/** Sessions of the data plane's role in a database; with `end` they are ended. */
function sessions({ asOwner, role }: TestDatabases, database: string, end = false): Promise<object[]> {
  const what = end ? 'pg_terminate_backend(pid)' : 'pid';
  return asOwner(database, `SELECT ${what} FROM pg_stat_activity WHERE usename = $1 AND datname = $2`, [
    role.user,
    database,
  ]);
}

/** Until it is answered, as whoever calls a store that comes back does. */
async function persist<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'STORE_UNAVAILABLE' || tries > 200) throw error;
    }
  }
}

async function erase(store: RecordStore, docId: string): Promise<void> {
  const intent = { deletion_receipt_id: newId(), doc_id: docId, cause: 'request' as const, reason: 'r' };
  await store.beginErasure({ ...intent, requested_by: 'dana', requested_at: minute(5) });
  await store.decideErasure(intent.deletion_receipt_id, minute(5));
  await store.clearRows(intent.deletion_receipt_id);
  await store.completeErasure(intent.deletion_receipt_id, { verified: [], entries: () => [], at: minute(6) });
}

/** Files of a database, as the server has them on its disk, that hold a text. */
async function filesHolding(databases: TestDatabases, database: string, text: string): Promise<string[]> {
  const rows = await databases.asOwner<{ name: string }>(
    database,
    `SELECT f.name FROM (SELECT 'base/' || oid || '/' AS folder FROM pg_database WHERE datname = current_database()) d,
      LATERAL pg_ls_dir(d.folder) AS f (name)
      WHERE position($1::bytea IN coalesce(pg_read_binary_file(d.folder || f.name, true), '')) > 0`,
    [Buffer.from(text)],
  );
  return rows.map(({ name }) => name);
}

async function fill(store: RecordStore, count: number): Promise<void> {
  for (const name of ['other', 'large', 'more', 'last']) {
    const files = Array.from({ length: count }, (_, n) => ({
      file_id: `f${n}`,
      content: `${name}${n}`,
      metadata: { n },
    }));
    await store.receive(arrival(name, files));
  }
  for (let n = 0; n < 5; n++) {
    await store.receive(arrival(`b${n}`, [{ file_id: 'f', content: `large${n}` }]));
    await failed(store, `failed${n}`);
  }
}

/** Every verb that lists, counts or looks up, with each of its filters. */
async function lookEverywhere(store: RecordStore): Promise<void> {
  const id = idOf('large5');
  for (const page of [{ limit: 10 }, { limit: 10, after: id }, { limit: 5, offset: 20 }]) {
    await store.documents(page);
    await store.documents({ ...page, sort: 'asc' });
    await store.documents({ ...page, state: 'processing' });
    await store.documents({ ...page, batch_id: 'large' });
    await store.documents({ ...page, batch_id: 'large', state: 'parse_failed' });
    await store.quarantined(page);
  }
  await store.batches({ limit: 10 });
  await store.batches({ limit: 10, status: 'processing', after: 'b4' });
  await store.deadLetters({ limit: 10 });
  await store.deadLetters({ limit: 10, status: 'pending_review', stage: 'parse' });
  await store.isEmbeddingHalted();
  await store.isUnderWay('b3');
  await store.batchesOf(id);
  await store.openBatches('b1', 10);
  await store.unfinished(id, 10);
  await store.expired(minute(60_000_000), null, 10);
  await store.outbox(10);
  await store.pendingEvents(10);
  await store.documentsWith([{ field: 'n', of: 'value', kind: 'number', any_of: [{ gte: 3, lte: 5 }] }], 10);
  await store.batchFiles('b3');
  await store.counts();
  await store.erasing([id]);
}
