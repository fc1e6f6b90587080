import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { bodyStream, READ_AHEAD } from '../../../appliance/gateway/body-stream.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A sender that counts the chunks it was asked for. */
function sender(chunks: number, size = 65_536) {
  const given: Buffer[] = [];
  const body = new Readable({
    highWaterMark: size,
    read() {
      if (given.length === chunks) this.push(null);
      else {
        given.push(Buffer.alloc(size, given.length));
        this.push(given.at(-1));
      }
    },
  });
  return { body, given };
}

describe('the body of a request', () => {
  it('comes through whole and in order, in the very memory it arrived in', async () => {
    const { body, given } = sender(40);
    const got: Uint8Array[] = [];
    for await (const chunk of bodyStream(body)) got.push(chunk);
    assert.equal(got.length, 40);
    got.forEach((chunk, n) => {
      assert.equal(chunk.buffer, given[n]?.buffer);
      assert.equal(chunk[0], n);
    });
  });

  it('may be empty', async () => {
    for await (const _ of bodyStream(sender(0).body)) assert.fail('a chunk');
  });

  it('waits for a reader that is slow', async () => {
    const { body, given } = sender(1000);
    const reader = bodyStream(body).getReader();
    await reader.read();
    for (let n = 0; n < 50; n++) await turn();
    const ahead = READ_AHEAD / given[0]!.byteLength;
    assert.ok(given.length < ahead + 6, `${given.length} chunks were asked for`);
    for (let n = 0; n < 100; n++) await reader.read();
    assert.ok(given.length >= 101 && given.length < 101 + ahead + 6, `${given.length} chunks were asked for`);
    await reader.cancel();
  });

  it('hands on what came when the sender goes away, and then fails', async () => {
    const { body, given } = sender(1000);
    const reader = bodyStream(body).getReader();
    await reader.read();
    for (let n = 0; n < 50; n++) await turn();
    body.destroy(new Error('reset'));
    let read = 1;
    await assert.rejects(async () => {
      for (; ; read++) assert.equal((await reader.read()).done, false);
    }, /reset/);
    // What lies in the socket's own buffer has not come yet.
    assert.ok(read > 10 && read >= given.length - 1, `${read} of ${given.length} chunks`);
    await assert.rejects(reader.read(), /reset/);

    const waiting = sender(0).body;
    const next = bodyStream(waiting).getReader().read();
    waiting.destroy(new Error('reset'));
    await assert.rejects(next, /reset/);

    const gone = sender(1).body;
    gone.destroy(new Error('reset'));
    await assert.rejects(bodyStream(gone).getReader().read(), /reset/);
  });

  it('hangs up when it is cancelled', async () => {
    const { body } = sender(1000);
    const reader = bodyStream(body).getReader();
    await reader.read();
    await reader.cancel();
    assert.equal(body.destroyed, true);
    await turn();
  });
});
