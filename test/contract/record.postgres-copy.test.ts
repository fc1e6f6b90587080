import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { tlsOptions } from '../../appliance/kernel/server-tls.ts';
import { openPostgres } from '../../appliance/stores/postgres/connection.ts';
import { copyRows } from '../../appliance/stores/postgres/copy.ts';
import { isLost, storeError } from '../../appliance/stores/postgres/errors.ts';
import type { RecordStore } from '../../appliance/stores/record/port.ts';
import { openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import { breakingLine } from '../support/breaking-line.ts';
import { until } from '../support/faults/until.ts';
import { lineTo } from '../support/line.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';
import { chunksOf, entry, indexed, job, minute, publish, receiveOne, TENANT, toIndex } from './record/builders.ts';
import { CLOCK, postgresWorlds } from './record/postgres-world.ts';

const missing = stackMissing();
/** Whose turn it is to write records. */
const TURN = [0x4642, 1] as const;
/** More than the chunks of one statement, and far more than a line holds on the way. */
const MANY = 2_500;
const ONE_CHUNK = `INSERT INTO chunks (chunk_id, doc_id, run, position, text, page, start_char, end_char, element_type,
    metadata, policy, classification, words, length, tenant_id, embed_model, embed_version, embed_dimensions,
    vector_sha256, indexed_at)
  VALUES (@chunk_id, @doc_id, 1, @position, @text, 1, 0, 1, 'paragraph', '{}', '{}', 'contract', '', 2, 'acme', 'lexical',
    '1', 768, 'x', 'now')`;
/** One word, so that there is much to send and little to index. */
const LONG = 'x'.repeat(2_000);
/** So far only the chunks of a publication come. */
const AMONG_CHUNKS = 1_000_000;

describe('postgres records: chunks by COPY', { skip: missing ?? false }, () => {
  const make = missing === null ? postgresWorlds(testStack() as TestStack) : undefined;
  const world = async (t: TestContext) => {
    const made = await make!();
    t.after(() => made.dispose());
    const { databases, database } = made;
    const { host, port, tls } = databases.owner;
    const owner = openPostgres({ ...databases.owner, database, schema: 'records', application: 'a rival' });
    t.after(() => owner.close());
    /** The records by another way to the server. */
    const over = async (line: { host: string; port: number }): Promise<RecordStore> => {
      const store = await openPostgresRecords(
        { ...line, tls, database, ...databases.role, connections: 1 },
        { tenant_id: TENANT, clock: CLOCK },
      );
      t.after(() => store.close());
      return store;
    };
    /** Sessions of the data plane that wait for a lock of this kind. */
    const waiting = (kind: 'advisory' | 'transactionid') =>
      owner.all(
        `SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE NOT l.granted AND l.locktype = ? AND a.datname = current_database()`,
        [kind],
      );
    return { ...made, address: { host, port }, owner, over, waiting };
  };
  type World = Awaited<ReturnType<typeof world>>;

  const atIndex = async (store: RecordStore, name: string): Promise<string> => {
    const id = await receiveOne(store, name);
    await toIndex(store, id);
    return id;
  };
  /** So many chunks are there, seen or not, and what search weighs by agrees with them. */
  const agrees = async ({ owner }: World, chunks: number) => {
    const rows = await owner.get<{ chunks: number; words: number }>(
      'SELECT count(*) AS chunks, coalesce(sum(length), 0)::bigint AS words FROM chunks',
    );
    assert.equal(rows!.chunks, chunks);
    const tallies = await owner.all<{ name: string; entries: number }>(
      "SELECT name, entries FROM tallies WHERE name IN ('chunks', 'words') AND state = 'visible'",
    );
    const tally = Object.fromEntries(tallies.map(({ name, entries }) => [name, entries]));
    assert.deepEqual({ chunks: 0, words: 0, ...tally }, rows);
  };

  test('whatever texts hold comes back bit for bit, and an empty text is not nothing', async (t) => {
    const { store } = await world(t);
    const texts = [
      'back\\slash \\n \\t \\\\ \\x41 \\101 end\\',
      '\\N',
      '\\.',
      'a\\.\nb\n\\.\n',
      'tab\there, line\nand line\r\nand\rmore\v\f\b',
      'NUL\0 and mark\uffff and \uffff0 and \uffffd83d',
      'halves \ud83d alone \ude00, together 😀, doubled \ude00\ud83d',
      '👩‍👩‍👧 é e\u0301 \u202e \u2028 \ufeff \u0001 \u007f \u0085',
      '\'quoted\' "twice", {curly}, $1 @name ?',
      '',
    ];
    const id = await atIndex(store, 'x');
    await store.startStage(job(id, 'index'), minute(3));
    const { chunks, index_records } = chunksOf(
      id,
      texts.map((text) => ({ text, title: text })),
    );
    for (const [at, chunk] of chunks.entries()) {
      chunk.path = at % 2 === 0 ? null : { text: chunk.text };
      chunk.boxes = at % 3 === 0 ? null : [chunk.text, null, 0.1];
      chunk.element_type = at % 2 === 0 ? '' : '\\N';
    }
    const written = entry('INDEX_WRITTEN', 'document', id);
    const publication = {
      job: job(id, 'index'),
      chunks,
      index_records,
      patch: { chunks_indexed: chunks.length, classification: 'contract' },
      entries: [written],
      index_event_id: written.event.event_id,
      at: minute(3),
    };
    assert.equal(await store.publish(publication), true);
    const served = await store.documentChunks(id, { limit: 50, offset: 0 });
    assert.deepEqual(
      served.map((chunk) => Object.fromEntries(Object.keys(chunks[0]!).map((key) => [key, chunk[key as never]]))),
      chunks,
    );
    assert.deepEqual(
      served.map(({ index }) => index),
      index_records,
    );
  });

  test('5,000 chunks are there, each once and in their order', async (t) => {
    const made = await world(t);
    const specs = Array.from({ length: 5_000 }, (_, n) => ({ text: `clause ${n} of the lease` }));
    const id = await indexed(made.store, 'x', specs);
    await agrees(made, 5_000);
    const served = await made.store.documentChunks(id, { limit: 5_000, offset: 0 });
    assert.deepEqual(
      served.map(({ text }) => text),
      specs.map(({ text }) => text),
    );
    assert.equal((await made.store.searchText({ text: '4999', limit: 5 })).length, 1);
  });

  test('of two workers that have written the same chunks one publishes, and the other is stale', async (t) => {
    const made = await world(t);
    const { store, another, owner, waiting } = made;
    const id = await atIndex(store, 'x');
    const specs = Array.from({ length: 50 }, (_, n) => ({ text: `clause ${n}` }));
    // While another has the turn, one of both has its chunks written and waits for it, and the other waits for the one.
    const both = await owner.write(TURN, async () => {
      const publishing = Promise.allSettled([publish(store, id, specs), publish(another(), id, specs)]);
      await until('one that waits for its turn', async () => (await waiting('advisory')).length === 1);
      await until('one that waits for the other', async () => (await waiting('transactionid')).length === 1);
      return { publishing };
    });
    const said = (await both.publishing).map((one) => (one.status === 'fulfilled' ? one.value : one.reason));
    assert.deepEqual(said.sort(), [false, true]);
    await agrees(made, 50);
  });

  for (const [what, ends] of [
    ['stand', true],
    ['are taken back', false],
  ] as const)
    test(`chunks that another has written, and that ${what}, are there once`, async (t) => {
      const made = await world(t);
      const { store, owner, waiting } = made;
      const id = await atIndex(store, 'x');
      const specs = Array.from({ length: MANY }, (_, n) => ({ text: `clause ${n}` }));
      // The last of them, so that the statements before it are done.
      const publication = { job: job(id, 'index'), ...chunksOf(id, specs) };
      const given = new Error('taken back');
      let publishing: Promise<boolean> | undefined;
      const rival = owner.jot(async (tx) => {
        await tx.run(ONE_CHUNK, {
          chunk_id: publication.chunks.at(-1)!.chunk_id,
          doc_id: id,
          position: MANY - 1,
          text: specs.at(-1)!.text,
        });
        publishing = publish(store, id, specs);
        await until('one that waits', async () => (await waiting('transactionid')).length === 1);
        if (!ends) throw given;
      });
      await (ends ? rival : assert.rejects(rival, { cause: given }));
      assert.equal(await publishing, true);
      await agrees(made, MANY);
      const served = await store.documentChunks(id, { limit: MANY, offset: 0 });
      assert.deepEqual(
        served.map(({ text }) => text),
        specs.map(({ text }) => text),
      );
    });

  test('a connection that is cut in the middle of COPY is made anew, and the chunks are there once', async (t) => {
    const made = await world(t);
    const id = await atIndex(made.store, 'x');
    const line = await breakingLine(urlOf(made.address), [AMONG_CHUNKS, AMONG_CHUNKS, 2 * AMONG_CHUNKS]);
    t.after(() => line.close());
    const specs = Array.from({ length: MANY }, (_, n) => ({ text: `clause ${n} ${LONG}` }));
    assert.equal(await publish(await made.over(addressOf(line.url)), id, specs), true);
    assert.equal(line.breaks(), 3);
    await agrees(made, MANY);
  });

  test('one that is cut each time is reported as not made, and nothing of it is there', async (t) => {
    const made = await world(t);
    const id = await atIndex(made.store, 'x');
    const line = await breakingLine(
      urlOf(made.address),
      [1, 1, 1, 1].map(() => AMONG_CHUNKS),
    );
    t.after(() => line.close());
    const store = await made.over(addressOf(line.url));
    const specs = Array.from({ length: MANY }, (_, n) => ({ text: `clause ${n} ${LONG}` }));
    await assert.rejects(publish(store, id, specs), { code: 'STORE_UNAVAILABLE' });
    assert.equal(line.breaks(), 4);
    await agrees(made, 0);
    assert.equal((await made.store.searchText({ text: 'clause', limit: 5 })).length, 0);
    // The line holds now.
    assert.equal(await publish(store, id, specs), true);
    await agrees(made, MANY);
  });
});

describe('postgres: COPY in a transaction', { skip: missing ?? false }, () => {
  const make = missing === null ? postgresWorlds(testStack() as TestStack) : undefined;
  const world = async (t: TestContext) => {
    const { databases, database, dispose } = await make!();
    t.after(() => dispose());
    const line = await lineTo(databases.owner);
    t.after(() => line.close());
    const options = { ...databases.owner, database, schema: 'records', connections: 1 };
    const db = openPostgres({ ...options, host: line.host, port: line.port, application: 'a copy' });
    t.after(() => db.close());
    const owner = openPostgres({ ...options, application: 'its owner' });
    await owner.jot((tx) => tx.run('CREATE TABLE copied_here (n integer PRIMARY KEY, text text)'));
    t.after(async () => {
      await owner.jot((tx) => tx.run('DROP TABLE copied_here'));
      await owner.close();
    });
    const count = async () => (await db.get<{ n: number }>('SELECT count(*) AS n FROM copied_here'))!.n;
    const { host, port } = line;
    const { user, password, tls } = databases.owner;
    const ssl = tls === undefined ? false : tlsOptions(tls);
    const login = { host, port, user, password, ssl, database, options: '-c search_path=records' };
    return { db, owner, line, count, login: { ...login, application_name: 'a late one' } };
  };
  const COLUMNS = ['n', 'text'];
  const row = (n: number, text = 'x') => ({ n, text });

  test('rows of a key that is there are refused together, and the transaction goes on', async (t) => {
    const { db, count } = await world(t);
    const said = await db.writeLate([1, 1], async (tx) => [
      await tx.copy('copied_here', COLUMNS, [row(1), row(2)]),
      await tx.copy('copied_here', COLUMNS, [row(3), row(2)]),
      await tx.copy('copied_here', COLUMNS, []),
      await tx.copy('copied_here', COLUMNS, [row(4)]),
    ]);
    assert.deepEqual(said, [true, false, true, true]);
    assert.deepEqual(await db.all('SELECT n FROM copied_here ORDER BY n'), [{ n: 1 }, { n: 2 }, { n: 4 }]);
    assert.equal(await count(), 3);
  });

  test('a refusal of the server leaves nothing, and the connection can be used again', async (t) => {
    const { db, line, count } = await world(t);
    assert.equal(await count(), 0);
    const made = line.connections();
    for (const [table, rows, code] of [
      ['copied_here', [row(1), { n: 'no number', text: 'x' }], 'INTERNAL_ERROR'],
      ['nowhere', [row(1)], 'INTERNAL_ERROR'],
      [
        'copied_here',
        many(100_000, (n) => (n === 10 ? { n: 'no number', text: 'x' } : row(n, 'x'.repeat(200)))),
        'INTERNAL_ERROR',
      ],
    ] as const) {
      const copying = db.writeLate([1, 1], (tx) => tx.copy(table, COLUMNS, rows));
      await assert.rejects(copying, { code }, table);
      assert.equal(await count(), 0);
    }
    assert.equal(line.connections(), made);
  });

  test('rows that end in an error are given up, and that error is thrown', async (t) => {
    const { db, line, count } = await world(t);
    assert.equal(await count(), 0);
    const made = line.connections();
    for (const at of [0, 1, 50_000]) {
      const defect = new Error(`a defect at ${at}`);
      const rows = many(100_000, (n) => {
        if (n === at) throw defect;
        return row(n, 'x'.repeat(100));
      });
      const copying = db.writeLate([1, 1], (tx) => tx.copy('copied_here', COLUMNS, rows));
      await assert.rejects(copying, { cause: defect });
      assert.equal(await count(), 0);
    }
    assert.equal(line.connections(), made);
  });

  test('no more rows are asked for than the server takes; a cancelled statement is told as busy', async (t) => {
    const { db, owner, line, count } = await world(t);
    const all = 4_000;
    let asked = 0;
    // 256 MB, of which a held line takes what the systems on the way hold.
    const rows = many(all, (n) => {
      asked = n + 1;
      if (n === 10) line.hold();
      return row(n, 'x'.repeat(64 * 1024));
    });
    const copying = db.writeLate([1, 1], (tx) => tx.copy('copied_here', COLUMNS, rows));
    const refused = assert.rejects(copying, { code: 'STORE_UNAVAILABLE', message: 'The database is busy.' });
    let before = -1;
    await until('a stand', () => {
      const stands = asked > 10 && asked === before;
      before = asked;
      return stands;
    });
    assert.ok(asked < all / 4, `${asked} rows`);
    const cancelled = await owner.all(
      "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'a copy' AND query LIKE 'COPY %'",
    );
    assert.equal(cancelled.length, 1);
    const made = line.connections();
    line.release();
    await refused;
    assert.ok(asked < all);
    assert.equal(await count(), 0);
    assert.equal(line.connections(), made);
  });

  test('a server that says nothing any more is told as one that does not answer, and what it says later does no harm', async (t) => {
    const { owner, line, login } = await world(t);
    const client = new Client({ ...login, query_timeout: 1_000 });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    const rows = many(4_000, (n) => {
      if (n === 10) line.hold();
      return row(n, 'x'.repeat(64 * 1024));
    });
    const ended = once(client, 'end');
    await assert.rejects(copyRows(client as never, 'copied_here', COLUMNS, rows), (error) => {
      // As whoever lends connections does with a lost one.
      void client.end();
      return isLost(error) && storeError(error).code === 'STORE_UNAVAILABLE';
    });
    line.release();
    await ended;
    await until('the end of its session', async () => {
      const sessions = await owner.all("SELECT 1 AS one FROM pg_stat_activity WHERE application_name = 'a late one'");
      return sessions.length === 0;
    });
    assert.deepEqual(await owner.all('SELECT n FROM copied_here'), []);
  });
});

function* many<Row>(count: number, row: (n: number) => Row): Iterable<Row> {
  for (let n = 0; n < count; n++) yield row(n);
}

const urlOf = ({ host, port }: { host: string; port: number }) => `http://${host}:${port}`;
const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });
