import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import { manualClock } from '../support/manual-clock.ts';
import { LOG_TENANT, logged } from './log.suite.ts';

const OPTIONS = { tenant_id: LOG_TENANT, clock: manualClock() };

function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, file: join(folder, 'log.db') };
}

describe('sqlite log: the file', () => {
  test('events and links cannot be changed, deleted, replaced or put in between, not even directly', async (t) => {
    const { file } = place(t);
    const log = openSqliteLog(file, OPTIONS);
    t.after(() => log.close());
    await log.append([
      logged(1),
      logged(2, {
        event_type: 'CONTENT_READ',
        details: { component: 'serving-api', status: 'success', doc_ids: ['doc_1'] },
      }),
    ]);
    const db = new Database(file);
    t.after(() => db.close());
    const columns = 'event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details, leaf_hash';
    const attempts = [
      "UPDATE events SET actor = 'nobody'",
      'UPDATE events SET log_index = log_index + 10',
      'DELETE FROM events',
      `INSERT OR REPLACE INTO events (log_index, ${columns}) SELECT log_index, ${columns} FROM events`,
      `INSERT OR REPLACE INTO events (log_index, ${columns}) SELECT 2, ${columns} FROM events LIMIT 1`,
      `INSERT INTO events (log_index, ${columns}) SELECT 7, 'new' || ${columns} FROM events LIMIT 1`,
      `INSERT INTO events (log_index, ${columns}) SELECT -1, 'new' || ${columns} FROM events LIMIT 1`,
      "UPDATE event_links SET doc_id = 'doc_2'",
      'DELETE FROM event_links',
    ];
    for (const sql of attempts) assert.throws(() => db.exec(sql), { code: 'SQLITE_CONSTRAINT_TRIGGER' }, sql);
    assert.equal(await log.size(), 2);
  });

  test('erased references are nowhere in the folder', async (t) => {
    const { folder, file } = place(t);
    const log = openSqliteLog(file, OPTIONS);
    t.after(() => log.close());
    await log.append([logged(1, {}, 'dana-private.pdf')]);
    const traces = () =>
      readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes('dana-private'));
    assert.notDeepEqual(traces(), []);
    await log.eraseReferences('document', 'doc_1');
    assert.equal(await log.scrub(), true);
    assert.deepEqual(traces(), []);
  });

  test('what was appended is there after opening again', async (t) => {
    const { file } = place(t);
    const log = openSqliteLog(file, OPTIONS);
    const entry = logged(1);
    await log.append([entry]);
    await log.close();
    const again = openSqliteLog(file, OPTIONS);
    assert.deepEqual(await again.append([logged(2), entry]), [1, 0]);
    await again.close();
    const reader = openSqliteLog(file, { ...OPTIONS, readonly: true });
    t.after(() => reader.close());
    assert.equal(await reader.size(), 2);
    await assert.rejects(reader.append([logged(3)]), { code: 'STORE_READ_ONLY' });
    await assert.rejects(reader.eraseReferences('document', 'doc_1'), { code: 'STORE_READ_ONLY' });
  });

  test('another tenant’s log is not opened', async (t) => {
    const { file } = place(t);
    await openSqliteLog(file, OPTIONS).close();
    assert.throws(() => openSqliteLog(file, { ...OPTIONS, tenant_id: 'other' }), { code: 'ISOLATION_VIOLATED' });
  });

  test('a file that is no database is STORE_CORRUPTED', (t) => {
    const { file } = place(t);
    writeFileSync(file, 'no database at all '.repeat(300));
    assert.throws(() => openSqliteLog(file, OPTIONS), { code: 'STORE_CORRUPTED' });
  });

  test('pages by each filter are read through an index', async (t) => {
    const { file } = place(t);
    await openSqliteLog(file, OPTIONS).close();
    const db = new Database(file, { readonly: true });
    t.after(() => db.close());
    const filters = [
      'event_type = ?',
      'resource_type = ? AND resource_id = ?',
      'actor = ?',
      'status = ?',
      'log_index > ?',
    ];
    for (const filter of filters) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN SELECT * FROM events WHERE ${filter} ORDER BY log_index LIMIT 50`);
      const steps = plan.all(
        ...filter
          .split('?')
          .slice(1)
          .map(() => 'x'),
      ) as { detail: string }[];
      assert.match(steps.map(({ detail }) => detail).join('\n'), /^SEARCH [^\n]*$/, filter);
    }
  });
});
