import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkEmbeddingMode } from '../../../../appliance/control/tenants/embedding-mode.ts';

it('online is refused where there is no endpoint, with the setting that it needs', () => {
  assert.throws(
    () => checkEmbeddingMode({ embedding_mode: 'online' }, false),
    (error: { code: string; details: { field: string; constraint: string }[] }) => {
      assert.equal(error.code, 'VALIDATION_ERROR');
      assert.equal(error.details[0]!.field, 'embedding_mode');
      assert.match(error.details[0]!.constraint, /embedder\.endpoint\.url/);
      return true;
    },
  );
});

it('everything else passes', () => {
  checkEmbeddingMode({ embedding_mode: 'online' }, true);
  for (const config of [{ embedding_mode: 'offline' }, {}, null, undefined, 'online', { embedding_mode: 7 }]) {
    checkEmbeddingMode(config, false);
  }
});
