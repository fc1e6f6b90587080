import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { READ_LIMITS } from '../../../../../appliance/data/2-parse/limits.ts';
import { MAX_REQUEST_BYTES, ParseRequest } from '../../../../../appliance/data/2-parse/sandbox/protocol.ts';
import {
  heapLimitMb,
  limitValues,
  prlimitArguments,
} from '../../../../../appliance/data/2-parse/sandbox/resource-limits.ts';
import { sha256Hex } from '../../../../../appliance/kernel/digest.ts';
import { docId } from '../../../../../appliance/kernel/ids.ts';

const request = {
  media_type: 'application/pdf',
  size: 500_000_000,
  tenant_id: 'a'.repeat(32),
  doc_id: docId('acme', 'raw'),
  raw_sha256: sha256Hex('raw'),
  chunk_limits: { soft: 1200, hard: 2400 },
  limits: READ_LIMITS,
};

describe('a request to a parser', () => {
  it('travels with the limits of the installation, in one line that is not too long', () => {
    const parsed = ParseRequest.parse(structuredClone(request));
    assert.deepEqual(parsed, request);
    const line = JSON.stringify(parsed);
    assert.ok(!line.includes('\n') && line.length < MAX_REQUEST_BYTES);
  });

  it('is refused with anything more or less in it', () => {
    const { size, ...less } = request;
    for (const bad of [less, { ...request, extra: 1 }, { ...request, size: size + 0.5 }, { ...request, size: -1 }]) {
      assert.equal(ParseRequest.safeParse(bad).success, false);
    }
  });
});

describe('the limits of a parser', () => {
  it('grow with memory and time, and always forbid writing files and cores', () => {
    const small = { memoryLimitMb: 128, timeoutMs: 1_000 };
    const large = { memoryLimitMb: 1_024, timeoutMs: 60_000 };
    assert.equal(limitValues(large).data - limitValues(small).data, 896 * 1024 * 1024);
    assert.ok(limitValues(large).cpu > limitValues(small).cpu && limitValues(small).cpu >= 2);
    for (const budget of [small, large]) {
      const words = prlimitArguments(budget);
      assert.ok(words.includes('--fsize=0') && words.includes('--core=0'));
    }
  });

  it('leave room beside the JavaScript heap, and a heap that Node can start with', () => {
    assert.equal(heapLimitMb({ memoryLimitMb: 1_024, timeoutMs: 1 }), 768);
    assert.equal(heapLimitMb({ memoryLimitMb: 8, timeoutMs: 1 }), 64);
  });
});
