import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whileLive } from '../../../appliance/gateway/while-live.ts';

const events = (body: ReadableStream<string> | string, type = 'text/event-stream') =>
  new Response(typeof body === 'string' ? body : body.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': type },
  });

describe('a stream of events', () => {
  it('says so and ends once what opened it was ended, and not before', async () => {
    let [live, asked, ms] = [true, 0, 0];
    const control = {
      isLive: async (jti: string) => {
        assert.equal(jti, 'j');
        asked += 1;
        return live;
      },
    };
    const feed = new TransformStream<string, string>();
    const writer = feed.writable.getWriter();
    const reader = whileLive(control, { jti: 'j' }, events(feed.readable), () => ms).body!.getReader();
    const next = async () => {
      void writer.write('x');
      return new TextDecoder().decode((await reader.read()).value as Uint8Array);
    };
    assert.equal(await next(), 'x');
    assert.equal(asked, 0, 'within a second nobody is asked');
    ms = 1000;
    assert.equal(await next(), 'x');
    assert.equal(asked, 1);
    [live, ms] = [false, 2000];
    assert.equal(await next(), 'event: error\ndata: {"code":"TOKEN_REVOKED"}\n\n');
    assert.equal((await reader.read()).done, true);
  });

  it('is told from answers that end by themselves', () => {
    const control = { isLive: async () => assert.fail('nobody is asked') };
    for (const answer of [events('{}', 'application/json'), new Response(null, { status: 204 })])
      assert.equal(whileLive(control, { jti: 'j' }, answer), answer);
  });
});
