import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rotateImage } from '../../../../../appliance/data/2-parse/ocr/rotate.ts';

const picture = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height })
      .map((data) => ({ data, width, height, dpi: 300 })),
  );

describe('turning a picture', () => {
  it('moves the top left pixel to the top right by a clockwise quarter', () => {
    const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 3, height: 2, dpi: 300 };
    assert.deepEqual(rotateImage(image, 90), { data: Uint8Array.of(4, 1, 5, 2, 6, 3), width: 2, height: 3, dpi: 300 });
    assert.deepEqual([...rotateImage(image, 180).data], [6, 5, 4, 3, 2, 1]);
    assert.deepEqual([...rotateImage(image, 270).data], [3, 6, 2, 5, 1, 4]);
  });

  it('comes back after a full turn, whichever way it is split', () => {
    fc.assert(
      fc.property(picture, (image) => {
        assert.deepEqual(rotateImage(rotateImage(image, 90), 270), image);
        assert.deepEqual(rotateImage(rotateImage(image, 90), 90), rotateImage(image, 180));
        assert.deepEqual(rotateImage(rotateImage(image, 180), 90), rotateImage(image, 270));
      }),
    );
  });
});
