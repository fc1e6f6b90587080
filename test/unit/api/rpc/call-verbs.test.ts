import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { callVerbs } from '../../../../appliance/api/rpc/call-verbs.ts';
import { httpWay } from '../../../../appliance/api/rpc/http-way.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';

const TABLE = {
  look: { args: z.tuple([]), answer: 'value', seconds: 0.5 },
  count: { args: z.tuple([]), answer: 'value', seconds: 5, gives: z.number() },
  list: { args: z.tuple([]), answer: 'items', seconds: 5, gives: z.number() },
} as const;
const EVERY_MS = 50;

/** Whoever answers by `answer`, and the asking end. */
async function asking(t: TestContext, answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  const socket = join(await temporaryFolder(t), 's');
  await once(server.listen(socket), 'listening');
  const way = httpWay({ socket }, 1);
  t.after(() => {
    way.destroy();
    server.closeAllConnections();
    server.close();
  });
  return callVerbs(TABLE, way, { whom: 'The other end' });
}

test('who answers drop by drop is given up as one who does not answer', { timeout: 20_000 }, async (t) => {
  const verbs = await asking(t, (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const dropping = setInterval(() => response.write(' '), EVERY_MS);
    response.on('close', () => clearInterval(dropping));
  });
  await assert.rejects(verbs.value('look'), { code: 'SERVICE_UNAVAILABLE' });
});

test('who sends the head of an answer drop by drop is given up too', { timeout: 20_000 }, async (t) => {
  const verbs = await asking(t, ({ socket }) => {
    socket!.write('HTTP/1.1 200 OK\r\n');
    let n = 0;
    const dropping = setInterval(() => socket!.write(`x-drop-${n++}: 1\r\n`), EVERY_MS);
    socket!.on('close', () => clearInterval(dropping)).on('error', () => undefined);
  });
  await assert.rejects(verbs.value('look'), { code: 'SERVICE_UNAVAILABLE' });
});

test('an answer in time is what was said, however often', async (t) => {
  const verbs = await asking(t, (response) => response.end('{"value":7}'));
  for (let n = 0; n < 3; n++) assert.equal(await verbs.value('look'), 7);
});

test('an answer of another form than the table knows is none', async (t) => {
  let said = '';
  const verbs = await asking(t, (response) => response.end(said));
  const all = async () => {
    const found: unknown[] = [];
    for await (const item of verbs.items('list')) found.push(item);
    return found;
  };
  for (const answer of ['null', '7', '{}', '{"value":"7"}', 'seven']) {
    said = answer;
    await assert.rejects(verbs.value('count'), { code: 'SERVICE_UNAVAILABLE' }, answer);
  }
  for (const line of ['null', '{}', '{"item":"7"}', 'seven', '7']) {
    said = `{"item":1}\n${line}\n`;
    await assert.rejects(all(), { code: 'SERVICE_UNAVAILABLE' }, line);
  }
  said = '{"value":7}';
  assert.equal(await verbs.value('count'), 7);
  said = '{"item":1}\n{"item":2}\n{"end":true}\n';
  assert.deepEqual(await all(), [1, 2]);
});
