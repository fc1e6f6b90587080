import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { clamdScanner, noScanner, verdict } from '../../../../appliance/data/1-intake/clamd.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';

const down = (error: unknown) => isFrostbyteError(error, 'SERVICE_UNAVAILABLE');
const SHORT = { connect: 1000, answer: 150 };

/** A clamd that takes exactly its protocol and hangs up on anything else. */
async function withClamd(
  answer: (bytes: Buffer) => string | null,
  work: (address: string, received: () => number) => Promise<void>,
  options: { limit?: number; unix?: boolean } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clamd-'));
  const sockets = new Set<Socket>();
  let total = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let held = Buffer.alloc(0);
    let command: string | null = null;
    const content: Buffer[] = [];
    let size = 0;
    socket.on('data', (data) => {
      held = Buffer.concat([held, data]);
      if (command === null) {
        const end = held.indexOf(0);
        if (end < 0) return;
        command = held.subarray(0, end).toString();
        held = held.subarray(end + 1);
        if (command === 'zPING') return void socket.end('PONG\0');
        if (command !== 'zINSTREAM') return void socket.destroy();
      }
      while (held.length >= 4) {
        const length = held.readUInt32BE(0);
        if (length === 0) {
          const said = answer(Buffer.concat(content));
          if (said !== null) socket.end(`${said}\0`);
          return;
        }
        if (held.length < 4 + length) return;
        content.push(held.subarray(4, 4 + length));
        held = held.subarray(4 + length);
        size += length;
        total += length;
        if (options.limit !== undefined && size > options.limit)
          return void socket.end('INSTREAM size limit exceeded. ERROR\0');
      }
    });
  });
  const path = join(folder, 'clamd.sock');
  await new Promise<void>((resolve) =>
    options.unix ? server.listen(path, resolve) : server.listen(0, '127.0.0.1', resolve),
  );
  const address = server.address();
  try {
    await work(typeof address === 'string' ? address : `127.0.0.1:${address!.port}`, () => total);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  }
}

async function scan(address: string, chunks: Uint8Array[], timeouts = SHORT) {
  const session = await clamdScanner(address, { timeouts }).begin();
  for (const chunk of chunks) await session.write(chunk);
  return session.end();
}

describe('the clamd scanner', () => {
  for (const unix of [false, true]) {
    it(`sends the file in its chunks and takes OK for clean, over ${unix ? 'a unix socket' : 'TCP'}`, async () => {
      const chunks = [Buffer.alloc(300_000, 1), Buffer.alloc(0), Buffer.from('end')];
      await withClamd(
        (bytes) => (bytes.equals(Buffer.concat(chunks)) ? 'stream: OK' : 'stream: Wrong FOUND'),
        async (address) => {
          assert.deepEqual(await scan(address, chunks), { result: 'clean' });
          await clamdScanner(address).check();
        },
        { unix },
      );
    });
  }

  it('hands each chunk back once the kernel has it, and never one that could not be sent', () =>
    withClamd(
      () => 'stream: OK',
      async (address) => {
        const chunks = Array.from({ length: 40 }, (_, n) => Buffer.alloc(65_536, n));
        const back: Uint8Array[] = [];
        const session = await clamdScanner(address).begin();
        for (const chunk of chunks) await session.write(chunk, (done) => back.push(done));
        assert.deepEqual(await session.end(), { result: 'clean' });
        assert.deepEqual(back, chunks);

        const gone = await clamdScanner(address, { timeouts: SHORT }).begin();
        gone.abort();
        await assert.rejects(
          gone.write(Buffer.alloc(65_536), () => assert.fail('handed back')),
          down,
        );
      },
    ));

  it('takes an empty file', () =>
    withClamd(
      (bytes) => (bytes.length === 0 ? 'stream: OK' : 'x'),
      async (address) => assert.deepEqual(await scan(address, []), { result: 'clean' }),
    ));

  it('names the signature of what it found', () =>
    withClamd(
      () => 'stream: Win.Test.EICAR_HDB-1 FOUND',
      async (address) =>
        assert.deepEqual(await scan(address, [Buffer.from('x')]), {
          result: 'quarantined',
          signature: 'Win.Test.EICAR_HDB-1',
        }),
    ));

  it('says unscannable where the stream is longer than clamd reads', () =>
    withClamd(
      () => 'stream: OK',
      async (address) => {
        const chunks = Array.from({ length: 40 }, () => Buffer.alloc(65_536));
        assert.deepEqual(await scan(address, chunks), { result: 'unscannable' });
      },
      { limit: 100_000 },
    ));

  it('is unavailable when clamd says nothing, hangs up, is not there or speaks otherwise', async () => {
    await withClamd(
      () => null,
      async (address) => assert.rejects(scan(address, [Buffer.from('x')]), down),
    );
    for (const answer of [
      '',
      'stream: ERROR',
      'OK',
      'stream: OK extra',
      'UNKNOWN COMMAND',
      "stream: Can't allocate memory ERROR",
    ]) {
      await withClamd(
        () => answer,
        async (address) => assert.rejects(scan(address, [Buffer.from('x')]), down, answer),
      );
    }
    let gone = '';
    await withClamd(
      () => null,
      async (address) => {
        gone = address;
      },
    );
    await assert.rejects(clamdScanner(gone, { timeouts: SHORT }).begin(), down);
    await assert.rejects(clamdScanner(gone, { timeouts: SHORT }).check(), down);
    await assert.rejects(clamdScanner(join(tmpdir(), 'no-such.sock'), { timeouts: SHORT }).begin(), down);
  });

  it('drops its connection when a scan is abandoned', () =>
    withClamd(
      () => 'stream: OK',
      async (address) => {
        const session = await clamdScanner(address, { timeouts: SHORT }).begin();
        await session.write(Buffer.from('x'));
        session.abort();
        await assert.rejects(session.end(), down);
      },
    ));

  it('refuses an address that is neither', async () => {
    for (const address of ['clamd', ':3310', 'host:0', 'host:99999']) {
      await assert.rejects(
        clamdScanner(address).begin(),
        (error) => isFrostbyteError(error, 'CONFIG_INVALID'),
        address,
      );
    }
  });

  it('takes exceeded limits and encrypted content for unscannable, everything else found for malware', () => {
    assert.deepEqual(verdict('stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND'), { result: 'unscannable' });
    assert.deepEqual(verdict('stream: Heuristics.Encrypted.PDF FOUND'), { result: 'unscannable' });
    assert.equal(verdict('stream: Heuristics.Phishing FOUND').result, 'quarantined');
  });
});

it('without a scanner every file is skipped, never clean', async () => {
  const scanner = noScanner();
  assert.equal(scanner.configured, false);
  await scanner.check();
  const session = await scanner.begin();
  await session.write(Buffer.from('x'));
  assert.deepEqual(await session.end(), { result: 'skipped' });
});
