import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { type LockedModel, versionOf } from '../../../../../appliance/models/embedder/lock.ts';
import type { LoadedModel } from '../../../../../appliance/models/embedder/onnx/load-model.ts';
import { onnxEmbedder } from '../../../../../appliance/models/embedder/onnx.ts';
import { embedderStatus } from '../../../../../appliance/models/embedder/over-socket/ask-embedder.ts';
import { embedderServer } from '../../../../../appliance/models/embedder/over-socket/serve-embedder.ts';
import { line } from '../../../../../appliance/models/embedder/over-socket/wire.ts';
import { silentLogger } from '../../../../../appliance/observability/logger.ts';
import { until } from '../../../../support/faults/until.ts';
import { writeSmallModel } from '../../../../support/models/small-model.ts';

describe('an embedder over a socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-embedder-'));
  const servers: Server[] = [];
  let model: LockedModel;
  let sockets = 0;
  const opened: Socket[] = [];
  before(async () => {
    model = await writeSmallModel(folder);
  });
  after(() => {
    for (const socket of opened) socket.destroy();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  /** A model that makes axis vectors of its texts' lengths, when it is let. */
  function double(turn: (texts: readonly string[], kind: string) => Promise<void> = async () => undefined) {
    const loaded: LoadedModel = {
      async embed(texts, kind, onVectors, signal) {
        await turn(texts, kind);
        signal?.throwIfAborted();
        // Backwards, one by one: order is the asking end's business.
        for (const place of [...texts.keys()].reverse()) onVectors([place], [axis(texts[place]!.length)]);
      },
      close: async () => undefined,
    };
    return loaded;
  }

  async function listen(server: Server): Promise<string> {
    const socket = join(folder, `${++sockets}.sock`);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    servers.push(server);
    return socket;
  }
  async function serve(loaded: () => Promise<LoadedModel>, status = { model: model.name, version: versionOf(model) }) {
    return listen(
      embedderServer({
        model: loaded,
        status: () => ({ ...status, loaded: true, batch_ms: 0 }),
        logger: silentLogger,
      }),
    );
  }
  /** One at a time, and so many that may wait. */
  async function serveFew(waiting: number, turn: () => Promise<void> = async () => undefined): Promise<string> {
    return listen(
      embedderServer({
        model: async () => double(turn),
        status: () => ({ model: model.name, version: versionOf(model), loaded: true, batch_ms: 0 }),
        documents: { total: 1, each: 1, waiting },
        logger: silentLogger,
      }),
    );
  }
  const embedder = (socket: string, more: Partial<Parameters<typeof onnxEmbedder>[0]> = {}) =>
    onnxEmbedder({ model, at: { socket }, by: 'one', patienceMs: 0, ...more });

  it('gives the vectors of many texts in their order', async () => {
    const made = embedder(await serve(async () => double()));
    const texts = Array.from({ length: 300 }, (_, i) => 'x'.repeat(i % 50));
    const vectors = await made.embedDocuments(texts);
    assert.deepEqual(
      vectors.map((vector) => vector.indexOf(1)),
      texts.map((text) => text.length),
    );
    assert.equal((await made.embedQuery('xyz')).indexOf(1), 3);
    assert.deepEqual(await made.embedDocuments([]), []);
  });

  it('asks for documents as documents and for questions as questions', async () => {
    const kinds: string[] = [];
    const made = embedder(await serve(async () => double(async (_texts, kind) => void kinds.push(kind))));
    await made.embedDocuments(['a']);
    await made.embedQuery('a');
    assert.deepEqual(kinds, ['document', 'query']);
  });

  it('lets a question pass documents, and those who wait take turns by their names', async () => {
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const socket = await serve(async () =>
      double(async ([text], kind) => {
        order.push(kind === 'query' ? 'question' : text!);
        if (text === 'a1') await first.promise;
      }),
    );
    const [a, b] = [embedder(socket, { by: 'a' }), embedder(socket, { by: 'b' })];
    const work = [a.embedDocuments(['a1'])];
    await until('the first to be at work', () => order.length === 1);
    work.push(a.embedDocuments(['a2']));
    await until('one to wait', async () => (await embedderStatus({ socket }, 1000)).waiting === 1);
    work.push(b.embedDocuments(['b1']));
    await until('two to wait', async () => (await embedderStatus({ socket }, 1000)).waiting === 2);
    await a.embedQuery('q');
    first.resolve();
    await Promise.all(work);
    assert.deepEqual(order.slice(0, 2), ['a1', 'question']);
    assert.deepEqual(order.slice(2).sort(), ['a2', 'b1']);
  });

  it('takes no texts before it is their turn, and refuses those who would wait too long', async () => {
    const gate = Promise.withResolvers<void>();
    const socket = await serveFew(2, () => gate.promise);
    const work = Array.from({ length: 4 }, () => embedder(socket).embedDocuments(['a']));
    const ends = await Promise.race(work.map((one) => one.then(() => 'made').catch((error) => error)));
    assert.equal(ends.code, 'EMBEDDER_UNAVAILABLE');
    assert.match(ends.message, /Too many texts wait/);
    gate.resolve();
    assert.equal((await Promise.allSettled(work)).filter(({ status }) => status === 'fulfilled').length, 3);
  });

  it('is asked by one process for a few documents at a time: the others wait there, and none is refused', async () => {
    const made = embedder(await serveFew(3));
    const work = Array.from({ length: 100 }, (_, i) => made.embedDocuments(['x'.repeat(i)]));
    assert.deepEqual(
      (await Promise.all(work)).map(([vector]) => vector!.indexOf(1)),
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('leaves nobody waiting when it is closed', async () => {
    const gate = Promise.withResolvers<void>();
    const made = embedder(await serveFew(100, () => gate.promise));
    const work = Array.from({ length: 10 }, () => made.embedDocuments(['a']));
    await made.close();
    for (const one of await Promise.allSettled(work)) {
      assert.equal(one.status === 'rejected' && one.reason.code, 'EMBEDDER_UNAVAILABLE');
    }
    gate.resolve();
  });

  it('tells what went wrong with the model, and tries to load it anew for the next', async () => {
    let tries = 0;
    const socket = await serve(async () => {
      tries += 1;
      if (tries > 1) return double();
      throw new FrostbyteError('EMBEDDER_UNAVAILABLE', 'The model takes 1200 MiB of memory, and 300 are free.');
    });
    const made = embedder(socket);
    await assert.rejects(made.embedQuery('a'), { code: 'EMBEDDER_UNAVAILABLE', message: /takes 1200 MiB/ });
    assert.equal((await made.embedQuery('ab')).indexOf(1), 2);
  });

  it('tells when it makes sense to ask again, where the embedder knows', async () => {
    const after = (retryAfter?: number) => {
      const error = new FrostbyteError('EMBEDDER_UNAVAILABLE', 'Busy.', retryAfter === undefined ? {} : { retryAfter });
      return double(() => Promise.reject(error));
    };
    for (const [told, heard] of [
      [17, 17],
      [0.2, 1],
      [undefined, 30],
    ] as const) {
      const made = embedder(await serve(async () => after(told)));
      await assert.rejects(made.embedQuery('a'), { code: 'EMBEDDER_UNAVAILABLE', retryAfter: heard });
    }
  });

  it('tells no words of an error that is not its own', async () => {
    const made = embedder(await serve(async () => double(() => Promise.reject(new Error('secret text')))));
    await assert.rejects(made.embedQuery('a'), (error: Error) => !error.message.includes('secret'));
  });

  it('stops for who goes away', async () => {
    const gate = Promise.withResolvers<void>();
    let at = 0;
    const socket = await serve(async () =>
      double(async () => {
        at += 1;
        if (at === 1) await gate.promise;
      }),
    );
    const left = embedder(socket);
    const work = left.embedDocuments(['a']);
    await until('it to be at work', () => at === 1);
    await left.close();
    await assert.rejects(work, { code: 'EMBEDDER_UNAVAILABLE' });
    gate.resolve();
    assert.equal((await embedder(socket).embedDocuments(['abc'])).length, 1);
  });

  it('takes the place from who sends its texts drop by drop', async () => {
    const socket = await listen(
      embedderServer({
        model: async () => double(),
        status: () => ({ model: model.name, version: versionOf(model), loaded: true, batch_ms: 0 }),
        textsMs: 100,
        logger: silentLogger,
      }),
    );
    const slow = connect(socket);
    opened.push(slow);
    slow.on('error', () => undefined);
    slow.write(line({ ask: 'embed', as: 'document', by: 'slow', count: 1, length: 1_000_000 }));
    await new Promise((resolve) => slow.once('data', resolve));
    const dripping = setInterval(() => slow.write('['), 10);
    try {
      assert.equal((await embedder(socket, { silenceMs: 20_000 }).embedDocuments(['abc']))[0]!.indexOf(1), 3);
    } finally {
      clearInterval(dripping);
    }
  });

  it('refuses the process of another model or version', async () => {
    const socket = await serve(async () => double(), { model: model.name, version: '00000000.1' });
    await assert.rejects(embedder(socket).embedQuery('a'), { code: 'EMBEDDER_UNAVAILABLE', message: /00000000\.1/ });
  });

  it('says that nobody answers where nobody does', async () => {
    await assert.rejects(embedder(join(folder, 'nobody.sock')).embedQuery('a'), { code: 'EMBEDDER_UNAVAILABLE' });
    await assert.rejects(embedderStatus({ socket: join(folder, 'nobody.sock') }, 100), {
      code: 'EMBEDDER_UNAVAILABLE',
    });
  });

  describe('in the networks of tenants', () => {
    const HOME = '127.0.0.1';
    const [A, B] = ['127.0.0.2', '127.0.0.3'];

    async function serveNetworks(turn?: (texts: readonly string[], kind: string) => Promise<void>): Promise<number> {
      const server = embedderServer({
        model: async () => double(turn),
        status: () => ({ model: model.name, version: versionOf(model), loaded: true, batch_ms: 0 }),
        origin: ({ localAddress = '' }) => ({ by: localAddress, mayAskStatus: localAddress === HOME }),
        logger: silentLogger,
      });
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
      servers.push(server);
      return (server.address() as AddressInfo).port;
    }
    const from = (host: string, port: number, by: string) =>
      onnxEmbedder({ model, at: { host, port }, by, patienceMs: 0 });

    it('says how it is at home alone', async () => {
      const port = await serveNetworks();
      assert.equal((await embedderStatus({ host: HOME, port }, 1000)).loaded, true);
      await assert.rejects(embedderStatus({ host: A, port }, 1000), { code: 'EMBEDDER_UNAVAILABLE' });
      assert.equal((await from(A, port, 'a').embedDocuments(['abc']))[0]!.indexOf(1), 3);
    });

    it('gives turns to networks, whatever name is said there', async () => {
      const order: string[] = [];
      const first = Promise.withResolvers<void>();
      const port = await serveNetworks(async ([text]) => {
        order.push(text!);
        if (text === 'a0') await first.promise;
      });
      const waits = (count: number) =>
        until(`${count} to wait`, async () => (await embedderStatus({ host: HOME, port }, 1000)).waiting === count);
      const work = [from(A, port, 'one').embedDocuments(['a0'])];
      await until('the first to be at work', () => order.length === 1);
      for (const [at, name] of ['two', 'three', 'four'].entries()) {
        work.push(from(A, port, name).embedDocuments([`a${at + 1}`]));
        await waits(at + 1);
      }
      work.push(from(B, port, 'one').embedDocuments(['b1']));
      await waits(4);
      first.resolve();
      await Promise.all(work);
      assert.ok(order.indexOf('b1') <= 2, order.join(' '));
    });

    it('leaves others their places, however many connections one opens', async () => {
      const port = await serveNetworks();
      const said: string[] = [];
      for (let i = 0; i < 80; i++) {
        const socket = connect(port, A);
        opened.push(socket);
        let words = '';
        socket.on('data', (bytes) => {
          words += bytes;
        });
        socket.once('end', () => said.push(words));
      }
      await until('those beyond to be refused', () => said.length === 80 - 64);
      for (const words of said) assert.match(words, /Too many texts wait/);
      assert.equal((await from(B, port, 'b').embedDocuments(['ab']))[0]!.indexOf(1), 2);
      for (const socket of opened) socket.destroy();
      await until('places to be free', () =>
        from(A, port, 'a')
          .embedQuery('a')
          .then(
            () => true,
            () => false,
          ),
      );
    });
  });

  const ready = line({ say: 'ready', model: 'small-model', version: '01234567.1' });
  const vectors = (places: number[], numbers: Float32Array) =>
    Buffer.concat([Buffer.from(line({ say: 'vectors', places })), Buffer.from(numbers.buffer)]);
  for (const [what, says, code] of [
    [
      'gives a vector that is not finite',
      [vectors([0], axis(1, Number.NaN)), line({ say: 'done' })],
      'DIMENSION_MISMATCH',
    ],
    ['gives one that is not normalised', [vectors([0], axis(1, 3)), line({ say: 'done' })], 'DIMENSION_MISMATCH'],
    ['leaves one out', [line({ say: 'done' })], 'DIMENSION_MISMATCH'],
    ['gives one twice', [vectors([0], axis(1)), vectors([0], axis(1))], 'EMBEDDER_UNAVAILABLE'],
    ['gives one that nobody asked for', [vectors([7], axis(1))], 'EMBEDDER_UNAVAILABLE'],
    ['says what has no sense', ['{"say":"hello"}\n'], 'EMBEDDER_UNAVAILABLE'],
    ['breaks off', [vectors([0], axis(1)).subarray(0, 500)], 'EMBEDDER_UNAVAILABLE'],
    [
      'says an error that is not its to give',
      ['{"say":"failed","code":"TENANT_SUSPENDED","message":"x"}\n'],
      'EMBEDDER_UNAVAILABLE',
    ],
  ] as const) {
    it(`is not believed where it ${what}`, async () => {
      const socket = await listen(createServer((one) => void answer(one, [ready, ...says])));
      await assert.rejects(embedder(socket).embedDocuments(['a']), { code });
    });
  }

  it('asks once more where the process died in between', async () => {
    let asked = 0;
    const socket = await listen(
      createServer((one) => {
        asked += 1;
        void answer(one, asked === 1 ? [ready] : [ready, vectors([0], axis(4)), line({ say: 'done' })]);
      }),
    );
    assert.equal((await embedder(socket).embedDocuments(['abcd']))[0]!.indexOf(1), 4);
    assert.equal(asked, 2);
  });

  it('gives up one that says nothing any more', async () => {
    const socket = await listen(createServer((one) => void one.write(ready)));
    await assert.rejects(embedder(socket, { silenceMs: 50 }).embedQuery('a'), { code: 'EMBEDDER_UNAVAILABLE' });
  });

  it('closes the door to who asks for nothing that it knows', async () => {
    const socket = await serve(async () => double());
    for (const words of ['GET / HTTP/1.1\r\n\r\n', '{"ask":"embed","as":"document","by":"x","count":0,"length":2}\n']) {
      const one = connect(socket);
      one.write(words);
      const said = await new Promise<string>((resolve) => {
        let all = '';
        one.on('data', (piece) => (all += piece));
        one.once('close', () => resolve(all));
      });
      assert.equal(said, '');
    }
  });
});

/** Hears the question, and says this and no more. */
async function answer(socket: Socket, says: readonly (string | Uint8Array)[]): Promise<void> {
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('data', resolve));
  for (const one of says) socket.write(one);
  socket.end();
}

function axis(at: number, value = 1): Float32Array {
  const vector = new Float32Array(768);
  vector[at] = value;
  return vector;
}
