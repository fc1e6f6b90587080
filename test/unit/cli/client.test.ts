import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../../appliance/cli/client.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';

/** A gateway that answers as it is told, on a loopback port. */
async function gateway(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('it was answered'),
    (error: unknown) => error as FrostbyteError,
  );

test('a call carries token and reason, and its query is encoded', async (t) => {
  const seen: IncomingMessage[] = [];
  const url = await gateway(t, (request, response) => {
    seen.push(request);
    response.end(JSON.stringify({ success: true, data: [1], meta: { total: 1, pages: 1 } }));
  });
  const client = createClient({ url: `${url}//`, token: 'abc', reason: 'court order' });
  const { data, meta } = await client.get<number[]>('/admin/tenants', { state: 'A&B=c', page: undefined, limit: 5 });
  assert.deepEqual([data, meta], [[1], { total: 1, pages: 1 }]);
  assert.equal(seen[0]!.url, '/api/v1/admin/tenants?state=A%26B%3Dc&limit=5');
  assert.equal(seen[0]!.headers.authorization, 'Bearer abc');
  assert.equal(seen[0]!.headers['x-break-glass-reason'], 'court order');
});

test('what only reads is asked once more where the connection went, and what acts is not', async (t) => {
  let asked = 0;
  let cuts = 1;
  const url = await gateway(t, (request, response) => {
    asked += 1;
    if (cuts-- > 0) request.socket.destroy();
    else response.end(JSON.stringify({ success: true, data: 'here' }));
  });
  const client = createClient({ url, token: 'abc' });
  assert.equal((await client.get('/admin/tenants')).data, 'here');
  assert.equal(asked, 2);
  cuts = 1;
  assert.equal((await failure(client.send('POST', '/admin/tenants', {}))).code, 'SERVICE_UNAVAILABLE');
  assert.equal(asked, 3);
  cuts = 2;
  assert.equal((await failure(client.get('/admin/tenants'))).code, 'SERVICE_UNAVAILABLE');
  assert.equal(asked, 5);
});

test('a whole list is read by its cursor where it has one, else by page numbers', async (t) => {
  const asked: string[] = [];
  const url = await gateway(t, (request, response) => {
    const query = new URL(request.url!, 'http://x').searchParams;
    asked.push(`${query.get('limit')} ${query.get('page') ?? query.get('cursor')}`);
    const numbered = request.url!.includes('/numbered');
    const rest: Record<string, string | null> = { 1: 'a', a: 'b', b: null };
    const cursor = rest[query.get('cursor') ?? query.get('page')!]!;
    const meta = { total: 3, pages: 3, ...(numbered ? {} : { cursor }) };
    response.end(JSON.stringify({ success: true, data: [asked.length], meta }));
  });
  const client = createClient({ url, token: 't' });
  assert.deepEqual(await client.all('/listed', { limit: 500 }), [1, 2, 3]);
  assert.deepEqual(await client.all('/numbered'), [4, 5, 6]);
  assert.deepEqual(asked, ['500 1', '500 a', '500 b', '100 1', '100 2', '100 3']);
});

test('a reason that no header carries is refused with another way, not sent in pieces', () => {
  assert.doesNotThrow(() => createClient({ url: 'http://127.0.0.1:1', token: 't', reason: 'Gerichtsbeschluß, § 12' }));
  for (const reason of ['Usnesení č. 12', '契約書', 'one\ntwo'])
    assert.throws(() => createClient({ url: 'http://127.0.0.1:1', token: 't', reason }), {
      code: 'VALIDATION_ERROR',
      message: /tenant break-glass open/,
    });
});

test('a refusal comes back as the error that the gateway threw', async (t) => {
  const url = await gateway(t, (_request, response) => {
    response.writeHead(429, { 'retry-after': '7' });
    response.end(
      JSON.stringify({
        success: false,
        error: { code: 'RATE_LIMIT_EXCEEDED', message: 'Too many.', details: [], request_id: 'r-1' },
      }),
    );
  });
  const error = await failure(createClient({ url, token: 't' }).get('/status'));
  assert.ok(error instanceof FrostbyteError);
  assert.deepEqual([error.code, error.retryAfter], ['RATE_LIMIT_EXCEEDED', 7]);
  assert.match(error.message, /r-1/);
});

test('an answer that is not ours, and no answer at all, are told apart', async (t) => {
  for (const body of ['<html>', '{"error":{"code":"toString"}}', '{"error":null}', '']) {
    const url = await gateway(t, (_request, response) => {
      response.writeHead(502);
      response.end(body);
    });
    assert.equal((await failure(createClient({ url, token: 't' }).get('/status'))).code, 'INTERNAL_ERROR', body);
  }
  const unreachable = await failure(createClient({ url: 'http://127.0.0.1:1', token: 't' }).send('POST', '/x', {}));
  assert.equal(unreachable.code, 'SERVICE_UNAVAILABLE');
  assert.equal(unreachable.details[0]!.field, 'url');
});
