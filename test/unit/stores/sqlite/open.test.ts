import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import type { Migration } from '../../../../appliance/stores/shared/migration.ts';
import { openSqlite } from '../../../../appliance/stores/sqlite/open.ts';

const TABLE: Migration = {
  version: 1,
  name: '0001-t',
  sha256: 'a',
  step: 'expand',
  since: '0.1.0',
  sql: 'CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT) STRICT;',
};
const OPTIONS = { migrations: [TABLE], appliedAt: '2026-01-01T00:00:00.000Z' };

const HELD_MS = 60;
/** Writes, and holds the others back for a while. */
const HOLDER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Database = require('better-sqlite3');
  const db = new Database(workerData);
  db.exec("BEGIN IMMEDIATE; INSERT INTO t (x) VALUES ('a')");
  parentPort.postMessage('held');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${HELD_MS});
  db.exec('COMMIT');
  db.close();
`;

function file(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'x.db');
}

function opened(t: TestContext, path = file(t), options: Partial<Parameters<typeof openSqlite>[1]> = {}) {
  const db = openSqlite(path, { ...OPTIONS, ...options });
  t.after(() => db.close());
  return db;
}

describe('a SQLite connection', () => {
  test('is durable, zeroes what is deleted, keeps sorting in memory and trusts no schema', (t) => {
    const { raw } = opened(t);
    const settings = ['journal_mode', 'synchronous', 'secure_delete', 'foreign_keys', 'temp_store', 'trusted_schema'];
    assert.deepEqual(
      settings.map((name) => raw.pragma(name, { simple: true })),
      ['wal', 2, 1, 1, 2, 0],
    );
    assert.equal(raw.pragma('busy_timeout', { simple: true }), 10_000);
  });

  test('cuts the log of a process that was killed before it could: erased text is gone once anyone opens', (t) => {
    const path = file(t);
    const db = opened(t, path);
    db.run("INSERT INTO t (x) VALUES ('zyxsecret')");
    db.run('DELETE FROM t');
    // What a kill leaves: both files as they are, and nobody who would fold one into the other.
    const left = join(dirname(path), 'left.db');
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, left + suffix);
    const holds = () => ['', '-wal'].filter((suffix) => readFileSync(left + suffix).includes('zyxsecret'));
    assert.deepEqual(holds(), ['-wal'], 'the look can find');
    opened(t, left);
    assert.deepEqual(holds(), []);
  });

  test('waits for its turn while another connection writes, and a nested write is part of the outer one', async (t) => {
    const path = file(t);
    const [db, other] = [opened(t, path), new Worker(HOLDER, { eval: true, workerData: path })];
    await once(other, 'message');
    const began = performance.now();
    db.write(() => {
      db.write(() => db.run("INSERT INTO t (x) VALUES ('b')"));
      assert.deepEqual(db.all('SELECT x FROM t ORDER BY id'), [{ x: 'a' }, { x: 'b' }]);
    });
    assert.ok(performance.now() - began >= HELD_MS / 2, 'it was held back');
    assert.equal(db.raw.pragma('busy_timeout', { simple: true }), 10_000);
    await other.terminate();
  });

  test('runs statements with positions and with names', (t) => {
    const db = opened(t);
    assert.equal(db.run('INSERT INTO t (x) VALUES (?), (?)', ['a', 'b']), 2);
    assert.deepEqual(db.all('SELECT x FROM t WHERE x > @low', { low: 'a' }), [{ x: 'b' }]);
    assert.equal(db.get('SELECT x FROM t WHERE id = ?', [9]), undefined);
  });

  test('a throw in a write rolls all of it back and comes out as it is', (t) => {
    const db = opened(t);
    const mine = new FrostbyteError('VALIDATION_ERROR', 'no');
    assert.throws(
      () =>
        db.write(() => {
          db.run("INSERT INTO t (x) VALUES ('a')");
          throw mine;
        }),
      (error) => error === mine,
    );
    assert.deepEqual(db.all('SELECT * FROM t'), []);
  });

  test('a write inside a write belongs to it', (t) => {
    const db = opened(t);
    assert.throws(() =>
      db.write(() => {
        db.write(() => db.run("INSERT INTO t (x) VALUES ('a')"));
        throw new Error('later');
      }),
    );
    assert.deepEqual(db.all('SELECT * FROM t'), []);
  });

  test('a full disk is DISK_FULL, and the store goes on where it was', (t) => {
    const db = opened(t);
    db.run("INSERT INTO t (x) VALUES ('kept')");
    const pages = db.raw.pragma('page_count', { simple: true }) as number;
    db.raw.pragma(`max_page_count = ${pages + 1}`);
    assert.throws(() => db.write(() => db.run('INSERT INTO t (x) VALUES (?)', ['x'.repeat(100_000)])), {
      code: 'DISK_FULL',
    });
    assert.deepEqual(db.all('SELECT x FROM t'), [{ x: 'kept' }]);
    db.raw.pragma('max_page_count = 100000');
    db.run('INSERT INTO t (x) VALUES (?)', ['x'.repeat(100_000)]);
    assert.equal(db.all('SELECT id FROM t').length, 2);
  });

  test('a broken rule of the tables is INTERNAL_ERROR with its cause', (t) => {
    const db = opened(t);
    db.run("INSERT INTO t VALUES (1, 'a')");
    assert.throws(
      () => db.run("INSERT INTO t VALUES (1, 'b')"),
      (error: FrostbyteError) => {
        assert.equal(error.code, 'INTERNAL_ERROR');
        assert.equal((error.cause as { code: string }).code, 'SQLITE_CONSTRAINT_PRIMARYKEY');
        return true;
      },
    );
  });

  test('reads of one transaction see one state', (t) => {
    const path = file(t);
    const [reader, writer] = [opened(t, path), opened(t, path)];
    reader.read(() => {
      const before = reader.all('SELECT * FROM t').length;
      writer.run("INSERT INTO t (x) VALUES ('a')");
      assert.equal(reader.all('SELECT * FROM t').length, before);
    });
    assert.equal(reader.all('SELECT * FROM t').length, 1);
  });

  test('opened for reading it makes no file, runs no migration and says when one is due', (t) => {
    const path = file(t);
    assert.throws(() => openSqlite(path, { ...OPTIONS, readonly: true }), { code: 'STORE_UNAVAILABLE' });
    opened(t, path);
    const later = {
      version: 2,
      name: '0002-u',
      sha256: 'b',
      step: 'expand',
      since: '0.2.0',
      sql: 'CREATE TABLE u (id INTEGER);',
    } as const;
    assert.throws(() => openSqlite(path, { ...OPTIONS, migrations: [TABLE, later], readonly: true }), {
      code: 'STORE_READ_ONLY',
    });
    const reader = opened(t, path, { readonly: true });
    reader.check();
    assert.throws(() => reader.run("INSERT INTO t (x) VALUES ('a')"), { code: 'STORE_READ_ONLY' });
  });

  test('prepares the connection before the migrations run', (t) => {
    const sql = 'CREATE TABLE v AS SELECT answer() AS a;';
    const db = opened(t, file(t), {
      migrations: [{ version: 1, name: '0001-v', sha256: 'a', step: 'expand', since: '0.1.0', sql }],
      prepare: (raw) => raw.function('answer', () => 42),
    });
    assert.deepEqual(db.all('SELECT a FROM v'), [{ a: 42 }]);
  });

  test('closed, it is STORE_UNAVAILABLE, and closing again is harmless', (t) => {
    const db = opened(t);
    db.close();
    db.close();
    const closed = { code: 'STORE_UNAVAILABLE' };
    assert.throws(() => db.get('SELECT 1'), closed);
    assert.throws(() => db.write(() => 1), closed);
    assert.throws(() => db.check(), closed);
  });

  test('check passes on a sound store and its size grows with its content', (t) => {
    const db = opened(t);
    db.check();
    const before = db.bytes();
    db.run('INSERT INTO t (x) VALUES (?)', ['x'.repeat(50_000)]);
    assert.ok(db.bytes() >= before + 45_000);
  });
});
