import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { windowsOf } from '../../../../../appliance/models/embedder/onnx/windows.ts';

describe('windows of a text that is longer than the model reads', () => {
  it('are none for no token, one for what fits, even ones for the rest', () => {
    assert.deepEqual(windowsOf([], 4), []);
    assert.deepEqual(windowsOf([1, 2, 3, 4], 4), [[1, 2, 3, 4]]);
    assert.deepEqual(windowsOf([1, 2, 3, 4, 5], 4), [
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('hold every token once, in order, as few and as even as they can be', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 400 }), (length, most) => {
        const tokens = Array.from({ length }, (_, i) => i);
        const windows = windowsOf(tokens, most);
        assert.deepEqual(windows.flat(), tokens);
        assert.equal(windows.length, Math.ceil(length / most));
        const sizes = windows.map((window) => window.length);
        assert.ok(sizes.every((size) => size <= most && size > 0));
        if (sizes.length > 0) assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      }),
    );
  });
});
