import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MIGRATIONS } from '../../../../../appliance/stores/record/migrations/sqlite.gen.ts';
import { openSqliteRecords } from '../../../../../appliance/stores/record/sqlite.ts';
import { openSqlite } from '../../../../../appliance/stores/sqlite/open.ts';
import { minute, moment, number, TENANT, text } from '../../../../contract/record/builders.ts';

const clock = { now: () => Date.parse(minute(1)), iso: () => minute(1) };

test('documents from before there was an index of metadata are found by it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'records.sqlite');
  const before = MIGRATIONS.findIndex(({ name }) => name.endsWith('-document-metadata'));
  assert.ok(before > 0);
  const old = openSqlite(file, { migrations: MIGRATIONS.slice(0, before), appliedAt: minute(0) });
  old.run("INSERT INTO configs (version, config) VALUES (1, '{}')");
  const insert = `INSERT INTO documents (doc_id, raw_sha256, storage_path, original_filename, mime_type, size_bytes, scan_result,
    state, current_stage, stages, run, config_version, batch_id, receipt_id, metadata, received_at, updated_at, findings)
    VALUES (?, '', '', '', '', 0, 'clean', 'indexed', 'index', '{}', 1, 1, '', '', ?, '', '', '{}')`;
  let deep: unknown = 'x';
  for (let n = 0; n < 3000; n += 1) deep = [deep];
  const documents = {
    doc_1: { vendor: 'north', year: 2025, signed: '2026-01-31' },
    doc_2: {},
    doc_3: { vendor: 'north', deep },
  };
  for (const [id, metadata] of Object.entries(documents)) old.run(insert, [id, JSON.stringify(metadata)]);
  old.close();

  const store = openSqliteRecords(file, { tenant_id: TENANT, clock });
  const day = Date.parse('2026-01-31');
  const found = await store.documentsWith(
    [text('vendor', 'north'), number('year', 2025), moment('signed', { gte: day, lte: day })],
    9,
  );
  assert.deepEqual(found, ['doc_1']);
  assert.deepEqual(await store.documentsWith([text('vendor', 'north')], 9), ['doc_1']);
  await store.close();

  const again = openSqlite(file, { migrations: MIGRATIONS, appliedAt: minute(0) });
  again.run("DELETE FROM documents WHERE doc_id = 'doc_1'");
  assert.deepEqual(again.all('SELECT * FROM document_metadata'), [], 'an erased document leaves no value behind');
  again.close();
});
