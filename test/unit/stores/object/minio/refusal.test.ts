import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import {
  isPassing,
  isUnwell,
  Refusal,
  Silence,
  storeError,
} from '../../../../../appliance/stores/object/minio/refusal.ts';

const network = (code: string) => Object.assign(new Error(`connect ${code} 172.28.0.4:9000`), { code });

describe('what an object server answers', () => {
  for (const [name, error, code, passing, unwell] of [
    ['NoSuchKey', new Refusal(404, 'NoSuchKey'), 'OBJECT_MISSING', false, false],
    ['an unexplained 404', new Refusal(404, 'NotFound'), 'OBJECT_MISSING', false, false],
    ['NoSuchBucket', new Refusal(404, 'NoSuchBucket'), 'STORE_UNAVAILABLE', false, false],
    ['AccessDenied', new Refusal(403, 'AccessDenied'), 'STORE_UNAVAILABLE', false, false],
    ['InvalidAccessKeyId', new Refusal(403, 'InvalidAccessKeyId'), 'STORE_UNAVAILABLE', false, false],
    ['XMinioStorageFull', new Refusal(507, 'XMinioStorageFull'), 'DISK_FULL', false, false],
    ['SlowDownWrite', new Refusal(503, 'SlowDownWrite'), 'STORE_READ_ONLY', true, true],
    ['SlowDown', new Refusal(503, 'SlowDown'), 'STORE_UNAVAILABLE', true, true],
    ['InternalError', new Refusal(500, 'InternalError'), 'STORE_UNAVAILABLE', true, true],
    ['NotImplemented', new Refusal(501, 'NotImplemented'), 'STORE_UNAVAILABLE', false, false],
    ['a changed body', new Refusal(400, 'XAmzContentSHA256Mismatch'), 'STORE_UNAVAILABLE', true, false],
    ['too many requests', new Refusal(429, '429'), 'STORE_UNAVAILABLE', true, false],
    ['nothing', new Silence(30_000), 'STORE_UNAVAILABLE', true, true],
    ['a closed port', network('ECONNREFUSED'), 'STORE_UNAVAILABLE', true, true],
    ['a reset', network('ECONNRESET'), 'STORE_UNAVAILABLE', true, true],
    ['a foreign certificate', network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'STORE_UNAVAILABLE', false, true],
  ] as const) {
    it(`${name} reads as ${code}, ${passing ? 'is' : 'is not'} asked again, and keeps its cause`, () => {
      const translated = storeError(error);
      assert.equal(translated.code, code);
      assert.equal(translated.cause, error);
      assert.equal(isPassing(error), passing);
      assert.equal(isUnwell(error), unwell);
      assert.equal(translated.message.includes('172.28'), false);
    });
  }

  it('is left as it is where it is ours', () => {
    const ours = new FrostbyteError('VALIDATION_ERROR', 'The key is no key.');
    assert.equal(storeError(ours), ours);
    assert.equal(isPassing(ours), false);
  });
});
