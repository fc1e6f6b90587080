import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { clamdScanner } from '../../../../../appliance/data/1-intake/clamd.ts';
import { clamdProxy, type ProxyTimes } from '../../../../../appliance/data/1-intake/clamd-proxy/proxy.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { silentLogger } from '../../../../support/control/control-fixture.ts';
import { until } from '../../../../support/faults/until.ts';

const ORDERS = ['zSHUTDOWN\0', 'nRELOAD\n', 'zSCAN /etc/passwd\0', 'nIDSESSION\n', 'SHUTDOWN\n'];

interface Behind {
  /** Connections that clamd got, each with what came on it so far. */
  got: string[];
  proxy: { host: string; port: number };
}

/** A proxy before a clamd that does as `behave` says. */
async function before(
  t: TestContext,
  behave: (socket: Socket, got: () => string) => void,
  times: Partial<ProxyTimes> = {},
): Promise<Behind> {
  const got: string[] = [];
  const clamd = await listening(
    t,
    createServer((socket) => {
      const at = got.push('') - 1;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        got[at] += bytes.toString('latin1');
        behave(socket, () => got[at]!);
      });
    }),
  );
  const proxy = await listening(
    t,
    clamdProxy({ clamd: `127.0.0.1:${clamd}`, mostBytes: 1000, times, logger: silentLogger }),
  );
  return { got, proxy: { host: '127.0.0.1', port: proxy } };
}

async function listening(t: TestContext, server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Sends, and gives all that comes until the connection is closed. */
async function say(proxy: Behind['proxy'], ...pieces: (string | Buffer)[]): Promise<string> {
  const socket = connect(proxy);
  socket.on('error', () => undefined);
  let said = '';
  socket.on('data', (bytes) => (said += bytes.toString('latin1')));
  for (const piece of pieces) socket.write(piece);
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}

const pong = (socket: Socket) => void socket.end('PONG\0');
const chunk = (text: string) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};
const EMPTY = Buffer.alloc(4);
const clean = (socket: Socket, got: () => string) => {
  if (got().endsWith('\0\0\0\0')) socket.end('stream: OK\0');
};

describe('the proxy before clamd', () => {
  it('passes on questions and answers', async (t) => {
    const { proxy, got } = await before(t, pong);
    assert.equal(await say(proxy, 'zPI', 'NG\0'), 'PONG\0');
    assert.deepEqual(got, ['zPING\0']);
  });

  it('answers an order as clamd answers what it does not know, and clamd hears nothing of it', async (t) => {
    const { proxy, got } = await before(t, pong);
    for (const order of ORDERS) assert.match(await say(proxy, order), /^UNKNOWN COMMAND[\0\n]$/, order);
    assert.equal(await say(proxy, 'zPING\0zSHUTDOWN\0'), 'PONG\0');
    assert.deepEqual(got, ['zPING\0']);
  });

  it('streams a file, and tells its end', async (t) => {
    const { proxy, got } = await before(t, clean);
    assert.equal(await say(proxy, 'zINSTREAM\0', chunk('minutes'), chunk(' of'), EMPTY), 'stream: OK\0');
    assert.deepEqual(got, [`zINSTREAM\0${chunk('minutes')}${chunk(' of')}\0\0\0\0`]);
  });

  it('ends a file that is too large in the words of clamd', async (t) => {
    const { proxy } = await before(t, () => undefined);
    const words = 'INSTREAM size limit exceeded. ERROR\0';
    assert.equal(await say(proxy, 'zINSTREAM\0', chunk('x'.repeat(999)), chunk('xx'), chunk('more')), words);
  });

  it('gives an answer that comes before the end of the file', async (t) => {
    const early = (socket: Socket) => void socket.end('stream: Early.Word FOUND\0');
    const { proxy } = await before(t, early);
    assert.equal(await say(proxy, 'zINSTREAM\0', chunk('x')), 'stream: Early.Word FOUND\0');
  });

  it('hangs up where clamd hangs up, is silent or talks without end, and nobody takes that for a clean file', async (t) => {
    const dead = await before(t, (socket) => void socket.destroy());
    const mute = await before(t, () => undefined, { answer: 50 });
    const endless = await before(t, (socket) => void socket.write(Buffer.alloc(10_000, 'x')));
    for (const { proxy } of [dead, mute, endless]) {
      assert.equal(await say(proxy, 'zPING\0'), '');
      const scan = await clamdScanner(`${proxy.host}:${proxy.port}`).begin();
      await scan.write(Buffer.from('x')).catch(() => undefined);
      await assert.rejects(scan.end(), (error) => isFrostbyteError(error, 'SERVICE_UNAVAILABLE'));
    }
  });

  it('hangs up on who says nothing, or stops in the middle, and lets clamd go', async (t) => {
    let letGo = 0;
    const { proxy, got } = await before(t, (socket) => void socket.once('close', () => (letGo += 1)), {
      begin: 50,
      silence: 50,
    });
    assert.equal(await say(proxy), '');
    assert.equal(await say(proxy, 'zINST'), '');
    assert.equal(got.length, 0);
    assert.equal(await say(proxy, 'zINSTREAM\0', chunk('half').subarray(0, 6)), '');
    await until('the end of the connection to clamd', () => letGo === 1);
  });

  it('lets clamd go when the sender goes', async (t) => {
    let letGo = 0;
    const { proxy, got } = await before(t, (socket) => void socket.once('close', () => (letGo += 1)));
    const sender = connect(proxy);
    sender.write('zINSTREAM\0');
    await until('the command at clamd', () => got.length === 1);
    sender.destroy();
    await until('the end of the connection to clamd', () => letGo === 1);
  });

  it('bounds how long a file may come, however lively its sender is', async (t) => {
    const { proxy } = await before(t, () => undefined, { longest: 150 });
    const sender = connect(proxy);
    sender.on('error', () => undefined);
    sender.write('zINSTREAM\0');
    const drip = setInterval(() => sender.write(chunk('x')), 10);
    t.after(() => clearInterval(drip));
    await new Promise((resolve) => sender.once('close', resolve));
  });

  it('holds files back beyond its share, answers questions meanwhile, and takes the rest in turn', async (t) => {
    const { proxy, got } = await before(t, (socket, said) => {
      if (said() === 'zPING\0') pong(socket);
      else clean(socket, said);
    });
    const senders = Array.from({ length: 10 }, () => connect(proxy));
    const answers = senders.map(async (sender) => {
      sender.write('zINSTREAM\0');
      return (await once(sender, 'data'))[0].toString();
    });
    await until('four files at clamd', () => got.length === 4);
    assert.equal(await say(proxy, 'zPING\0'), 'PONG\0');
    assert.equal(got.length, 5, 'no more than its share of files came there meanwhile');
    for (const sender of senders) sender.write(EMPTY);
    assert.deepEqual(await Promise.all(answers), Array(10).fill('stream: OK\0'));
    for (const sender of senders) sender.destroy();
  });
});
