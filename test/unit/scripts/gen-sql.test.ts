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

describe('compiled migrations', () => {
  test('every folder of migrations becomes a module that holds its files as they are', async (t) => {
    const tricky = `SELECT '\\ \` $\{x} \u2019';\n-- end\n`;
    const root = tree(t, {
      'appliance/stores/a/migrations/sqlite/0001-first.sql': tricky,
      'appliance/stores/a/migrations/sqlite/0002-next-step.sql': 'SELECT 2;\n',
      'appliance/control/b/migrations/postgres/0001-x.sql': 'SELECT 3;\n',
    });
    const made = ['appliance/control/b/migrations/postgres.gen.ts', 'appliance/stores/a/migrations/sqlite.gen.ts'];
    assert.deepEqual(generate(root, true), made, 'stale before');
    assert.deepEqual(generate(root, false), made);
    assert.deepEqual(generate(root, true), []);
    const { MIGRATIONS } = await import(pathToFileURL(join(root, made[1]!)).href);
    assert.deepEqual(MIGRATIONS, [
      { version: 1, name: '0001-first', sha256: sha256Hex(tricky), sql: tricky },
      { version: 2, name: '0002-next-step', sha256: sha256Hex('SELECT 2;\n'), sql: 'SELECT 2;\n' },
    ]);
  });

  test('a changed file makes its module stale', (t) => {
    const path = 'appliance/stores/a/migrations/sqlite/0001-first.sql';
    const root = tree(t, { [path]: 'SELECT 1;' });
    generate(root, false);
    writeFileSync(join(root, path), 'SELECT 2;');
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
      const root = tree(t, Object.fromEntries(names.map((name) => [`appliance/x/migrations/sqlite/${name}`, ''])));
      assert.throws(() => generate(root, false), /migration is named|expected number/);
    });
  }

  test('the modules in this tree are fresh', () => {
    assert.deepEqual(generate(resolve(import.meta.dirname, '../../..'), true), []);
  });
});
