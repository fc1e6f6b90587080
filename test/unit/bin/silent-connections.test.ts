import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { endSilence } from '../../../appliance/bin/silent-connections.ts';

const SILENCE_MS = 200;

async function connected(t: TestContext, answer: RequestListener) {
  const server = createServer(answer);
  endSilence(server, SILENCE_MS);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  t.after(() => {
    socket.destroy();
    server.close();
  });
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  return { socket, closed: once(socket, 'close'), heard: () => heard };
}

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20\r\n\r\n';

test('a connection that says nothing, or stops in its body, is closed', async (t) => {
  const silent = await connected(t, () => undefined);
  await silent.closed;
  const stalled = await connected(t, (request) => void request.resume());
  stalled.socket.write(`${HEAD}a`);
  await stalled.closed;
});

test('one that moves is served, however slow', async (t) => {
  const slow = await connected(t, (request, response) => {
    request.resume();
    request.on('end', () => response.end('served'));
  });
  slow.socket.write(HEAD);
  const began = performance.now();
  for (let n = 0; n < 20; n++) {
    slow.socket.write('x');
    await sleep(SILENCE_MS / 8);
  }
  assert.ok(performance.now() - began > 2 * SILENCE_MS);
  await slow.closed;
  assert.match(slow.heard(), /served/);
});

test('while an answer is being made the silence is ours', async (t) => {
  const waiting = await connected(t, async (request, response) => {
    request.resume();
    await once(request, 'end');
    await sleep(2 * SILENCE_MS);
    response.end('made');
  });
  waiting.socket.write(HEAD + 'x'.repeat(20));
  await waiting.closed;
  assert.match(waiting.heard(), /made/);
});

test('a stream of news may have none for a while; a reader that does not read is let go', async (t) => {
  const news = await connected(t, async (_request, response) => {
    response.write('first');
    await sleep(2 * SILENCE_MS);
    response.end('second');
  });
  news.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await news.closed;
  assert.match(news.heard(), /second/);

  const { promise: letGo, resolve } = Promise.withResolvers<void>();
  const deaf = await connected(t, ({ socket }, response) => {
    socket.on('close', () => resolve());
    response.write(Buffer.alloc(64 << 20));
  });
  deaf.socket.pause();
  deaf.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await letGo;
});
