import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { folderFiles } from '../../scripts/bundle/contents.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');

test('a package carries every document, and with each the pictures that it shows', () => {
  const carried = folderFiles();
  const pages = globSync('**/*.md', { cwd: DOCS });
  assert.ok(pages.length > 10);
  for (const page of pages) {
    assert.ok(carried.has(`docs/${page}`), page);
    for (const [, target] of readFileSync(join(DOCS, page), 'utf8').matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g)) {
      assert.ok(carried.has(join('docs', page, '..', target!)), `${page} shows ${target}`);
    }
  }
});
