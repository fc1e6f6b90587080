import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { newId } from '../../appliance/kernel/ids.ts';
import { MIGRATIONS } from '../../appliance/stores/record/migrations/sqlite.gen.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { migrate } from '../../appliance/stores/sqlite/migrate.ts';
import { openSqlite } from '../../appliance/stores/sqlite/open.ts';
import { bindOwner } from '../../appliance/stores/sqlite/owner.ts';
import {
  arrival,
  entry,
  events,
  failed,
  failedAt,
  idOf,
  indexed,
  minute,
  publish,
  receiveOne,
  settleAsIs,
  TENANT,
  toIndex,
} from './record/builders.ts';
import { sqliteWorld } from './record/sqlite-world.ts';

const CLOCK = { now: () => 0, iso: () => minute(1) };
const OPTIONS = { tenant_id: TENANT, clock: CLOCK };

async function world(t: TestContext) {
  const made = await sqliteWorld(openSqliteRecords);
  t.after(() => made.dispose());
  return made;
}

function writer(file: string, name: string, most?: number): ChildProcess {
  const script = join(import.meta.dirname, 'record', 'write-until-killed.ts');
  return spawn(process.execPath, [script, file, name, ...(most === undefined ? [] : [String(most)])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Every rule that ties the tables together, asked of the file itself. */
function assertConsistent(file: string): void {
  const db = new Database(file);
  const none = (sql: string) => assert.deepEqual(db.prepare(sql).all(), [], sql);
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    assert.deepEqual(db.pragma('foreign_key_check'), []);
    db.prepare("INSERT INTO chunks_fts (chunks_fts) VALUES ('integrity-check')").run();
    none("SELECT receipt_id FROM receipts WHERE status = 'accepted' AND doc_id NOT IN (SELECT doc_id FROM documents)");
    none('SELECT doc_id FROM documents WHERE receipt_id NOT IN (SELECT receipt_id FROM receipts)');
    none('SELECT chunk_id FROM chunks WHERE chunk_id NOT IN (SELECT chunk_id FROM index_records)');
    none(`SELECT doc_id FROM documents d WHERE state = 'processing'
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.doc_id = d.doc_id AND o.run = d.run AND o.stage = d.current_stage)`);
    none(`SELECT doc_id FROM documents WHERE index_event_id NOT IN (SELECT event_id FROM audit_events)`);
    none(`SELECT batch_id FROM batches b WHERE status <> 'receiving'
      AND NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.resource_type = 'batch' AND e.resource_id = b.batch_id)`);
    none(`SELECT l.doc_id FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id WHERE l.state <> d.state`);
    none(`SELECT name, state, entries FROM tallies WHERE name LIKE 'dead_letters of %' AND entries <>
      (SELECT count(*) FROM dead_letters d WHERE 'dead_letters of ' || d.stage = name AND d.status = state)`);
    for (const table of ['documents', 'batches', 'chunks', 'uploads']) {
      const kept = db.prepare('SELECT sum(entries) AS n FROM tallies WHERE name = ?').get(table);
      assert.deepEqual(kept, db.prepare(`SELECT count(*) AS n FROM ${table}`).get(), `total of ${table}`);
    }
    assert.deepEqual(
      db.prepare("SELECT state, entries FROM tallies WHERE name = 'language' AND entries <> 0 ORDER BY state").all(),
      db
        .prepare('SELECT language AS state, count(*) AS entries FROM chunks WHERE language IS NOT NULL GROUP BY 1')
        .all(),
    );
  } finally {
    db.close();
  }
}

describe('sqlite records: the file', () => {
  test('audit events and receipts cannot be changed, deleted or replaced, not even directly', async (t) => {
    const { store, file } = await world(t);
    await receiveOne(store, 'x');
    const db = new Database(file);
    t.after(() => db.close());
    const attempts = [
      "UPDATE audit_events SET actor = 'nobody'",
      'DELETE FROM audit_events',
      "INSERT OR REPLACE INTO audit_events SELECT seq, event_id, tenant_id, 'FORGED', timestamp, actor, resource_type, resource_id, details, previous_event_id FROM audit_events",
      "REPLACE INTO audit_events (event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details) SELECT event_id, tenant_id, 'FORGED', timestamp, actor, resource_type, resource_id, details FROM audit_events",
      "UPDATE OR REPLACE audit_events SET event_type = 'FORGED'",
      "UPDATE receipts SET status = 'rejected'",
      "UPDATE chunks SET text = 'other'",
    ];
    await indexed(store, 'y', [{ text: 'hello' }]);
    const before = await events(store);
    for (const sql of attempts) assert.throws(() => db.exec(sql), { code: 'SQLITE_CONSTRAINT_TRIGGER' }, sql);
    assert.deepEqual(await events(store), before);
  });

  test('a file from before there were uploads takes them once it is opened, and keeps what it held', async (t) => {
    const { store, file } = await world(t);
    await receiveOne(store, 'x');
    await store.close();
    const before = join(dirname(file), 'before.db');
    const uploads = MIGRATIONS.findIndex(({ name }) => name.endsWith('-uploads'));
    openSqlite(before, { migrations: MIGRATIONS.slice(0, uploads), appliedAt: minute(0) }).close();
    const db = new Database(before);
    db.exec(`ATTACH '${file}' AS later`);
    for (const table of ['store_owner', 'configs', 'batches', 'documents', 'receipts', 'document_batches', 'outbox']) {
      const names = db.pragma(`table_info(${table})`) as { name: string }[];
      const columns = names.map(({ name }) => name).join(', ');
      db.exec(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM later.${table}`);
    }
    db.close();
    const opened = openSqliteRecords(before, OPTIONS);
    t.after(() => opened.close());
    assert.equal((await opened.documents({ limit: 10 })).total, 1);
    const upload = { upload_id: newId(), length: 3, metadata: {}, submitted_by: 'x', created_at: minute(1) };
    const limits = { most: 1, quota_bytes: 1000 };
    assert.equal(await opened.createUpload({ ...upload, expires_at: minute(9) }, limits, []), 'created');
    assert.equal(await opened.announcedBytes([]), 3);
  });

  test('a file from before texts had languages finds its documents, and takes new ones in theirs', async (t) => {
    const { store, file } = await world(t);
    const id = await indexed(store, 'x', [
      { text: 'The termination of all Vergütungen', title: 'Größen' },
      { text: 'y' },
    ]);
    await store.close();
    const before = join(dirname(file), 'before.db');
    const languages = MIGRATIONS.findIndex(({ name }) => name.endsWith('-text-language'));
    openSqlite(before, { migrations: MIGRATIONS.slice(0, languages), appliedAt: minute(0) }).close();
    const db = new Database(before);
    db.exec(`ATTACH '${file}' AS later`);
    for (const table of [
      ...['store_owner', 'configs', 'batches', 'documents', 'receipts', 'document_batches', 'chunks', 'index_records'],
      'audit_events',
    ]) {
      const names = db.pragma(`table_info(${table})`) as { name: string }[];
      const columns = names.map(({ name }) => name).join(', ');
      db.exec(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM later.${table}`);
    }
    db.close();
    const opened = openSqliteRecords(before, OPTIONS);
    t.after(() => opened.close());
    const hits = async (text: string) => (await opened.searchText({ text, limit: 9 })).length;
    for (const text of ['terminating', 'vergutungen', 'grossen größen']) assert.equal(await hits(text), 1, text);
    assert.equal(await hits('Vergütung'), 0, 'its rows are as they were');
    await indexed(opened, 'new', [{ text: 'Neue Vergütungen' }], { language: 'de' });
    assert.equal(await hits('Vergütungen'), 2);
    assert.equal(await hits('Vergütung'), 1);
    await opened.restart(id, 'parse', [], minute(4));
    await toIndex(opened, id, 2);
    await publish(opened, id, [{ text: 'Alle Vergütungen' }], { run: 2, language: 'de' });
    assert.equal(await hits('Vergütung'), 2, 'found by its language once it ran again');
    assert.equal(await hits('termination'), 0);
    await opened.close();
    assertConsistent(before);
  });

  test('text that a new publication replaced is nowhere in the folder', async (t) => {
    const { store, file } = await world(t);
    const secret = (n: number) => `zyxcanary${n}wvut`;
    const chunks = Array.from({ length: 40 }, (_, n) => ({
      text: `${secret(n)} ${'filler words '.repeat(60)}`,
      title: secret(n),
    }));
    const id = await indexed(store, 'x', chunks);
    await indexed(
      store,
      'y',
      chunks.map(({ text }) => ({ text: text.replace('zyxcanary', 'neighbour') })),
    );
    assert.equal(traces(dirname(file), 'zyxcanary').length > 0, true, 'the search must be able to find');
    await store.restart(id, 'parse', [], minute(4));
    await toIndex(store, id, 2);
    await publish(store, id, [{ text: '[REDACTED:NAME] words' }], { run: 2 });
    assert.deepEqual(traces(dirname(file), 'zyxcanary'), []);
    assert.equal((await store.searchText({ text: 'neighbour7wvut', limit: 5 })).length, 1);
  });

  test('nor are the terms of a language by which a replaced or an erased text was found', async (t) => {
    const { store, file } = await world(t);
    const chunks = Array.from({ length: 26 }, (_, n) => {
      const secret = `zyxcanary${String.fromCharCode(97 + n)}wöhrungen`;
      return { text: `${secret} ${'und Füllwörter '.repeat(60)}`, title: secret };
    });
    const neighbours = chunks.map(({ text }) => ({ text: text.replace('zyxcanary', 'neighbour') }));
    await indexed(store, 'y', neighbours, { language: 'de' });
    const id = await indexed(store, 'x', chunks, { language: 'de' });
    assert.equal((await store.searchText({ text: 'zyxcanarycwöhrung', limit: 5 })).length, 1);
    for (const text of ['zyxcanary', 'zyxcanaryjwohr'])
      assert.notDeepEqual(traces(dirname(file), text), [], 'the search must be able to find');
    await store.restart(id, 'parse', [], minute(4));
    await toIndex(store, id, 2);
    await publish(store, id, chunks.slice(0, 3), { run: 2, language: 'de' });
    assert.equal(traces(dirname(file), 'zyxcanary').length > 0, true, 'three of them are there');
    assert.deepEqual(traces(dirname(file), 'zyxcanaryd'), []);
    const intent = { deletion_receipt_id: newId(), doc_id: id, cause: 'request' as const, reason: 'r' };
    await store.beginErasure({ ...intent, requested_by: 'dana', requested_at: minute(5) });
    await store.decideErasure(intent.deletion_receipt_id, minute(5));
    await store.clearRows(intent.deletion_receipt_id);
    await store.completeErasure(intent.deletion_receipt_id, { verified: [], entries: () => [], at: minute(6) });
    assert.deepEqual(traces(dirname(file), 'zyxcanary'), []);
    assert.equal((await store.searchText({ text: 'neighbourcwöhrung', limit: 5 })).length, 1);
    const db = new Database(file);
    t.after(() => db.close());
    db.prepare("INSERT INTO chunks_fts (chunks_fts) VALUES ('integrity-check')").run();
    assert.deepEqual(db.prepare("SELECT state, entries FROM tallies WHERE name = 'language'").all(), [
      { state: 'de', entries: neighbours.length },
    ]);
  });

  test('a reader that holds old pages only delays that: the next write takes them away', async (t) => {
    const { store, file } = await world(t);
    const id = await indexed(store, 'x', [{ text: 'zyxcanary in the text' }]);
    const reader = new Database(file, { readonly: true });
    t.after(() => reader.close());
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM chunks').get();
    await store.restart(id, 'parse', [], minute(4));
    await toIndex(store, id, 2);
    assert.equal(await publish(store, id, [{ text: 'clean' }], { run: 2 }), true);
    assert.notDeepEqual(traces(dirname(file), 'zyxcanary'), []);
    reader.exec('COMMIT');
    await store.check();
    assert.deepEqual(traces(dirname(file), 'zyxcanary'), []);
  });

  test('personal references are nowhere in the folder once the log has taken the event over', async (t) => {
    const { store, file } = await world(t);
    await store.appendEntries([entry('DOCUMENT_INGESTED', 'document', 'doc_1', {}, 'dana-private-report.pdf')]);
    assert.notDeepEqual(traces(dirname(file), 'dana-private'), []);
    const [pending] = await store.pendingEvents(1);
    await store.markRelayed([{ seq: pending!.seq, event_id: pending!.event.event_id, log_index: 0 }]);
    assert.deepEqual(traces(dirname(file), 'dana-private'), []);
  });

  test('the name of an upload is nowhere in the folder once it was given up, expired, or taken by a batch', async (t) => {
    const { store, file } = await world(t);
    const begin = async (kind: string): Promise<string> => {
      const upload_id = newId();
      const upload = { upload_id, length: 3, submitted_by: 'dana', created_at: minute(1), expires_at: minute(9) };
      const metadata = { filename: `zyxcanary ${kind}.pdf` };
      assert.equal(await store.createUpload({ ...upload, metadata }, { most: 9, quota_bytes: 1000 }, []), 'created');
      return upload_id;
    };
    const [given, expired, taken] = [await begin('given up'), await begin('expired'), await begin('taken')];
    const piece = { start: 0, bytes: 3, object_key: 'uploads/acme/x/0' };
    assert.ok(await store.extendUpload(taken, piece, { at: minute(2), expires_at: minute(9) }));
    const left = () =>
      ['given up', 'expired', 'taken'].filter((kind) => traces(dirname(file), `zyxcanary ${kind}`).length > 0);
    assert.deepEqual(left(), ['given up', 'expired', 'taken'], 'the search must be able to find');
    assert.equal(await store.endUpload(given, []), true);
    assert.deepEqual(left(), ['expired', 'taken']);
    assert.equal(await store.endUpload(expired, [], minute(9)), true);
    assert.deepEqual(left(), ['taken']);
    const sent = arrival('b1', [{ file_id: 'f', content: 'x' }]);
    await store.receive({ ...sent, uploads: [taken] });
    assert.equal((await store.upload(taken))!.state, 'taken');
    assert.deepEqual(left(), []);
  });

  test('nothing of an erased document is in the folder, and a deletion receipt cannot be changed', async (t) => {
    const { store, file } = await world(t);
    const secret = (n: number) => `zyxcanary${n}wvut`;
    const chunks = Array.from({ length: 40 }, (_, n) => ({
      text: `${secret(n)} ${'filler '.repeat(80)}`,
      title: secret(n),
    }));
    const files = [{ file_id: 'f', content: 'x', metadata: { matter: 'zyxcanary metadata' } }];
    const sent = arrival('b1', files);
    sent.batch.files[0]!.filename = 'zyxcanary name.pdf';
    sent.batch.files[0]!.metadata = { matter: 'zyxcanary metadata' };
    for (const decision of sent.files) decision.receipt.original_filename = 'zyxcanary name.pdf';
    const id = idOf('x');
    await store.receive(sent);
    await toIndex(store, id);
    await publish(store, id, chunks);
    await indexed(store, 'y', [{ text: 'neighbour' }]);
    const line = { file_id: 'f', original_filename: 'zyxcanary name.pdf', problems: [{ message: 'zyxcanary' }] };
    await settleAsIs(store, 'b1', 'completed', { report: { files: [line] }, at: minute(4) });
    assert.notDeepEqual(traces(dirname(file), 'zyxcanary'), [], 'the search must be able to find');

    const erasure = (await store.beginErasure({
      deletion_receipt_id: newId(),
      doc_id: id,
      cause: 'request',
      reason: 'r',
      requested_by: 'dana',
      requested_at: minute(5),
    }))!;
    await store.decideErasure(erasure.deletion_receipt_id, minute(5));
    await store.clearRows(erasure.deletion_receipt_id);
    await store.completeErasure(erasure.deletion_receipt_id, { verified: [], entries: () => [], at: minute(6) });
    assert.deepEqual(traces(dirname(file), 'zyxcanary'), []);
    assert.equal((await store.searchText({ text: 'neighbour', limit: 5 })).length, 1);

    const db = new Database(file);
    t.after(() => db.close());
    for (const sql of [
      "UPDATE erasures SET reason = 'other'",
      "UPDATE erasures SET status = 'pending', erased_at = NULL",
      'DELETE FROM erasures',
      'REPLACE INTO erasures SELECT * FROM erasures',
      "UPDATE receipts SET original_filename = '[ERASED]', details = NULL WHERE batch_id <> 'b1'",
      "UPDATE receipts SET original_filename = 'forged' WHERE batch_id = 'b1'",
    ]) {
      assert.throws(() => db.exec(sql), { code: 'SQLITE_CONSTRAINT_TRIGGER' }, sql);
    }
  });

  test('rows of an earlier version are kept for the time of the config they came under', async (t) => {
    const { file } = await world(t);
    const old = join(dirname(file), 'old.db');
    const db = new Database(old);
    migrate(db, MIGRATIONS.slice(0, 8), minute(0));
    db.exec(`INSERT INTO configs VALUES (1, '{"retention_days":30}'), (2, '{}');
      INSERT INTO batches VALUES ('b', 'm', 2, 'completed', '${minute(1)}', '${minute(1)}', 'u', NULL, '{}', 1, '[]', NULL);`);
    for (const [id, version] of [
      ['doc_1', 1],
      ['doc_2', 2],
    ]) {
      db.exec(`INSERT INTO documents (doc_id, raw_sha256, storage_path, original_filename, mime_type, size_bytes,
        scan_result, state, current_stage, stages, run, config_version, batch_id, receipt_id, metadata, received_at,
        updated_at, findings) VALUES ('${id}', 'h', 'p', 'n', 't', 1, 'clean', 'indexed', 'index', '{}', 1, ${version},
        'b', 'r', '{}', '2026-01-01T00:00:00.123Z', '${minute(1)}', '{}')`);
    }
    db.close();
    const store = openSqliteRecords(old, OPTIONS);
    t.after(() => store.close());
    assert.equal((await store.document('doc_1'))?.retention_until, '2026-01-31T00:00:00.123Z');
    assert.equal(
      (await store.document('doc_2'))?.retention_until,
      '2032-12-30T00:00:00.123Z',
      'the default: 2,555 days',
    );
    assert.equal((await store.batch('b'))?.cancelled_at, null);
    assert.deepEqual(
      (await store.expired('2026-02-01T00:00:00.000Z', null, 9)).map(({ doc_id }) => doc_id),
      ['doc_1'],
    );
  });

  test('the file and its write-ahead log are for the owner alone', async (t) => {
    const { store, file } = await world(t);
    await receiveOne(store, 'x');
    for (const name of readdirSync(dirname(file))) {
      assert.equal(statSync(join(dirname(file), name)).mode & 0o777, 0o600, name);
    }
  });

  test('a link is not followed', async (t) => {
    const { file } = await world(t);
    const link = join(dirname(file), 'link.db');
    symlinkSync(file, link);
    assert.throws(() => openSqliteRecords(link, OPTIONS), { code: 'ISOLATION_VIOLATED' });
  });

  test('another tenant’s file is not opened, for reading neither', async (t) => {
    const { store, file } = await world(t);
    await receiveOne(store, 'x');
    for (const readonly of [false, true]) {
      assert.throws(() => openSqliteRecords(file, { ...OPTIONS, tenant_id: 'other', readonly }), {
        code: 'ISOLATION_VIOLATED',
      });
    }
    const db = new Database(file);
    t.after(() => db.close());
    assert.throws(() => db.exec("UPDATE store_owner SET tenant_id = 'other'"), { code: 'SQLITE_CONSTRAINT_TRIGGER' });
  });

  test('a folder that is not there is STORE_UNAVAILABLE', async (t) => {
    const { file } = await world(t);
    assert.throws(() => openSqliteRecords(join(dirname(file), 'no', 'r.db'), OPTIONS), { code: 'STORE_UNAVAILABLE' });
  });

  test('a file that is no database is STORE_CORRUPTED', async (t) => {
    const { file } = await world(t);
    const other = join(dirname(file), 'other.db');
    writeFileSync(other, 'this is not a database, '.repeat(400));
    assert.throws(() => openSqliteRecords(other, OPTIONS), { code: 'STORE_CORRUPTED' });
  });

  test('damaged pages are STORE_CORRUPTED when they are read', async (t) => {
    const { store, file } = await world(t);
    for (let n = 0; n < 40; n += 1) await indexed(store, `d${n}`, [{ text: 'words '.repeat(200) }]);
    await store.close();
    const damaged = join(dirname(file), 'damaged.db');
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 2);
    writeFileSync(damaged, bytes);
    await assert.rejects(
      async () => {
        const opened = openSqliteRecords(damaged, OPTIONS);
        t.after(() => opened.close());
        await opened.documents({ limit: 100 });
        await opened.searchText({ text: 'words', limit: 10 });
      },
      { code: 'STORE_CORRUPTED' },
    );
  });

  test('opened for reading, every change is STORE_READ_ONLY and reads work', async (t) => {
    const { store, file } = await world(t);
    const id = await indexed(store, 'x', [{ text: 'hello' }]);
    const { dlq } = await failed(store, 'f');
    const reader = openSqliteRecords(file, { ...OPTIONS, readonly: true });
    t.after(() => reader.close());
    await reader.check();
    assert.equal((await reader.document(id))?.state, 'indexed');
    assert.equal((await reader.searchText({ text: 'hello', limit: 1 })).length, 1);
    const refused = { code: 'STORE_READ_ONLY' };
    await assert.rejects(receiveOne(reader, 'y'), refused);
    await assert.rejects(reader.restart(id, 'parse', [], minute(5)), refused);
    await assert.rejects(reader.appendEntries([entry('A', 'query', 'q')]), refused);
    await assert.rejects(reader.clearOutbox(['x']), refused);
    const decision = {
      dlq_entry_id: dlq,
      status: 'resolved' as const,
      resolution: null,
      restart: null,
      entries: [],
      at: minute(5),
    };
    await assert.rejects(reader.resolveDeadLetter(decision), refused);
    assert.throws(() => openSqliteRecords(join(dirname(file), 'new.db'), { ...OPTIONS, readonly: true }), {
      code: 'STORE_UNAVAILABLE',
    });
  });

  test('a store that a newer version wrote is refused', async (t) => {
    const { store, file } = await world(t);
    await store.close();
    const db = new Database(file);
    db.exec("INSERT INTO schema_migrations VALUES (99, '0099-later', 'x', 'now', 'contract', '9.0.0')");
    db.close();
    assert.throws(() => openSqliteRecords(file, OPTIONS), { code: 'STORE_UNAVAILABLE', kind: 'never' });
  });

  test('documents of an older version are in the list of the quarantine, with their totals', async (t) => {
    const { file } = await world(t);
    const old = join(dirname(file), 'old.db');
    const db = openSqlite(old, { migrations: MIGRATIONS.slice(0, 3), appliedAt: minute(0) });
    db.run("INSERT INTO configs VALUES (1, '{}')");
    const insert = `INSERT INTO documents (doc_id, raw_sha256, storage_path, original_filename, mime_type, size_bytes,
      scan_result, state, quarantine_reason, current_stage, stages, run, config_version, batch_id, receipt_id, metadata,
      received_at, updated_at, chunks_quarantined, findings) VALUES (?, 'r', 's', 'f.pdf', 'application/pdf', 7, 'clean',
      ?, ?, 'policy', '{}', 1, 1, 'b', 'r', '{}', ?, ?, ?, '{}')`;
    const rows = [
      ['doc_1', 'quarantined', 'PII_BLOCK_POLICY', 0],
      ['doc_2', 'indexed', null, 2],
      ['doc_3', 'indexed', null, 0],
      ['doc_4', 'policy_failed', 'GATE_UNAVAILABLE', null],
    ] as const;
    rows.forEach(([id, state, reason, count], n) => {
      db.run(insert, [id, state, reason, minute(n), minute(n), count]);
    });
    db.close();
    const store = openSqliteRecords(old, OPTIONS);
    t.after(() => store.close());
    const { rows: listed, total } = await store.quarantined({ limit: 10 });
    assert.deepEqual([listed.map(({ doc_id }) => doc_id), total], [['doc_4', 'doc_2', 'doc_1'], 3]);
    const { review, release, rejection, chunks_rejected } = listed[1]!;
    assert.deepEqual([review, release, rejection, chunks_rejected], [null, null, null, null]);
    assert.equal((await store.quarantined({ limit: 10, scope: 'chunks', status: 'open' })).total, 1);
  });

  test('several processes write at once and each finds all of its work', async (t) => {
    const { store, file } = await world(t);
    const children = ['p', 'q'].map((name) => writer(file, name, 12));
    const outputs = children.map((child) => child.stdout!.toArray());
    const own = Array.from({ length: 12 }, (_, n) => n);
    for (const n of own) await receiveOne(store, `mine-${n}`);
    for (const [at, child] of children.entries()) {
      const lines = (await outputs[at]!).join('').trim().split('\n');
      if (child.exitCode === null) await once(child, 'exit');
      assert.equal(child.exitCode, 0);
      assert.equal(lines.length, 12);
    }
    assert.deepEqual(await store.counts(), {
      batches: 36,
      documents: 36,
      chunks: 48,
      raw_bytes: (await store.counts()).raw_bytes,
      dead_letters: 0,
    });
    const told = await events(store);
    const named = told.filter(({ resource_id }) => resource_id === idOf('p-3'));
    assert.deepEqual(
      named.map(({ previous_event_id }) => previous_event_id),
      [null, ...named.slice(0, -1).map(({ event_id }) => event_id)],
    );
    assertConsistent(file);
  });

  test('processes that open a new store at the same moment agree on its schema', async (t) => {
    const { file } = await world(t);
    const fresh = join(dirname(file), 'fresh.db');
    const children = ['p', 'q', 'r'].map((name) => writer(fresh, name, 1));
    for (const child of children) {
      child.stdout!.resume();
      if (child.exitCode === null) await once(child, 'exit');
      assert.equal(child.exitCode, 0);
    }
    assertConsistent(fresh);
  });

  test('a process killed in the middle of its writes leaves a whole store, and what it reported is there', async (t) => {
    const { file } = await world(t);
    for (const after of [1, 6]) {
      const child = writer(file, `killed${after}`);
      const reported: string[] = [];
      const lines = createInterface({ input: child.stdout! });
      for await (const line of lines) {
        reported.push(line);
        if (reported.length === after) child.kill('SIGKILL');
      }
      if (child.signalCode === null) await once(child, 'exit');
      assert.equal(child.signalCode, 'SIGKILL');
      assertConsistent(file);
      const store = openSqliteRecords(file, OPTIONS);
      for (const id of reported) assert.equal((await store.document(id))?.state, 'indexed');
      await store.check();
      await store.close();
    }
  });

  test('a store of before the states of batches has them when it is opened', async (t) => {
    const { store, file } = await world(t);
    const done = await indexed(store, 'done', [{ text: 'hello' }]);
    const { id: bad } = await failed(store, 'bad');
    await receiveOne(store, 'fresh');
    await store.close();
    const old = new Database(file);
    old.exec(`DROP TRIGGER batch_state_in; DROP TRIGGER batch_state_moves; DROP INDEX document_batches_by_state;
      ALTER TABLE document_batches DROP COLUMN state;
      DELETE FROM schema_migrations WHERE name LIKE '%batch-states'`);
    old.close();
    const opened = openSqliteRecords(file, OPTIONS);
    t.after(() => opened.close());
    const of = async (batch_id: string, state: 'indexed' | 'parse_failed' | 'processing') =>
      (await opened.documents({ limit: 5, batch_id, state })).rows.map(({ doc_id }) => doc_id);
    assert.deepEqual(await of('batch-done', 'indexed'), [done]);
    assert.deepEqual(await of('batch-bad', 'parse_failed'), [bad]);
    assert.deepEqual(await of('batch-fresh', 'processing'), [idOf('fresh')]);
    assert.deepEqual(
      await Promise.all(['batch-done', 'batch-bad', 'batch-fresh'].map((batch) => opened.isUnderWay(batch))),
      [false, false, true],
    );
  });

  test('a store of before the totals by stage has them when it is opened', async (t) => {
    const { store, file } = await world(t);
    const { dlq } = await failed(store, 'a');
    await failedAt(store, 'b', 'embed');
    const skip = { status: 'abandoned' as const, resolution: 'skipped' as const, restart: null, entries: [] };
    await store.resolveDeadLetter({ ...skip, dlq_entry_id: dlq, at: minute(8) });
    await store.close();
    const old = new Database(file);
    for (const name of ['in', 'out', 'moves']) old.exec(`DROP TRIGGER tally_dead_letter_of_stage_${name}`);
    old.exec(`DROP INDEX dead_letters_by_stage; DROP INDEX dead_letters_by_stage_and_status;
      DELETE FROM tallies WHERE name LIKE 'dead_letters of %';
      DELETE FROM schema_migrations WHERE name LIKE '%dead-letters-by-stage'`);
    old.close();
    const opened = openSqliteRecords(file, OPTIONS);
    t.after(() => opened.close());
    const total = async (which: Omit<Parameters<typeof opened.deadLetters>[0], 'limit'>) =>
      (await opened.deadLetters({ limit: 1, ...which })).total;
    assert.deepEqual(
      [await total({ stage: 'parse' }), await total({ stage: 'parse', status: 'pending_review' })],
      [1, 0],
    );
    assert.equal(await total({ stage: 'embed', status: 'pending_review' }), 1);
    assertConsistent(file);
  });

  test('documents of a store from before they could run again know which version they serve', async (t) => {
    const { store, file } = await world(t);
    await store.close();
    const old = join(dirname(file), 'old.db');
    const before = MIGRATIONS.findIndex(({ name }) => name.endsWith('-reprocess'));
    const db = openSqlite(old, { migrations: MIGRATIONS.slice(0, before), appliedAt: minute(0) });
    bindOwner(db, TENANT);
    const insert = (table: string, row: Record<string, string | number | null>) =>
      db.run(`INSERT INTO ${table} (${Object.keys(row)}) VALUES (${Object.keys(row).map((name) => `@${name}`)})`, row);
    insert('configs', { version: 3, config: '{}' });
    const parsing = { lineage: { stage1_parser_version: '1.0.0', stage2_parser_version: '1.1.0' } };
    const document = {
      raw_sha256: 'raw',
      storage_path: 'raw/x',
      original_filename: 'a.pdf',
      mime_type: 'application/pdf',
      size_bytes: 1,
      scan_result: 'clean',
      current_stage: 'index',
      stages: '{}',
      run: 2,
      config_version: 3,
      batch_id: 'b',
      receipt_id: 'r',
      metadata: '{}',
      received_at: minute(1),
      updated_at: minute(1),
      canonical_sha256: 'canonical',
      enriched_sha256: 'enriched',
      vectors_sha256: 'vectors',
      embed_model: 'lexical',
      embed_version: '1',
      findings: JSON.stringify({ parsing, policy: { policy_version: '1-ab' } }),
    };
    insert('documents', { ...document, doc_id: 'doc_1', state: 'indexed', index_event_id: 'event' });
    insert('documents', { ...document, doc_id: 'doc_2', state: 'held', index_event_id: null });
    insert('documents', { ...document, doc_id: 'doc_3', state: 'indexed', findings: '{}', index_event_id: null });
    const details = JSON.stringify({ canonical_sha256: 'as told', status: 'success' });
    const told = { event_type: 'INDEX_WRITTEN', timestamp: minute(1), actor: 'system', resource_type: 'document' };
    insert('audit_events', { ...told, event_id: 'event', tenant_id: TENANT, resource_id: 'doc_1', details });
    db.close();

    const opened = openSqliteRecords(old, OPTIONS);
    t.after(() => opened.close());
    const version = {
      run: 2,
      config_version: 3,
      canonical_sha256: 'as told',
      enriched_sha256: 'enriched',
      vectors_sha256: 'vectors',
      embed_model: 'lexical',
      embed_version: '1',
      lineage: { ...parsing.lineage, policy_version: '1-ab' },
    };
    assert.deepEqual((await opened.document('doc_1'))?.served, version);
    assert.equal((await opened.document('doc_2'))?.served, null);
    const third = (await opened.document('doc_3'))?.served;
    assert.deepEqual([third?.canonical_sha256, third?.lineage], ['canonical', {}]);
    assert.equal((await opened.document('doc_1'))?.reprocess_id, null);
    assert.equal((await opened.reprocesses({ limit: 1 })).total, 0);
  });

  test('a copy taken after closing is a whole store', async (t) => {
    const { store, file } = await world(t);
    const id = await indexed(store, 'x', [{ text: 'hello' }]);
    await store.close();
    const copy = join(dirname(file), 'copy.db');
    copyFileSync(file, copy);
    const opened = openSqliteRecords(copy, OPTIONS);
    t.after(() => opened.close());
    assert.equal((await opened.document(id))?.state, 'indexed');
  });
});

/** Files of the folder that hold the text. */
function traces(folder: string, text: string): string[] {
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));
}
