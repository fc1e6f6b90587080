import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { QdrantCollections } from '../../appliance/stores/vector/qdrant/collection.ts';
import { openQdrantVectors } from '../../appliance/stores/vector/qdrant.ts';
import { type QdrantServer, startQdrant } from '../support/qdrant-double/start.ts';
import { qdrantToken } from '../support/qdrant-double/tokens.ts';
import { vectorContract } from './vector.suite.ts';

const { FROSTBYTE_TEST_QDRANT_URL: given } = process.env;

describe(given ? 'against a real server' : 'against the double', () => {
  let server: QdrantServer;
  let collections: QdrantCollections;
  before(async () => {
    server = await startQdrant();
    collections = new QdrantCollections({ url: server.url, token: server.apiKey });
  });
  after(async () => {
    await collections.close();
    await server.stop();
  });

  vectorContract('Qdrant', async () => {
    const collection = `tenant_t${randomBytes(8).toString('hex')}`;
    await collections.make(collection);
    const token = qdrantToken(server.apiKey, {
      exp: Math.floor(Date.now() / 1000) + 3600,
      access: [{ collection, access: 'rw' }],
    });
    const open = () => openQdrantVectors({ address: { url: server.url, token }, collection });
    const store = open();
    return {
      store,
      again: async () => open(),
      dispose: async () => {
        await store.close();
        await collections.drop(collection);
      },
    };
  });

  it('a collection that is made is of 768 dimensions and cosine, and indexed by all that filters ask for; one that lacks an index gets it', async () => {
    const collection = `tenant_t${randomBytes(8).toString('hex')}`;
    const asked = async (method: string, path: string) => {
      const answer = await fetch(`${server.url}/collections/${collection}${path}`, {
        method,
        headers: { 'api-key': server.apiKey },
      });
      assert.equal(answer.status, 200);
      return (await answer.json()) as { result: Described };
    };
    const described = async () => {
      const { config, payload_schema } = (await asked('GET', '')).result;
      const { size, distance } = config.params.vectors;
      const indexes = Object.entries(payload_schema).map(([field, { data_type }]) => [field, data_type]);
      return { size, distance, indexes: Object.fromEntries(indexes) as Record<string, string> };
    };
    const whole = {
      size: 768,
      distance: 'Cosine',
      indexes: { doc_id: 'keyword', classification: 'keyword', ingested_at: 'datetime' },
    };
    await collections.make(collection);
    try {
      assert.deepEqual(await described(), whole);
      await asked('DELETE', '/index/classification?wait=true');
      assert.equal((await described()).indexes.classification, undefined);
      await collections.make(collection);
      assert.deepEqual(await described(), whole);
    } finally {
      await collections.drop(collection);
    }
  });

  it('copies that a tenant had made of its collection count to it, and are gone with an erasure and with the collection', async () => {
    const collection = `tenant_t${randomBytes(8).toString('hex')}`;
    await collections.make(collection);
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const token = qdrantToken(server.apiKey, { exp, access: [{ collection, access: 'rw' }] });
    const snapshots = `${server.url}/collections/${collection}/snapshots`;
    const asked = async (method: string, key = token) => {
      const answer = await fetch(snapshots, { method, headers: { 'api-key': key } });
      return { status: answer.status, result: ((await answer.json()) as { result?: { size: number }[] }).result };
    };
    const store = openQdrantVectors({ address: { url: server.url, token }, collection });
    const one = {
      chunk_id: 'chk_0123456789abcdef',
      doc_id: 'doc_0123456789abcdef',
      classification: 'other',
      page: 1,
    } as const;
    const vector = new Float32Array(768);
    vector[1] = 1;
    await store.upsert([{ ...one, vector, ingested_at: '2026-01-01T00:00:00.000Z' }]);
    const bare = await collections.held(collection);
    assert.ok(bare > 3000 && bare < 5000, `${bare}`);
    for (const made of [await asked('POST'), await asked('POST')]) assert.equal(made.status, 200);
    const size = (await asked('GET')).result!.reduce((sum, one) => sum + one.size, 0);
    assert.ok(size > 0);
    assert.equal(await collections.held(collection), bare + size);
    await store.remove([one.chunk_id]);
    assert.equal(await store.scrub(), true);
    assert.deepEqual((await asked('GET')).result, []);
    await asked('POST');
    await store.close();
    await collections.drop(collection);
    await collections.make(collection);
    assert.deepEqual(
      (await asked('GET', server.apiKey)).result,
      [],
      'nothing of the one before is there under its name',
    );
    await collections.drop(collection);
    assert.equal(await collections.held(collection), 0);
  });
});

/** What a server says of a collection, as far as it is looked at here. */
interface Described {
  config: { params: { vectors: { size: number; distance: string } } };
  payload_schema: Record<string, { data_type: string }>;
}
