import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { enlarge } from '../../../../../appliance/data/2-parse/ocr/enlarge.ts';

describe('enlarging a picture of low resolution', () => {
  it('goes from pixel to pixel in straight lines and keeps the edges', () => {
    const { data, ...size } = enlarge({ data: Uint8Array.of(0, 200), width: 2, height: 1, dpi: 100 });
    assert.deepEqual(size, { width: 4, height: 2, dpi: 200 });
    assert.deepEqual([...data], [0, 50, 150, 200, 0, 50, 150, 200]);
  });

  it('leaves what is large enough, or only claims to be small, as it is', () => {
    const scan = { data: new Uint8Array(4), width: 2, height: 2, dpi: 150 };
    assert.equal(enlarge(scan), scan);
    const photo = { data: new Uint8Array(3000), width: 3000, height: 1, dpi: 72 };
    assert.equal(enlarge(photo), photo);
  });

  it('keeps a plain surface plain, and never leaves the range of its pixels', () => {
    const pixels = fc.uint8Array({ minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(pixels, fc.integer({ min: 50, max: 149 }), (data, dpi) => {
        const large = enlarge({ data, width: 4, height: 3, dpi });
        assert.equal(large.data.length, large.width * large.height);
        assert.ok(Math.max(...large.data) <= Math.max(...data) && Math.min(...large.data) >= Math.min(...data));
        assert.equal(large.dpi / dpi, large.width / 4);
      }),
    );
  });
});
