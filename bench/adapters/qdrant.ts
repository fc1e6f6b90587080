import { randomBytes } from 'node:crypto';
import { Agent, request } from 'undici';
import type { VectorPoint } from '../../appliance/stores/vector/port.ts';
import { COLLECTION, QdrantCollections } from '../../appliance/stores/vector/qdrant/collection.ts';
import { toPoint } from '../../appliance/stores/vector/qdrant/points.ts';
import { openQdrantVectors } from '../../appliance/stores/vector/qdrant.ts';
import { startQdrant } from '../../test/support/qdrant-double/start.ts';
import { randomVectors } from '../../test/support/vectors.ts';
import { HEADING, sideBySide } from './side-by-side.ts';

const POINTS = 2000;

/** Each verb of the vector port beside `undici.request` with the same body. */
export async function measureQdrant(): Promise<string[]> {
  const server = await startQdrant();
  const collections = new QdrantCollections({ url: server.url, token: server.apiKey });
  const collection = `bench_${randomBytes(8).toString('hex')}`;
  await collections.make(collection);
  const store = openQdrantVectors({ address: { url: server.url, token: server.apiKey }, collection });
  const agent = new Agent({ connections: 1 });
  const bare = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => {
    const answer = await request(`${server.url}/collections/${collection}${path}`, {
      method,
      dispatcher: agent,
      headers: { 'api-key': server.apiKey, 'accept-encoding': 'identity', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.statusCode !== 200) throw new Error(`${method} ${path} answered ${answer.statusCode}`);
    return answer.body.json();
  };
  try {
    const vectors = randomVectors(POINTS, 1);
    const points = vectors.map((vector, n): VectorPoint => {
      const hex = n.toString(16).padStart(16, '0');
      const about = { classification: 'other', page: 1, ingested_at: '2026-01-01T00:00:00.000Z' };
      return { chunk_id: `chk_${hex}`, doc_id: `doc_${hex}`, vector, ...about };
    });
    await store.upsert(points);
    const query = Array.from(vectors[3]!);
    const search = (params: object) => ({
      query,
      limit: 66,
      filter: { must: [] },
      params,
      with_payload: ['chunk_id', 'doc_id'],
    });
    const some = points.slice(0, 50);
    const ids = some.map((point) => toPoint(point).id);
    const shown = { with_payload: ['chunk_id', 'bits'], with_vector: true };
    return [
      `Qdrant: ${server.kind === 'real' ? 'a real server' : 'the double'}, ${POINTS} × ${COLLECTION.vectors.size}`,
      HEADING,
      await sideBySide(
        'count',
        () => store.count(),
        () => bare('POST', '/points/count', { exact: true }),
      ),
      await sideBySide(
        'search exact, 50',
        () => store.search(vectors[3]!, { limit: 50 }),
        () => bare('POST', '/points/query', search({ exact: true })),
      ),
      await sideBySide(
        'search approximate, 50',
        () => store.search(vectors[3]!, { limit: 50, approximate: true }),
        () => bare('POST', '/points/query', search({ hnsw_ef: 256 })),
      ),
      await sideBySide(
        'read 50',
        () => store.read(some.map((point) => point.chunk_id)),
        () => bare('POST', '/points', { ids, ...shown }),
      ),
      await sideBySide(
        'upsert 50',
        () => store.upsert(some),
        () => bare('PUT', '/points?wait=true', { points: some.map(toPoint) }),
      ),
      await sideBySide(
        'remove 1, missing',
        () => store.remove(['chk_ffffffffffffffff']),
        () => bare('POST', '/points/delete?wait=true', { points: [randomId] }),
      ),
      await sideBySide(
        'check',
        () => store.check(),
        () => bare('GET', ''),
      ),
    ];
  } finally {
    await store.close();
    await collections.drop(collection);
    await collections.close();
    await agent.destroy();
    await server.stop();
  }
}

const randomId = '00000000-0000-5000-8000-ffffffffffff';
