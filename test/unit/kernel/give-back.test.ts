import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { giveBack } from '../../../appliance/kernel/give-back.ts';

describe('giving memory back', () => {
  it('empties a large buffer that has its memory to itself', () => {
    const bytes = new Uint8Array(65_536);
    const { buffer } = bytes;
    giveBack(bytes);
    assert.equal(bytes.byteLength, 0);
    assert.equal(buffer.detached, true);
    giveBack(bytes);
  });

  it('leaves small buffers, parts of larger ones and shared memory alone', () => {
    const whole = new Uint8Array(100_000);
    for (const bytes of [
      Buffer.from('small'),
      new Uint8Array(1000),
      whole.subarray(0, 99_999),
      whole.subarray(1),
      new Uint8Array(new SharedArrayBuffer(65_536)),
    ]) {
      const { byteLength } = bytes;
      giveBack(bytes);
      assert.equal(bytes.byteLength, byteLength);
    }
    assert.equal(whole.byteLength, 100_000);
  });
});
