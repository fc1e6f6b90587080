import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { RequestError } from '@hono/node-server';
import { ErrorEnvelope } from '../../../appliance/api/errors.ts';
import { refuseUnreadable, unreadableAnswer } from '../../../appliance/gateway/unreadable.ts';

function written(error: Partial<NodeJS.ErrnoException>): { text: string; socket: Duplex } {
  const chunks: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  refuseUnreadable(Object.assign(new Error('x'), error), socket);
  return { text: Buffer.concat(chunks).toString(), socket };
}

test('bytes that are no HTTP are answered in the envelope, and the connection ends', () => {
  for (const [code, status] of [
    ['HPE_INVALID_METHOD', 400],
    ['HPE_HEADER_OVERFLOW', 413],
    ['ERR_HTTP_REQUEST_TIMEOUT', 400],
  ] as const) {
    const { text, socket } = written({ code });
    const [head, body] = text.split('\r\n\r\n') as [string, string];
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(head, /connection: close/);
    assert.equal(Number(/content-length: (\d+)/.exec(head)![1]), Buffer.byteLength(body));
    const { error } = ErrorEnvelope.parse(JSON.parse(body));
    assert.ok(head.includes(`x-request-id: ${error.request_id}`));
    assert.ok(socket.writableEnded);
  }
});

test('a peer that is gone is not spoken to', () => {
  const { text, socket } = written({ code: 'ECONNRESET' });
  assert.equal(text, '');
  assert.ok(socket.destroyed);
});

test('a request whose address cannot be read is the caller’s mistake; anything else is ours and says nothing', async () => {
  const refused = unreadableAnswer(new RequestError('Invalid host header'));
  assert.equal(refused.status, 400);
  const { error } = ErrorEnvelope.parse(await refused.json());
  assert.equal(refused.headers.get('x-request-id'), error.request_id);
  const fault = unreadableAnswer(new Error('CANARY'));
  assert.equal(fault.status, 500);
  assert.doesNotMatch(await fault.text(), /CANARY/);
});
