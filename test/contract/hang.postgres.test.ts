import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openPostgres, type PostgresConnection } from '../../appliance/stores/postgres/connection.ts';
import { until } from '../support/faults/until.ts';
import { type Line, lineTo } from '../support/line.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/** A server that says nothing for this long is asked whether it is there, and given this long to answer. */
const HANG = { afterMs: 200, knockMs: 300 };
/** Both of them, the second knock, and what a busy machine adds. */
const FOUND_MS = 2_500;
/** Longer than it takes to find out that a server hangs: `HANG` several times over. */
const LONG_S = 2;

describe('a database that hangs', { skip: stackMissing() ?? false }, () => {
  let line: Line;
  let db: PostgresConnection;
  before(async () => {
    const { host, port, user, password, tls } = testStack()!.postgres;
    line = await lineTo({ host, port });
    const options = { host: line.host, port: line.port, user, password, ...(tls && { tls }) };
    db = openPostgres({
      ...options,
      ...{ database: 'postgres', schema: 'public', application: 'a hang', connections: 4, hang: HANG },
    });
  });
  after(async () => {
    await db?.close();
    await line?.close();
  });

  const one = () => db.get<{ one: number }>('SELECT 1 AS one');
  const warm = () => Promise.all(Array.from({ length: 4 }, one));
  const answers = () => until('an answer', async () => (await one().catch(() => undefined))?.one === 1);
  const HANGS = { code: 'STORE_UNAVAILABLE', message: 'The database does not answer.' };

  test('is found out by each caller in the middle of a statement, left alone after two of them, and used again as soon as it answers', async () => {
    await warm();
    line.hold();
    const began = performance.now();
    const callers = [one(), db.read((tx) => tx.get('SELECT 1 AS one'))];
    for (const each of await Promise.allSettled(callers)) {
      const { code, message } = (each as PromiseRejectedResult).reason as { code: string; message: string };
      assert.deepEqual({ code, message }, HANGS);
    }
    const ms = performance.now() - began;
    assert.ok(ms < FOUND_MS, `${ms} ms`);
    const before = line.connections();
    await assert.rejects(one(), (error: { code: string; message: string; retryAfter?: number }) => {
      assert.match(error.message, /left alone for a moment/);
      return error.code === 'STORE_UNAVAILABLE' && error.retryAfter! >= 1;
    });
    assert.equal(line.connections(), before, 'nobody was asked');
    line.release();
    await answers();
  });

  test('is found out in the middle of a COPY and of a transaction that does nothing, and by who waits for a connection', async () => {
    await answers();
    await warm();
    const stopped = Promise.withResolvers<void>();
    let isUnderWay = 0;
    const underWay = () => {
      isUnderWay += 1;
      if (isUnderWay === 4) line.hold();
    };
    const rows = function* (): Iterable<{ one: string }> {
      // More than any buffer on the way takes.
      for (let n = 0; n < 50_000; n++) yield { one: 'herring'.repeat(200) };
    };
    const copying = db.writeLate([0x4642, 98], async (tx) => {
      await tx.run('CREATE TEMP TABLE hung (one text) ON COMMIT DROP');
      underWay();
      await until('the hang', () => isUnderWay === 4);
      await tx.copy('hung', ['one'], rows());
    });
    // Whoever has a connection and does something else meanwhile finds out as soon as it asks.
    const idle = [1, 2, 3].map(() =>
      db.read(async (tx) => {
        await tx.get('SELECT 1');
        underWay();
        await stopped.promise;
        await tx.get('SELECT 1');
      }),
    );
    await until('the hang', () => isUnderWay === 4);
    const began = performance.now();
    const ended = Promise.allSettled([copying, ...idle]);
    await assert.rejects(copying, HANGS);
    assert.ok(performance.now() - began < FOUND_MS);
    stopped.resolve();
    for (const each of await ended) assert.equal((each as PromiseRejectedResult).reason.code, 'STORE_UNAVAILABLE');
    line.release();
    await answers();
  });

  test('is another thing than a statement that takes long, which is let be', async () => {
    await answers();
    const { waited } = (await db.get<{ waited: number }>(`SELECT 1 AS waited FROM pg_sleep(${LONG_S})`))!;
    assert.equal(waited, 1);
    const long = db.alone(async (client) => (await client.query(`SELECT 2 AS two FROM pg_sleep(${LONG_S})`)).rows);
    assert.deepEqual(await long, [{ two: 2 }]);
  });
});
