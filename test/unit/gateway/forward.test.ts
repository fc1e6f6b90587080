import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type HttpWay, httpWay } from '../../../appliance/api/rpc/http-way.ts';
import { forwardingFetch } from '../../../appliance/gateway/forward.ts';
import { temporaryFolder } from '../../support/control/control-fixture.ts';
import { until } from '../../support/faults/until.ts';

const URL = 'http://appliance/api/v1/ingest/acme/batch?page=2';

/** A data plane behind a socket, and what was forgotten on the way to it. */
async function plane(t: TestContext, listener: RequestListener) {
  const socket = join(await temporaryFolder(t), 's');
  let server: Server | undefined;
  const listen = async () => {
    server = createServer(listener);
    await new Promise<void>((resolve) => server!.listen(socket, resolve));
  };
  await listen();
  const stop = () =>
    new Promise<void>((resolve) => {
      server!.close(() => resolve());
      server!.closeAllConnections();
    });
  const made: HttpWay[] = [];
  let way: HttpWay | undefined;
  const fetch = forwardingFetch({
    async to() {
      if (way === undefined) {
        way = httpWay({ socket }, 8);
        made.push(way);
      }
      return way;
    },
    forget(_tenant, gone) {
      if (gone === way) way = undefined;
    },
  });
  t.after(async () => {
    for (const one of made) one.destroy();
    await stop();
  });
  return { fetch: (request: Request) => fetch('acme', request), stop, listen, ways: () => made.length };
}

const sending = (body: ReadableStream, signal?: AbortSignal) =>
  new Request(URL, { method: 'POST', body, duplex: 'half', ...(signal ? { signal } : {}) } as RequestInit);

test('method, path, query, headers, body, status and answer cross as they are', async (t) => {
  const { fetch } = await plane(t, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method, url, headers } = request;
    response.writeHead(201, { 'x-own': 'yes', 'set-cookie': ['a=1', 'b=2'], 'content-type': 'application/json' });
    response.end(JSON.stringify({ method, url, host: headers.host, type: headers['x-mine'], text }));
  });
  const answer = await fetch(new Request(URL, { method: 'PUT', body: 'words', headers: { 'x-mine': 'tus' } }));
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-own'), 'yes');
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.equal(answer.headers.get('transfer-encoding'), null);
  const path = '/api/v1/ingest/acme/batch?page=2';
  assert.deepEqual(await answer.json(), { method: 'PUT', url: path, host: 'appliance', type: 'tus', text: 'words' });
});

test('an answer is there before it ends, piece by piece, and whoever leaves takes it along', async (t) => {
  let closed = false;
  const { fetch } = await plane(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: file\n\n');
    response.on('close', () => {
      closed = true;
    });
  });
  const leaving = new AbortController();
  const answer = await fetch(new Request(URL, { signal: leaving.signal }));
  const reader = answer.body!.getReader();
  assert.equal(Buffer.from((await reader.read()).value!).toString(), 'event: file\n\n');
  leaving.abort();
  await until('the plane to notice', () => closed);
});

test('a body is taken as fast as the plane reads it, no faster', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { fetch } = await plane(t, async (request, response) => {
    await gate.promise;
    let size = 0;
    for await (const chunk of request) size += (chunk as Buffer).length;
    response.end(String(size));
  });
  const chunk = new Uint8Array(256 * 1024);
  const [total, most] = [256, 64];
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (pulled === total) return controller.close();
      pulled++;
      controller.enqueue(chunk);
    },
  });
  const answer = fetch(sending(body));
  let before = -1;
  while (before !== pulled) {
    before = pulled;
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(pulled < most, `${pulled} of ${total} pieces were taken for a plane that read none`);
  gate.resolve();
  assert.equal(await (await answer).text(), String(total * chunk.length));
});

test('of a body that breaks off everything that came arrives, also from a sender that leaves', async (t) => {
  const gate = Promise.withResolvers<void>();
  const came = Promise.withResolvers<number>();
  const { fetch } = await plane(t, async (request) => {
    await gate.promise;
    let size = 0;
    try {
      for await (const chunk of request) size += (chunk as Buffer).length;
      came.reject(new Error('the body ended'));
    } catch {
      came.resolve(size);
    }
  });
  const chunk = new Uint8Array(100_000);
  const total = 20;
  let pulled = 0;
  const leaving = new AbortController();
  const body = new ReadableStream({
    pull(controller) {
      if (pulled++ < total) return controller.enqueue(chunk);
      controller.error(new Error('the line broke'));
    },
  });
  const answer = assert.rejects(fetch(sending(body, leaving.signal)));
  await until('the first piece to be asked for', () => pulled > 1);
  leaving.abort();
  gate.resolve();
  assert.equal(await came.promise, total * chunk.length);
  await answer;
});

test('a sender that leaves when all was sent takes its request along', async (t) => {
  const closed = Promise.withResolvers<void>();
  const { fetch } = await plane(t, (request, response) => {
    request.resume();
    response.on('close', closed.resolve);
  });
  const leaving = new AbortController();
  const gone = assert.rejects(fetch(sending(new Blob(['all']).stream(), leaving.signal)), { name: 'AbortError' });
  leaving.abort();
  await Promise.all([closed.promise, gone]);
});

test('whoever answers early is heard, and the sender is not hung up on', async (t) => {
  const { fetch } = await plane(t, (_request, response) => {
    response.writeHead(413);
    response.end('too large');
  });
  let cancelled = false;
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(1024));
      return new Promise((resolve) => setImmediate(resolve));
    },
    cancel() {
      cancelled = true;
    },
  });
  const answer = await fetch(sending(body));
  assert.deepEqual([answer.status, await answer.text()], [413, 'too large']);
  assert.equal(cancelled, false);
});

test('a plane that is gone, breaks off or does not know the gateway is 503 with a time to try again', async (t) => {
  let how: RequestListener = (_request, response) => void response.destroy();
  const world = await plane(t, (request, response) => how(request, response));
  const unavailable = { code: 'SERVICE_UNAVAILABLE' };
  await assert.rejects(world.fetch(new Request(URL, { method: 'POST', body: 'x' })), unavailable);
  how = (_request, response) => {
    response.writeHead(401);
    response.end();
  };
  await assert.rejects(world.fetch(new Request(URL, { method: 'POST', body: 'x' })), unavailable);
  await world.stop();
  await assert.rejects(world.fetch(new Request(URL)), unavailable);
  await world.listen();
  how = (_request, response) => void response.end('again');
  assert.equal(await (await world.fetch(new Request(URL))).text(), 'again');
});

test('of a request that never left nothing was read: it arrives whole at the plane that comes next', async (t) => {
  const world = await plane(t, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.end(text);
  });
  await world.stop();
  const body = new Response('two').body!;
  await assert.rejects(world.fetch(sending(body)), { code: 'SERVICE_UNAVAILABLE' });
  await world.listen();
  assert.equal(await (await world.fetch(sending(body))).text(), 'two');
});
