import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import type { Migration } from '../../../../appliance/stores/shared/migration.ts';
import { isCurrent, migrate } from '../../../../appliance/stores/sqlite/migrate.ts';

const AT = '2026-01-01T00:00:00.000Z';
const one: Migration = {
  version: 1,
  name: '0001-one',
  sha256: 'a',
  step: 'expand',
  since: '0.1.0',
  sql: 'CREATE TABLE one (x TEXT); INSERT INTO one VALUES (1);',
};
const two: Migration = {
  version: 2,
  name: '0002-two',
  sha256: 'b',
  step: 'expand',
  since: '0.2.0',
  sql: 'CREATE TABLE two (x TEXT);',
};
const without: Migration = {
  version: 3,
  name: '0003-without-one',
  sha256: 'c',
  step: 'contract',
  since: '0.3.0',
  sql: 'DROP TABLE one;',
};
const tables = (db: Database.Database) =>
  db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").pluck().all();

describe('migrations', () => {
  test('run in order, once, and are written down', () => {
    const db = new Database(':memory:');
    assert.equal(isCurrent(db, [one]), false);
    migrate(db, [one], AT);
    migrate(db, [one, two], AT);
    migrate(db, [one, two], AT);
    assert.deepEqual(tables(db), ['one', 'schema_migrations', 'two']);
    assert.equal(db.prepare('SELECT count(*) FROM one').pluck().get(), 1);
    assert.deepEqual(db.prepare('SELECT version, name, sha256, applied_at FROM schema_migrations').raw().all(), [
      [1, '0001-one', 'a', AT],
      [2, '0002-two', 'b', AT],
    ]);
    assert.equal(isCurrent(db, [one, two]), true);
  });

  test('one that fails leaves nothing of itself, and what came before it stays', () => {
    const db = new Database(':memory:');
    const broken = { ...two, sql: 'CREATE TABLE two (x TEXT); INSERT INTO nowhere VALUES (1);' };
    assert.throws(() => migrate(db, [one, broken], AT), { code: 'SQLITE_ERROR' });
    assert.deepEqual(tables(db), ['one', 'schema_migrations']);
    migrate(db, [one, two], AT);
    assert.deepEqual(tables(db), ['one', 'schema_migrations', 'two']);
  });

  test('a schema that a newer release expanded is taken as it is', () => {
    const db = new Database(':memory:');
    migrate(db, [one, two], AT);
    migrate(db, [one], AT);
    assert.equal(isCurrent(db, [one]), true);
    assert.deepEqual(tables(db), ['one', 'schema_migrations', 'two']);
  });

  test('a schema from which a newer release took something away is refused untouched, and that release named', () => {
    const db = new Database(':memory:');
    migrate(db, [one, two, without], AT);
    for (const older of [[one], [one, two]])
      assert.throws(() => migrate(db, older, AT), {
        code: 'STORE_UNAVAILABLE',
        kind: 'never',
        message: /release 0\.3\.0 took away what this one needs \(0003-without-one\)/,
      });
    assert.deepEqual(tables(db), ['schema_migrations', 'two']);
  });

  test('a ledger of before migrations said what they do is gone on with, and believed nothing that it does not say', () => {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT;
      INSERT INTO schema_migrations VALUES (1, '0001-one', 'a', 'then'); ${one.sql}`);
    assert.equal(isCurrent(db, [one]), true);
    migrate(db, [one, two], AT);
    assert.deepEqual(db.prepare('SELECT version, step, since FROM schema_migrations').raw().all(), [
      [1, null, null],
      [2, 'expand', '0.2.0'],
    ]);
    assert.throws(() => isCurrent(db, []), { code: 'STORE_UNAVAILABLE', kind: 'never' });
  });

  test('a migration that changed after it was applied is refused', () => {
    const db = new Database(':memory:');
    migrate(db, [one], AT);
    assert.throws(() => migrate(db, [{ ...one, sha256: 'other' }, two], AT), {
      code: 'STORE_UNAVAILABLE',
      kind: 'never',
    });
    assert.deepEqual(tables(db), ['one', 'schema_migrations']);
  });
});
