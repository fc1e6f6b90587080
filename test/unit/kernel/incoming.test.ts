import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Incoming } from '../../../appliance/kernel/incoming.ts';

describe('lines and bytes in turn', () => {
  it('are the same however they come in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[a-z]{0,20}$/),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.stringMatching(/^[a-z]{0,20}$/),
        fc.array(fc.nat(400), { maxLength: 8 }),
        async (first, bytes, second, places) => {
          const stream = new PassThrough();
          const incoming = new Incoming(stream);
          const all = Buffer.concat([Buffer.from(`${first}\n`), bytes, Buffer.from(`${second}\n`)]);
          const cuts = [0, ...places.filter((at) => at < all.length).sort((a, b) => a - b), all.length];
          for (let at = 1; at < cuts.length; at++) stream.write(all.subarray(cuts[at - 1], cuts[at]));
          stream.end();
          assert.equal(await incoming.line(100), first);
          assert.deepEqual(await incoming.exactly(bytes.length), Buffer.from(bytes));
          assert.equal(await incoming.line(100), second);
          assert.equal(await incoming.bytes(1), null);
        },
      ),
    );
  });

  it('end where nothing comes any more, or a line is too long', async () => {
    const short = new PassThrough();
    short.end('no end');
    assert.equal(await new Incoming(short).line(100), null);
    const long = new PassThrough();
    long.write(`${'x'.repeat(50)}\n`);
    assert.equal(await new Incoming(long).line(50), null);
    const few = new PassThrough();
    few.end('abc');
    assert.equal(await new Incoming(few).exactly(4), null);
  });

  it('notice that the other end has gone while nobody reads', async () => {
    const stream = new PassThrough();
    const incoming = new Incoming(stream);
    stream.write('x');
    assert.deepEqual(await incoming.bytes(10), Buffer.from('x'));
    const ended = once(stream, 'end');
    stream.end();
    await ended;
  });

  it('close a stream that is silent for too long, and only then', async () => {
    const stream = new PassThrough();
    const incoming = new Incoming(stream);
    stream.write('x');
    assert.deepEqual(await incoming.bytes(1, 1), Buffer.from('x'));
    assert.equal(await incoming.bytes(1, 1), null);
    assert.ok(stream.destroyed);
  });
});
