import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { SERVER_ADAPTERS } from '../../../scripts/server-adapters.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

test('a suite that needs a server says so by its name, or it would be left out everywhere', () => {
  const known = new Set(globSync(SERVER_ADAPTERS, { cwd: ROOT }));
  const needing = globSync('test/contract/**/*.test.ts', { cwd: ROOT }).filter((file) =>
    /\bstackMissing\b|\btestStack\b/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.ok(needing.length > 5);
  assert.deepEqual(
    needing.filter((file) => !known.has(file)),
    [],
  );
});
