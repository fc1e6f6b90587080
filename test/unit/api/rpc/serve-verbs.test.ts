import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { serveVerbs } from '../../../../appliance/api/rpc/serve-verbs.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';

const TABLE = {
  add: { args: z.tuple([z.number(), z.number()]), answer: 'value', seconds: 5 },
  count: { args: z.tuple([]), answer: 'items', seconds: 5 },
} as const;

/** A serving end, the defects it told of, and a connection to it with what the server has of it. */
async function serving(t: TestContext, add: () => unknown) {
  const told: string[] = [];
  const endless = async function* () {
    for (;;) yield 'x'.repeat(64_000);
  };
  const server = createServer(serveVerbs(TABLE, { add, count: endless }, (verb) => void told.push(verb)));
  const path = join(await temporaryFolder(t), 's');
  await once(server.listen(path), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const dial = async () => {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const line = connect(path);
    t.after(() => line.destroy());
    const [[served]] = await Promise.all([accepted, once(line, 'connect')]);
    return { line, over: new Promise((resolve) => served.once('close', resolve)) };
  };
  return { told, dial };
}

const asked = (verb: string, length: number, body: string) =>
  `POST /${verb} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${body}`;

test('a line that breaks before a call was said, or while its answer is read, is no failure of the verb', async (t) => {
  let begun = 0;
  const { told, dial } = await serving(t, () => {
    begun += 1;
    return 3;
  });
  const half = await dial();
  half.line.write(asked('add', 100, '[1,'));
  half.line.destroy();
  await half.over;
  const reader = await dial();
  reader.line.write(asked('count', 2, '[]'));
  await once(reader.line, 'data');
  reader.line.destroy();
  await reader.over;
  const whole = await dial();
  whole.line.write(asked('add', 5, '[1,2]'));
  const [answer] = (await once(whole.line, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 200 /);
  assert.deepEqual([begun, told], [1, []]);
});

test('a verb that fails is told of, and its asker hears no words of it', async (t) => {
  const { told, dial } = await serving(t, () => {
    throw new TypeError('the secret is 7');
  });
  const { line } = await dial();
  line.write(asked('add', 5, '[1,2]'));
  const [answer] = (await once(line, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 422 /);
  assert.doesNotMatch(answer.toString(), /secret/);
  assert.deepEqual(told, ['add']);
});
