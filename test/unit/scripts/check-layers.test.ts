import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { checkLayers, importsOf, judge } from '../../../scripts/check-layers.ts';

function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'check-layers-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('the order of imports', () => {
  for (const [way, text] of [
    ['names', "import { x } from '../stores/object/filesystem.ts';"],
    ['names over lines', "import {\n  x,\n  y,\n} from '../stores/object/filesystem.ts';"],
    ['types', "import type { X } from '../stores/object/filesystem.ts';"],
    ['handing on', "export * from '../stores/object/filesystem.ts';"],
    ['effects alone', "import '../stores/object/filesystem.ts';"],
    ['effects, behind another statement', "const a = 1; import '../stores/object/filesystem.ts'"],
    ['double quotes', 'import "../stores/object/filesystem.ts";'],
    ['a call', "const { x } = await import('../stores/object/filesystem.ts');"],
    ['a call over lines', "await import(\n  '../stores/object/filesystem.ts'\n)"],
    ['a call with a template', 'await import(`../stores/object/filesystem.ts`)'],
    ['a type in place', "let x: import('../stores/object/filesystem.ts').X;"],
    ['its address', "new Worker(new URL('../stores/object/filesystem.ts', import.meta.url))"],
  ])
    test(`sees an import by ${way}`, () => {
      assert.deepEqual(importsOf(`// A file.\n${text}\n`), ['../stores/object/filesystem.ts']);
    });

  test('packages and the runtime’s own modules are no layers', () => {
    assert.deepEqual(importsOf("import 'hono';\nimport { x } from 'node:fs';\nawait import('pino');\n"), []);
  });

  for (const [from, to] of [
    ['kernel/ids.ts', 'api/seam.ts'],
    ['data/app.ts', 'control/verbs.ts'],
    ['data/app.ts', 'gateway/app.ts'],
    ['control/verbs.ts', 'data/plane.ts'],
    ['observability/logger.ts', 'audit/entry.ts'],
    ['cli/client.ts', 'stores/object/filesystem.ts'],
    ['unheard-of/a.ts', 'kernel/ids.ts'],
  ])
    test(`${from} may not import ${to}`, () => assert.match(judge(from!, to!)!, /may not import|not in the order/));

  for (const [from, to, why] of [
    ['data/plane.ts', 'stores/object/filesystem.ts', /seam/],
    ['gateway/app.ts', 'control/registry.ts', /seam/],
    ['data/2-parse/stage.ts', 'data/3-policy/stage.ts', /siblings/],
    ['bin/daemon.ts', 'stores/record/sqlite.ts', /bin\/wire\/ alone/],
    ['bin/search-thread.ts', 'stores/vector/sqlite-vec.ts', /bin\/wire\/ alone/],
    ['bin/run-worker.ts', 'models/embedder/lexical.ts', /bin\/wire\/ alone/],
    ['bin/wired.ts', 'stores/record/sqlite.ts', /bin\/wire\/ alone/],
    ['stores/record/sqlite.ts', 'stores/vector/sqlite-vec.ts', /no other adapter/],
    ['models/reranker/x.ts', 'models/embedder/lexical.ts', /no other adapter/],
    ['stores/record/postgres.ts', 'stores/record/sqlite/events.ts', /no other adapter/],
    ['stores/record/sqlite/events.ts', 'stores/postgres/connection.ts', /no other adapter/],
  ] as const)
    test(`${from} may not reach behind to ${to}`, () => assert.match(judge(from, to)!, why));

  for (const [from, to] of [
    ['bin/wire/embedded.ts', 'stores/record/sqlite.ts'],
    ['bin/wire/deeper/x.ts', 'models/embedder/lexical.ts'],
    ['bin/daemon.ts', 'bin/wire/embedded.ts'],
    ['bin/worker-pool.ts', 'stores/record/port.ts'],
    ['data/worker.ts', 'stores/queue/port.ts'],
    ['data/worker.ts', 'data/2-parse/stage.ts'],
    ['gateway/admin.ts', 'control/verbs.ts'],
    ['control/registry.ts', 'stores/sqlite/open.ts'],
    ['stores/record/sqlite.ts', 'stores/sqlite/open.ts'],
    ['stores/record/sqlite/search.ts', 'stores/record/port.ts'],
    ['stores/record/postgres/search.ts', 'stores/postgres/connection.ts'],
    ['stores/log/postgres.ts', 'stores/shared/instant.ts'],
    ['stores/record/postgres/stages.ts', 'stores/record/rules/codec.ts'],
  ])
    test(`${from} may import ${to}`, () => assert.equal(judge(from!, to!), null));

  test('every offence of a tree is named, with both ends', (t) => {
    const root = tree(t, {
      'bin/daemon.ts': "import '../stores/record/sqlite.ts';\nimport { open } from './wire/embedded.ts';\n",
      'bin/wire/embedded.ts': "import '../../stores/record/sqlite.ts';\n",
      'kernel/ids.ts': "import '../api/seam.ts';\n",
      'views/page.tsx': "import '../kernel/ids.ts';\n",
    });
    assert.deepEqual(checkLayers(root), [
      'bin/daemon.ts → stores/record/sqlite.ts: adapters are chosen in bin/wire/ alone',
      'kernel/ids.ts → api/seam.ts: kernel/ may not import api/',
      'views/page.tsx → kernel/ids.ts: views/ is not in the order',
    ]);
  });

  test('this tree keeps it', () => {
    assert.deepEqual(checkLayers(resolve(import.meta.dirname, '../../../appliance')), []);
  });
});
