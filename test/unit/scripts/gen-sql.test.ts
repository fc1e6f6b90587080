import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import { generate } from '../../../scripts/gen-sql.ts';

function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'gen-sql-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const CONTRACT = '-- contract, since 0.3.0\nDROP TABLE old;\n';

describe('compiled migrations', () => {
  test('every folder of migrations becomes a module that holds its files as they are', async (t) => {
    const tricky = `-- expand, since 0.2.0\nSELECT '\\ \` $\{x} \u2019';\n-- end\n`;
    const root = tree(t, {
      'appliance/stores/a/migrations/sqlite/0001-first.sql': tricky,
      'appliance/stores/a/migrations/sqlite/0002-next-step.sql': CONTRACT,
      'appliance/control/b/migrations/postgres/0001-x.sql': '-- expand, since 1.0.0-rc.1\nSELECT 3;\n',
    });
    const made = ['appliance/control/b/migrations/postgres.gen.ts', 'appliance/stores/a/migrations/sqlite.gen.ts'];
    assert.deepEqual(generate(root, true), made, 'stale before');
    assert.deepEqual(generate(root, false), made);
    assert.deepEqual(generate(root, true), []);
    const { MIGRATIONS } = await import(pathToFileURL(join(root, made[1]!)).href);
    assert.deepEqual(MIGRATIONS, [
      {
        version: 1,
        name: '0001-first',
        sha256: sha256Hex(tricky),
        step: 'expand',
        since: '0.2.0',
        sql: tricky,
      },
      {
        version: 2,
        name: '0002-next-step',
        sha256: sha256Hex(CONTRACT),
        step: 'contract',
        since: '0.3.0',
        sql: CONTRACT,
      },
    ]);
  });

  test('a changed file makes its module stale', (t) => {
    const path = 'appliance/stores/a/migrations/sqlite/0001-first.sql';
    const root = tree(t, { [path]: '-- expand, since 0.2.0\nSELECT 1;' });
    generate(root, false);
    writeFileSync(join(root, path), '-- expand, since 0.2.0\nSELECT 2;');
    assert.deepEqual(generate(root, true), ['appliance/stores/a/migrations/sqlite.gen.ts']);
  });

  for (const names of [
    ['0002-late.sql'],
    ['0001-a.sql', '0003-c.sql'],
    ['0001-a.sql', '0001-b.sql'],
    ['1-a.sql'],
    ['0001-A b.sql'],
    ['0001-a.sql', 'notes.md'],
  ]) {
    test(`${names.join(', ')} is refused`, (t) => {
      const root = tree(
        t,
        Object.fromEntries(names.map((name) => [`appliance/x/migrations/sqlite/${name}`, CONTRACT])),
      );
      assert.throws(() => generate(root, false), /migration is named|expected number/);
    });
  }

  for (const [sql, why] of [
    ['SELECT 1;', /the first line says what it does/],
    ['-- expand\nSELECT 1;', /the first line says what it does/],
    ['-- expand, since 0.2.0\nDROP TABLE old;', /it drops something/],
    ['-- expand, since 0.2.0\nALTER TABLE a DROP COLUMN b;', /it drops something/],
    ['-- expand, since 0.2.0\nALTER TABLE a RENAME TO b;', /it renames something/],
    ['-- expand, since 0.2.0\nALTER TABLE a ALTER COLUMN b SET NOT NULL;', /wants a value/],
    ['-- expand, since 0.2.0\nALTER TABLE a ALTER COLUMN b TYPE bigint;', /changes a type/],
    ['-- expand, since 0.2.0\nALTER TABLE a ADD COLUMN b TEXT NOT NULL;', /has to be given a value/],
  ] as const) {
    test(`${sql.replaceAll('\n', ' ')} is refused: the release before could not go on`, (t) => {
      const root = tree(t, { 'appliance/x/migrations/sqlite/0001-a.sql': sql });
      assert.throws(() => generate(root, false), why);
    });
  }

  test('what only adds may be told from what takes away', (t) => {
    const sql = `-- expand, since 0.2.0
-- Nothing is dropped: no DROP TABLE here.
ALTER TABLE a ADD COLUMN b TEXT NOT NULL DEFAULT '';
ALTER TABLE a ADD COLUMN c TEXT;
DROP TRIGGER t; DROP INDEX i;`;
    const root = tree(t, { 'appliance/x/migrations/sqlite/0001-a.sql': sql });
    assert.equal(generate(root, false).length, 1);
  });

  test('the modules in this tree are fresh', () => {
    assert.deepEqual(generate(resolve(import.meta.dirname, '../../..'), true), []);
  });
});
