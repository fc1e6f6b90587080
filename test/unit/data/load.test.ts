import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCanonical, loadEnriched, readVerified, recorded } from '../../../appliance/data/load.ts';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import type { DocumentRow } from '../../../appliance/stores/record/rows.ts';

const bytes = Buffer.from('{"a":1}');
const objects = (content: Uint8Array) => {
  const asked: string[] = [];
  return {
    asked,
    read: async (key: string) => {
      asked.push(key);
      return content;
    },
  };
};
const row = (changes: Partial<DocumentRow>) =>
  ({ doc_id: 'doc_0123456789abcdef', canonical_sha256: null, enriched_sha256: null, ...changes }) as DocumentRow;

test('an object that is not what was recorded is refused, to the last bit', async () => {
  assert.deepEqual(await readVerified(objects(bytes), 'k', sha256Hex(bytes)), bytes);
  for (let at = 0; at < bytes.length; at++) {
    const torn = Buffer.from(bytes);
    torn[at]! ^= 1;
    await assert.rejects(readVerified(objects(torn), 'k', sha256Hex(bytes)), {
      code: 'OBJECT_CORRUPTED',
      kind: 'never',
    });
  }
  await assert.rejects(readVerified(objects(new Uint8Array()), 'k', sha256Hex(bytes)), { code: 'OBJECT_CORRUPTED' });
});

test('a document without the recorded hash is a fault of ours, and nothing is read', async () => {
  const source = { tenant_id: 'acme', objects: objects(bytes) };
  await assert.rejects(loadCanonical(source, row({})), { code: 'INTERNAL_ERROR' });
  await assert.rejects(loadEnriched(source, row({ canonical_sha256: 'a'.repeat(64) })), { code: 'INTERNAL_ERROR' });
  assert.deepEqual(source.objects.asked, []);
  assert.equal(recorded('x', 'y'), 'x');
});

test('bytes with the right hash and the wrong shape are refused', async () => {
  const hash = sha256Hex(bytes);
  const source = { tenant_id: 'acme', objects: objects(bytes) };
  await assert.rejects(loadCanonical(source, row({ canonical_sha256: hash })));
  assert.deepEqual(source.objects.asked, [`normalized/acme/doc_0123456789abcdef/${hash}/structured.json`]);
});
