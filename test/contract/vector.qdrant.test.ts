import { randomBytes } from 'node:crypto';
import { after, before, describe } from 'node:test';
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
});
