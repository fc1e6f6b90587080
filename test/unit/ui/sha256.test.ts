import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import { Sha256 } from '../../../appliance/ui/client/sha256.ts';

const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

it('a hash made in pieces is the one that everybody makes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
      const sum = new Sha256();
      for (const piece of pieces) sum.update(piece);
      assert.equal(sum.digest(), hex(Buffer.concat(pieces)));
    }),
  );
  for (let length = 0; length <= 200; length++) {
    const bytes = new Uint8Array(length).fill(length);
    const sum = new Sha256();
    sum.update(bytes);
    assert.equal(sum.digest(), hex(bytes), `${length} bytes`);
  }
});
