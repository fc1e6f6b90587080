import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Migration } from '../../../../appliance/stores/shared/migration.ts';
import { gapOf } from '../../../../appliance/stores/sqlite/gaps.ts';
import { openSqlite, type SqliteConnection } from '../../../../appliance/stores/sqlite/open.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';
import { type Random, seeded } from '../../../support/faults/random.ts';

const migrations: Migration[] = [
  {
    version: 1,
    name: '0001-things',
    sha256: 'a',
    step: 'expand',
    since: '0.1.0',
    sql: `CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT, note TEXT);
      CREATE INDEX by_name ON things (name);
      CREATE TABLE texts (id INTEGER PRIMARY KEY, thing TEXT, text TEXT);
      CREATE INDEX of_thing ON texts (thing);
      CREATE VIRTUAL TABLE words USING fts5 (text, content = 'texts', content_rowid = 'id');
      INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
      CREATE TRIGGER comes AFTER INSERT ON texts BEGIN
        INSERT INTO words (rowid, text) VALUES (new.id, new.text); END;
      CREATE TRIGGER goes AFTER DELETE ON texts BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text); END;`,
  },
];
const open = (file: string) => openSqlite(file, { migrations, appliedAt: '2026-01-01T00:00:00.000Z' });
const whole = (db: SqliteConnection) => assert.equal(db.raw.pragma('integrity_check', { simple: true }), 'ok');

/** Rows of many lengths that come, change and go, so that the tree is balanced again and again. Answers what is gone. */
function comeAndGo(db: SqliteConnection, random: Random, mark: string): { gone: string[]; kept: string[] } {
  const all = Array.from({ length: 250 }, (_, n) => `zyx${mark}${String(n).padStart(4, '0')}q`);
  const filler = (letter: string) => letter.repeat(random.whole(0, 300));
  for (const word of all) {
    db.write(() => {
      db.run('INSERT INTO things VALUES (?, ?, ?)', [random.next().toString(36), `${word}.txt`, filler('y')]);
      db.run('INSERT INTO texts (thing, text) VALUES (?, ?)', [word, `The ${word} keeps ${filler('z ')}`]);
    });
    db.write(() => db.run('UPDATE things SET note = ? WHERE name = ?', [filler('x'), `${random.pick(all)}.txt`]));
  }
  const gone = all.filter(() => random.next() < 0.7);
  for (const word of gone) {
    db.write(() => {
      db.run('DELETE FROM things WHERE name = ?', [`${word}.txt`]);
      db.run('DELETE FROM texts WHERE thing = ?', [word]);
    });
  }
  return { gone, kept: all.filter((word) => !gone.includes(word)) };
}

const heldBy = (file: string, words: readonly string[]): string[] => {
  const files = [file, `${file}-wal`].filter((path) => existsSync(path)).map((path) => readFileSync(path, 'latin1'));
  return words.filter((word) => files.some((bytes) => bytes.includes(word)));
};

describe('wiping a file', () => {
  test('leaves no word of rows that are gone, which deleting and folding in the log does not', async (t) => {
    const folder = await temporaryFolder(t);
    const random = seeded(11);
    let leftByDeletion = 0;
    for (let trial = 0; trial < 8; trial++) {
      const file = join(folder, `${trial}.sqlite`);
      const db = open(file);
      const { gone, kept } = comeAndGo(db, random, 'a');
      assert.equal(db.forget(), true);
      leftByDeletion += heldBy(file, gone).length;
      assert.equal(await db.wipe(), true);
      assert.deepEqual(heldBy(file, gone), []);
      assert.deepEqual(heldBy(file, kept), kept);
      whole(db);
      db.close();
    }
    assert.ok(leftByDeletion > 0, 'nothing was there to be wiped');
  });

  test('brings nothing back by what other connections have in memory, and loses nothing that they write', async (t) => {
    const file = join(await temporaryFolder(t), 'a.sqlite');
    const [db, other] = [open(file), open(file)];
    const random = seeded(12);
    const { gone, kept } = comeAndGo(db, random, 'b');
    // Every page is in its memory, with what lies in the gaps.
    whole(other);
    const wiped = db.wipe();
    other.run('INSERT INTO things VALUES (?, ?, ?)', ['meanwhile', 'meanwhile.txt', '']);
    assert.equal(await wiped, true);
    const later = comeAndGo(other, random, 'c');
    assert.equal(await other.wipe(), true);
    assert.deepEqual(heldBy(file, [...gone, ...later.gone]), []);
    assert.deepEqual(
      heldBy(file, [...kept, ...later.kept, 'meanwhile.txt']).length,
      kept.length + later.kept.length + 1,
    );
    whole(db);
    assert.equal(db.get<{ id: string }>("SELECT id FROM things WHERE id = 'meanwhile'")?.id, 'meanwhile');
    other.close();
    db.close();
  });

  test('waits for a reader that still needs the log, and says so', async (t) => {
    const file = join(await temporaryFolder(t), 'a.sqlite');
    const [db, reader] = [open(file), open(file)];
    const { gone } = comeAndGo(db, seeded(13), 'd');
    reader.raw.exec('BEGIN');
    reader.get('SELECT count(*) FROM things');
    db.run('DELETE FROM things WHERE name = ?', ['none']);
    db.run("INSERT INTO things VALUES ('one', 'more', '')");
    assert.equal(await db.wipe(), false);
    reader.raw.exec('COMMIT');
    assert.equal(await db.wipe(), true);
    assert.deepEqual(heldBy(file, gone), []);
    reader.close();
    db.close();
  });

  test('serves all who ask while it runs by one more pass, and ends with the connection', async (t) => {
    const db = open(join(await temporaryFolder(t), 'a.sqlite'));
    comeAndGo(db, seeded(14), 'e');
    assert.deepEqual(await Promise.all([db.wipe(), db.wipe(), db.wipe()]), [true, true, true]);
    const late = db.wipe();
    db.close();
    await late.then(
      (done) => assert.equal(done, false),
      (error) => assert.equal(error.code, 'STORE_UNAVAILABLE'),
    );
  });
});

describe('the gap of a page', () => {
  test('is none where the page is no page of a tree, or contradicts itself', () => {
    const page = Buffer.alloc(4096);
    assert.equal(gapOf(page, 2), null);
    page[0] = 0x0d;
    page.writeUInt16BE(10, 3);
    page.writeUInt16BE(4000, 5);
    assert.deepEqual(gapOf(page, 2), [28, 4000]);
    page.writeUInt16BE(20, 5);
    assert.equal(gapOf(page, 2), null);
    page.writeUInt16BE(5000, 5);
    assert.equal(gapOf(page, 2), null);
    page[0] = 0x05;
    page.writeUInt16BE(4000, 5);
    assert.deepEqual(gapOf(page, 2), [32, 4000]);
  });
});

describe('opening a file', () => {
  test('that is open in this process leaves the locks that others go by', async (t) => {
    const file = join(await temporaryFolder(t), 'a.sqlite');
    const db = open(file);
    const { ino } = statSync(file);
    const locks = () =>
      readFileSync('/proc/locks', 'utf8')
        .split('\n')
        .filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
    const before = locks();
    assert.equal(before.length, 1, 'a connection holds a lock for as long as it is open');
    open(file).close();
    assert.equal(locks().length, 1);
    db.close();
  });

  test('by a link is refused', async (t) => {
    const folder = await temporaryFolder(t);
    open(join(folder, 'a.sqlite')).close();
    symlinkSync(join(folder, 'a.sqlite'), join(folder, 'b.sqlite'));
    assert.throws(() => open(join(folder, 'b.sqlite')), { code: 'ISOLATION_VIOLATED' });
    unlinkSync(join(folder, 'b.sqlite'));
  });
});
