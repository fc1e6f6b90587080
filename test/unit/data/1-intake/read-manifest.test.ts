import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readManifest } from '../../../../appliance/data/1-intake/read-manifest.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { MANIFEST_WORDS, METADATA_WORDS } from '../../../../appliance/kernel/manifest-remedies.ts';

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
  const refused = (field: string, constraint = MANIFEST_WORDS.HALF_CHARACTER.rule) => ({
    code: 'MANIFEST_INVALID',
    field,
    constraint,
  });
  assert.deepEqual(half({ files: [{ ...FILE, filename: '\ud800.txt' }] }), refused('files.0.filename'));
  assert.deepEqual(half({ submitter: 'x\udc00' }), refused('submitter'));
  assert.deepEqual(half({ metadata: { a: { b: ['\ud800'] } } }), refused('metadata.a.b.0'));
  assert.deepEqual(half({ metadata: { 'a\ud800': 1 } }), refused('metadata'));
  const endless = JSON.stringify({ ...MANIFEST, metadata: { a: { b: 17 } } }).replace('17', '1e999');
  assert.deepEqual(problem(endless), refused('metadata', METADATA_WORDS.number.rule));
  assert.equal(half({ submitter: '𝕏', metadata: { é: '\u202e\u0007' } }), null);
});

test('nesting is refused before anybody walks it', () => {
  const deep = JSON.stringify({ ...MANIFEST, metadata: { a: 17 } }).replace(
    '17',
    `${'['.repeat(9e5)}${']'.repeat(9e5)}`,
  );
  assert.equal(problem(deep)?.field, 'metadata');
});

test('what is no JSON is told by the place where it stops being that, and its text is not repeated', () => {
  const place = (text: string) => problem(text)?.constraint;
  assert.equal(
    place('{\n  "batch_id": "canary"\n  "files": []\n}'),
    'must be JSON; it stops being that at line 3 column 3',
  );
  assert.equal(place('{ "batch_id": canary }'), 'must be JSON');
  assert.equal(place('{ "batch_id": "b"'), 'must be JSON; it stops being that at line 1 column 18');
  assert.equal(place(''), 'must be JSON; it breaks off at its end');
  const latin = Buffer.from('{ "submitter": "M\u00fcller" }', 'latin1');
  assert.throws(
    () => readManifest(latin, { tenant_id: null, max_batch_size: 1 }),
    (error: FrostbyteError) => error.details[0]?.constraint === 'must be text in UTF-8',
  );
});

test('each refusal says what to do, a file by its name', () => {
  const details = (extra: object, expected: object = {}) => {
    try {
      readManifest(Buffer.from(JSON.stringify({ ...MANIFEST, ...extra })), {
        tenant_id: 'acme',
        max_batch_size: 1,
        ...expected,
      });
    } catch (error) {
      const [first] = (error as FrostbyteError).details;
      return [first?.file, first?.field, first?.remediation] as const;
    }
    throw new assert.AssertionError({ message: 'it was not refused' });
  };
  const two = [FILE, { ...FILE, file_id: 'g' }];
  assert.match(details({ file_count: 2, files: two })[2]!, /several batches, each with a batch_id of its own/);
  assert.match(details({}, { tenant_id: 'other' })[2]!, /send the batch to the tenant that it names/);
  assert.match(details({ file_count: 2, files: [FILE, FILE] }, { max_batch_size: 2 })[2]!, /a file_id of its own/);
  let deep: unknown = 1;
  for (let n = 0; n < 20; n++) deep = [deep];
  const [file, field, mend] = details({ files: [{ ...FILE, metadata: { deep } }] });
  assert.deepEqual([file, field], ['a.txt', 'files.0.metadata']);
  assert.match(mend!, /fewer levels/);
});
