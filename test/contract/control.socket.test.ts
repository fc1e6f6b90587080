import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { controlClient } from '../../appliance/control/socket/control-client.ts';
import { serveControl } from '../../appliance/control/socket/serve-control.ts';
import type { ControlVerbs } from '../../appliance/control/verbs.ts';
import type { LoggedEvent } from '../../appliance/stores/log/port.ts';
import { silentLogger, temporaryFolder } from '../support/control/control-fixture.ts';
import { controlDouble } from '../support/control-verbs-double.ts';
import { controlContract } from './control.suite.ts';

async function overSocket(control: ControlVerbs, t: TestContext): Promise<{ verbs: ControlVerbs; socket: string }> {
  const socket = join(await temporaryFolder(t), 'run', 'control.sock');
  const server = await serveControl(control, { socket, logger: silentLogger });
  const client = controlClient(socket);
  t.after(async () => {
    client.close();
    await server.close();
  });
  return { verbs: client.verbs, socket };
}

controlContract('control over its socket', async (control, t) => (await overSocket(control, t)).verbs);

/** What the socket answers to bytes that no client of ours sends. */
async function raw(socketPath: string, path: string, body: string, method = 'POST') {
  return new Promise<{ status: number; error: { code: string; details: { field: string }[] } }>((resolve, reject) => {
    const asking = request({ socketPath, path, method }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      const { error } = JSON.parse(Buffer.concat(chunks).toString()) as { error: never };
      resolve({ status: answer.statusCode!, error });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

test('the socket is for its owner alone, in a folder for its owner alone', async (t) => {
  const { socket } = await overSocket(controlDouble().verbs, t);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  assert.equal(statSync(join(socket, '..')).mode & 0o777, 0o700);
});

test('unknown verbs, other methods, arguments of another form and too many of them are refused unasked', async (t) => {
  const double = controlDouble({ acme: 'ACTIVE' });
  const { socket } = await overSocket(double.verbs, t);
  for (const path of ['/start', '/constructor', '/__proto__', '/', '/log.append', '/gate/x', '/auditLog'])
    assert.equal((await raw(socket, path, '[]')).error.code, 'RESOURCE_NOT_FOUND', path);
  assert.equal((await raw(socket, '/gate', '["acme"]', 'PUT')).error.code, 'RESOURCE_NOT_FOUND');
  for (const [verb, body] of [
    ['gate', 'no json'],
    ['gate', '{}'],
    ['gate', '[]'],
    ['gate', '["acme","more"]'],
    ['tenant', '[7]'],
    ['suspend', '["acme",{"reason":"x","notify_tenant":true,"more":1},"frode"]'],
    ['verify', '["../acme","frode"]'],
    ['log.events', '["acme",{"sort":"asc","limit":100000}]'],
    ['log.leaves', '["acme",-1,5]'],
  ] as const)
    assert.equal((await raw(socket, `/${verb}`, body)).error.code, 'VALIDATION_ERROR', `${verb} ${body}`);
  const large = JSON.stringify(['x'.repeat(2 * 1024 * 1024)]);
  assert.equal((await raw(socket, '/gate', large)).error.code, 'PAYLOAD_TOO_LARGE');
  assert.deepEqual(double.calls, []);
});

test('a defect of control says nothing of itself to who asked', async (t) => {
  const failing = controlDouble({}, { health: () => Promise.reject(new Error('the secret is AGE-SECRET-KEY-1')) });
  const { verbs } = await overSocket(failing.verbs, t);
  await assert.rejects(verbs.health(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'INTERNAL_ERROR');
    assert.doesNotMatch(String(error.message), /secret is/);
    return true;
  });
});

test('a range is streamed: what nobody has read is not made yet, and nothing runs on for a reader who left', async (t) => {
  let made = 0;
  let ended = false;
  const event = { details: { text: 'x'.repeat(16 * 1024) } };
  const log = {
    size: async () => 1_000_000,
    async *range(from: number, to: number) {
      try {
        for (let at = from; at < to; at++) {
          made++;
          yield { ...event, log_index: at } as unknown as LoggedEvent;
        }
      } finally {
        ended = true;
      }
    },
  };
  const { verbs } = await overSocket(controlDouble({}, { auditLog: async () => log as never }).verbs, t);
  const reader = (await verbs.auditLog('acme')).range(0, 1_000_000)[Symbol.asyncIterator]();
  assert.equal((await reader.next()).value.log_index, 0);
  // All that buffers between two processes hold is a few megabytes.
  let before = -1;
  while (before !== made) {
    before = made;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(made < 1000, `${made} events were made for a reader who took one`);
  await reader.return?.(undefined);
  while (!ended) await new Promise((resolve) => setImmediate(resolve));
});

test('a range that breaks off half way says so, and a truncated one is no end', async (t) => {
  const log = {
    size: async () => 2,
    async *range() {
      yield { log_index: 0 } as unknown as LoggedEvent;
      throw new Error('disk');
    },
  };
  const { verbs } = await overSocket(controlDouble({}, { auditLog: async () => log as never }).verbs, t);
  const seen: number[] = [];
  await assert.rejects(
    async () => {
      for await (const { log_index } of (await verbs.auditLog('acme')).range(0, 2)) seen.push(log_index);
    },
    { code: 'INTERNAL_ERROR' },
  );
  assert.deepEqual(seen, [0]);

  const socket = join(await temporaryFolder(t), 'cut.sock');
  const cut = createServer((request, response) => {
    if (request.url === '/log.size') return void response.end('{"value":1}');
    response.write('{"item":{"log_index":0}}\n', () => response.destroy());
  });
  await new Promise<void>((resolve) => cut.listen(socket, resolve));
  const client = controlClient(socket);
  t.after(async () => {
    client.close();
    cut.close();
  });
  await assert.rejects(
    async () => {
      for await (const _event of (await client.verbs.auditLog('acme')).range(0, 9));
    },
    { code: 'SERVICE_UNAVAILABLE' },
  );
});

test('while control is down the answer is 503 with a time to try again; started again, it answers', async (t) => {
  const socket = join(await temporaryFolder(t), 'run', 'control.sock');
  const client = controlClient(socket);
  t.after(() => client.close());
  await assert.rejects(client.verbs.gate('acme'), { code: 'SERVICE_UNAVAILABLE', retryAfter: 1 });
  client.verbs.authenticationFailed('10.0.0.7', 'TOKEN_EXPIRED');
  for (const state of ['ACTIVE', 'SUSPENDED'] as const) {
    const server = await serveControl(controlDouble({ acme: state }).verbs, { socket, logger: silentLogger });
    try {
      assert.equal((await client.verbs.gate('acme')).state, state);
    } finally {
      await server.close();
    }
    await assert.rejects(client.verbs.gate('acme'), { code: 'SERVICE_UNAVAILABLE' });
  }
});
