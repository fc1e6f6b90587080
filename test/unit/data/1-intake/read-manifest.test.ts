import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readManifest } from '../../../../appliance/data/1-intake/read-manifest.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';

const FILE = { file_id: 'f', filename: 'a.txt', mime_type: 'text/plain', size_bytes: 1, sha256: 'a'.repeat(64) };
const MANIFEST = { batch_id: 'b', tenant_id: 'acme', file_count: 1, files: [FILE] };

/** What is wrong with a manifest; null where it is taken. */
function problem(json: string): { code: string; field: string | undefined; constraint: string | undefined } | null {
  try {
    readManifest(Buffer.from(json), { tenant_id: 'acme', max_batch_size: 10 });
    return null;
  } catch (error) {
    assert.ok(error instanceof FrostbyteError, String(error));
    const { field, constraint } = error.details[0] ?? {};
    return { code: error.code, field, constraint };
  }
}

test('what no canonical form holds is refused by its field', () => {
  const half = (extra: object) => problem(JSON.stringify({ ...MANIFEST, ...extra }));
  const refused = (field: string, constraint = 'valid Unicode') => ({ code: 'MANIFEST_INVALID', field, constraint });
  assert.deepEqual(half({ files: [{ ...FILE, filename: '\ud800.txt' }] }), refused('files.0.filename'));
  assert.deepEqual(half({ submitter: 'x\udc00' }), refused('submitter'));
  assert.deepEqual(half({ metadata: { a: { b: ['\ud800'] } } }), refused('metadata.a.b.0'));
  assert.deepEqual(half({ metadata: { 'a\ud800': 1 } }), refused('metadata'));
  const endless = JSON.stringify({ ...MANIFEST, metadata: { a: { b: 17 } } }).replace('17', '1e999');
  assert.deepEqual(problem(endless), refused('metadata', 'finite numbers'));
  assert.equal(half({ submitter: '𝕏', metadata: { é: '\u202e\u0007' } }), null);
});

test('nesting is refused before anybody walks it', () => {
  const deep = JSON.stringify({ ...MANIFEST, metadata: { a: 17 } }).replace(
    '17',
    `${'['.repeat(9e5)}${']'.repeat(9e5)}`,
  );
  assert.equal(problem(deep)?.field, 'metadata');
});
