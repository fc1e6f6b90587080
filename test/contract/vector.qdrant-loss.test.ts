import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import type { VectorPoint, VectorStore } from '../../appliance/stores/vector/port.ts';
import { QdrantCollections } from '../../appliance/stores/vector/qdrant/collection.ts';
import { openQdrantVectors, type QdrantVectorOptions } from '../../appliance/stores/vector/qdrant.ts';
import { type CannedHttp, cannedHttp } from '../support/canned-http.ts';
import { selfSigned } from '../support/certificate.ts';
import { until } from '../support/faults/until.ts';
import { type Line, lineTo } from '../support/line.ts';
import { type QdrantServer, startQdrant } from '../support/qdrant-double/start.ts';
import { qdrantToken } from '../support/qdrant-double/tokens.ts';
import { randomVectors } from '../support/vectors.ts';

const unavailable = (error: unknown) => isFrostbyteError(error, 'STORE_UNAVAILABLE');
const chunk = (n: number) => `chk_${n.toString(16).padStart(16, '0')}`;
const DOC = 'doc_0000000000000001';
const [VECTOR] = randomVectors(1, 5);

const point = (n: number): VectorPoint => ({
  chunk_id: chunk(n),
  doc_id: DOC,
  vector: VECTOR!,
  classification: 'other',
  page: 1,
  ingested_at: '2026-01-01T00:00:00.000Z',
});

describe('vector store: Qdrant when Qdrant fails', () => {
  let server: QdrantServer;
  let collections: QdrantCollections;
  let line: Line;
  let collection: string;
  const opened: VectorStore[] = [];
  before(async () => {
    server = await startQdrant();
    collections = new QdrantCollections({ url: server.url, token: server.apiKey });
  });
  after(async () => {
    await collections.close();
    await server.stop();
  });
  beforeEach(async () => {
    collection = `tenant_t${randomBytes(8).toString('hex')}`;
    await collections.make(collection);
    const { hostname, port } = new URL(server.url);
    line = await lineTo({ host: hostname, port: Number(port) });
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await line.close();
    await collections.drop(collection);
  });

  function open(more: Partial<QdrantVectorOptions> = {}, claims: object = {}): VectorStore {
    const token = qdrantToken(server.apiKey, { access: [{ collection, access: 'rw' }], ...claims });
    const address = { url: `http://${line.host}:${line.port}`, token };
    const store = openQdrantVectors({ address, collection, ...more });
    opened.push(store);
    return store;
  }

  it('comes back by itself when the server does', async () => {
    const store = open();
    await store.upsert([point(1)]);
    await line.cut();
    const waiting = store.count();
    await line.mend();
    assert.equal(await waiting, 1, 'a request that met no server is sent again');
  });

  it('a server that hangs is given up after a bounded time, left alone, and used again when it answers', async () => {
    const store = open({ requestTimeoutMs: 60, attempts: 2 });
    await store.check();
    line.hold();
    const failure = async () => store.count().catch((error: unknown) => error);
    await until('being left alone', async () => {
      const error = await failure();
      assert.ok(unavailable(error));
      return (error as { retryAfter?: number }).retryAfter !== undefined;
    });
    await assert.rejects(store.check(), unavailable);
    line.release();
    await until('an answer', () =>
      store.check().then(
        () => true,
        () => false,
      ),
    );
    assert.equal(await store.count(), 0);
  });

  it('a token that is revoked is refused at its next call', async () => {
    const tokens = `tokens_${randomBytes(8).toString('hex')}`;
    const admin = async (method: string, path: string, body: object) => {
      const headers = { 'api-key': server.apiKey, 'content-type': 'application/json' };
      const response = await fetch(`${server.url}/collections/${path}`, {
        method,
        headers,
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200);
    };
    await admin('PUT', tokens, { vectors: {} });
    await admin('PUT', `${tokens}/points?wait=true`, { points: [{ id: 1, vector: {}, payload: { jti: 'a' } }] });
    const store = open({}, { value_exists: { collection: tokens, matches: [{ key: 'jti', value: 'a' }] } });
    await store.check();
    await admin('POST', `${tokens}/points/delete?wait=true`, { points: [1] });
    await assert.rejects(store.check(), unavailable);
    await collections.drop(tokens);
  });

  it('an outdated token, a foreign collection and a missing one each say what they are', async () => {
    await assert.rejects(open({}, { exp: 1_700_000_000 }).count(), unavailable);
    await assert.rejects(open({ collection: 'tenant_another' }).count(), (error) =>
      isFrostbyteError(error, 'ISOLATION_VIOLATED'),
    );
    await collections.drop(collection);
    const lost = open({ address: { url: server.url, token: server.apiKey } });
    await assert.rejects(lost.count(), (error) => unavailable(error) && /missing/.test((error as Error).message));
  });

  it('a token for reading reads, and writes nothing', async () => {
    await open().upsert([point(1)]);
    const reader = open({}, { access: [{ collection, access: 'r' }] });
    assert.equal(await reader.count(), 1);
    await assert.rejects(reader.upsert([point(2)]), (error) => isFrostbyteError(error, 'ISOLATION_VIOLATED'));
    await assert.rejects(reader.remove([chunk(1)]), (error) => isFrostbyteError(error, 'ISOLATION_VIOLATED'));
  });

  it('a collection of other dimensions is not well', async () => {
    const admin = { 'api-key': server.apiKey, 'content-type': 'application/json' };
    await collections.drop(collection);
    const body = JSON.stringify({ vectors: { size: 4, distance: 'Cosine' } });
    await fetch(`${server.url}/collections/${collection}`, { method: 'PUT', headers: admin, body });
    await assert.rejects(open().check(), unavailable);
    await assert.rejects(open().upsert([point(1)]), (error) => isFrostbyteError(error, 'DIMENSION_MISMATCH'));
  });

  it('of many equal scores the smallest chunk ids come first, however many there are', async () => {
    const store = open();
    const order = Array.from({ length: 150 }, (_, n) => (n * 37) % 150);
    await store.upsert(order.map(point));
    for (const approximate of [false, true]) {
      const hits = await store.search(VECTOR!, { limit: 3, approximate });
      assert.deepEqual(
        hits.map((hit) => hit.chunk_id),
        [0, 1, 2].map(chunk),
      );
    }
  });

  it('a document of more chunks than fit a page goes whole, and is named whole', async () => {
    const store = open();
    const all = Array.from({ length: 1030 }, (_, n) => n);
    await store.upsert(all.map(point));
    assert.equal(await store.countDocument(DOC), 1030);
    const removed = await store.removeDocument(DOC, new Set([chunk(7)]));
    assert.deepEqual(removed, all.filter((n) => n !== 7).map(chunk));
    assert.equal(await store.count(), 1);
    assert.equal((await store.read(all.map(chunk))).size, 1);
  });

  it('making a collection twice, and dropping it twice, is the same as once', async () => {
    await open().upsert([point(1)]);
    await collections.make(collection);
    assert.equal(await open().count(), 1);
    await collections.drop(collection);
    await collections.drop(collection);
    assert.equal(await collections.exists(collection), false);
  });
});

describe('vector store: what is sent to Qdrant', () => {
  const servers: CannedHttp[] = [];
  const stores: VectorStore[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const server of servers.splice(0)) server.close();
  });
  const DONE = {
    status: 200,
    body: { result: { operation_id: 1, status: 'completed', count: 0 }, status: 'ok', time: 0 },
  };

  async function world(
    ...[answer, tls]: Parameters<typeof cannedHttp>
  ): Promise<{ server: CannedHttp; store: VectorStore }> {
    const server = await cannedHttp(answer, tls);
    servers.push(server);
    const address = { url: server.url, token: 'the-token', ...(tls ? { tls: { ca: tls.cert } } : {}) };
    const store = openQdrantVectors({ address, collection: 'tenant_acme' });
    stores.push(store);
    return { server, store };
  }

  it('nothing but our requests, each with the token, asking for plain answers', async () => {
    const { server, store } = await world(() => DONE);
    await store.count();
    await store.upsert(Array.from({ length: 600 }, (_, n) => point(n)));
    const points = '/collections/tenant_acme/points';
    assert.deepEqual(
      server.seen.map(({ method, path }) => `${method} ${path}`),
      [`POST ${points}/count`, ...Array<string>(3).fill(`PUT ${points}?wait=true`)],
    );
    for (const { headers } of server.seen) {
      assert.equal(headers['api-key'], 'the-token');
      assert.equal(headers['accept-encoding'], 'identity');
    }
  });

  for (const [status, body, code, sent] of [
    [500, { status: { error: 'Service internal error' } }, 'STORE_UNAVAILABLE', 3],
    [429, { status: { error: 'Too many requests' } }, 'STORE_UNAVAILABLE', 3],
    [500, { status: { error: 'Service internal error: No space left on device' } }, 'DISK_FULL', 1],
    [400, { status: { error: 'Bad request' } }, 'INTERNAL_ERROR', 1],
    [401, {}, 'STORE_UNAVAILABLE', 1],
  ] as const) {
    it(`an answer of ${status} ${JSON.stringify(body)} is ${code}, after ${sent} attempts`, async () => {
      const { server, store } = await world(() => ({ status, body }));
      await assert.rejects(store.count(), (error) => isFrostbyteError(error, code));
      assert.equal(server.seen.length, sent);
    });
  }

  it('a request that failed once is sent again', async () => {
    const { server, store } = await world((_path, count) => (count === 1 ? { status: 503, body: {} } : DONE));
    assert.equal(await store.count(), 0);
    assert.equal(server.seen.length, 2);
  });

  it('over TLS the server is believed by the authority that was given, and by no other', async () => {
    const certificate = selfSigned();
    const { store } = await world(() => DONE, certificate);
    assert.equal(await store.count(), 0);
    const { server } = await world(() => DONE, certificate);
    const stranger = openQdrantVectors({ address: { url: server.url, token: 'x' }, collection: 'c', attempts: 1 });
    stores.push(stranger);
    await assert.rejects(stranger.count(), unavailable);
    assert.equal(server.seen.length, 0);
  });
});
