import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPostgres } from '../../appliance/stores/postgres/connection.ts';
import { until } from '../support/faults/until.ts';
import { lineTo } from '../support/line.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const ANSWER_MS = 400;

describe('a database that hangs', { skip: stackMissing() ?? false }, () => {
  test('is waited for once by each caller, left alone after two of them, and used again as soon as it answers', async (t) => {
    const { host, port, user, password, tls } = testStack()!.postgres;
    const line = await lineTo({ host, port });
    t.after(() => line.close());
    const options = { host: line.host, port: line.port, user, password, ...(tls && { tls }) };
    const names = { database: 'postgres', schema: 'public', application: 'a hang' };
    const db = openPostgres({ ...options, ...names, connections: 4, answerMs: ANSWER_MS });
    t.after(() => db.close());
    const one = () => db.get<{ one: number }>('SELECT 1 AS one');
    await Promise.all(Array.from({ length: 4 }, one));
    line.hold();
    const before = line.connections();
    const both = await Promise.allSettled([one(), db.read((tx) => tx.get('SELECT 1 AS one'))]);
    for (const each of both)
      assert.match(String((each as PromiseRejectedResult).reason), /STORE_UNAVAILABLE|does not answer/);
    assert.equal(line.connections(), before, 'neither was tried again');
    await assert.rejects(one(), (error: { code: string; message: string; retryAfter?: number }) => {
      assert.match(error.message, /left alone for a moment/);
      return error.code === 'STORE_UNAVAILABLE' && error.retryAfter! >= 1;
    });
    assert.equal(line.connections(), before, 'nobody was asked');
    line.release();
    await until('an answer', async () => (await one().catch(() => undefined))?.one === 1);
  });
});
