import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageWriter } from '../../../../../appliance/models/embedder/graph/protobuf.ts';

const hex = (message: MessageWriter) => Buffer.from(message.done()).toString('hex');

describe('protocol buffers', () => {
  // The examples of the format's own description.
  it('writes what the format’s description shows', () => {
    assert.equal(hex(new MessageWriter().int(1, 150)), '089601');
    assert.equal(hex(new MessageWriter().text(2, 'testing')), '120774657374696e67');
    assert.equal(hex(new MessageWriter().message(3, new MessageWriter().int(1, 150))), '1a03089601');
    assert.equal(hex(new MessageWriter().ints(6, [3, 270, 86_942])), '3206038e029ea705');
  });

  it('writes negative integers in ten bytes, floats little-endian, large field numbers in two', () => {
    assert.equal(hex(new MessageWriter().int(1, -1)), `08${'ff'.repeat(9)}01`);
    assert.equal(hex(new MessageWriter().float(2, 1)), '150000803f');
    assert.equal(hex(new MessageWriter().int(20, 7)), 'a00107');
    assert.equal(hex(new MessageWriter().int(1, 2 ** 40)), '08808080808020');
  });

  it('refuses what is no safe integer', () => {
    assert.throws(() => new MessageWriter().int(1, 0.5), RangeError);
    assert.throws(() => new MessageWriter().int(1, 2 ** 53), RangeError);
  });
});
