import type { StackStores } from '../../api/plane/handover.ts';
import type { VectorIndexes } from '../../data/indexes.ts';
import { besideCollection } from '../../kernel/names.ts';
import { openMinioObjects } from '../../stores/object/minio.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import { openRedisQueue } from '../../stores/queue/redis.ts';
import { openPostgresRecords } from '../../stores/record/postgres.ts';
import { openQdrantVectors } from '../../stores/vector/qdrant.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import { fileIndexes, type OpeningStores, type OpenStores } from './plane-stores.ts';
import { vectorsSearchedBy } from './search-threads.ts';

/** One tenant's stores on servers. Throws what the adapters throw; then nothing is left open. */
export async function openStackStores(
  tenant_id: string,
  { objects, records, vectors, queue }: StackStores,
  { clock, searching, leaseMs, room, opener }: OpeningStores,
): Promise<OpenStores> {
  const { endpoint, bucket, access_key: accessKey, secret_key: secretKey, tls } = objects;
  const { prefix, ...address } = queue;
  const connections = records.connections[opener];
  const opened = await openPostgresRecords({ ...records, connections }, { tenant_id, clock });
  return {
    objects: roomFrom(openMinioObjects({ endpoint, bucket, accessKey, secretKey, tls }), room),
    records: opened,
    indexes:
      vectors.kind === 'qdrant'
        ? collectionIndexes(vectors)
        : fileIndexes(vectors.file, (file) =>
            vectorsSearchedBy(
              openSqliteVectors(file, { appliedAt: clock.iso() }),
              searching.of({ tenant_id, records: null, vectors: file }),
            ),
          ),
    queue: openRedisQueue({ address, prefix, leaseMs }),
  };
}

function collectionIndexes({
  url,
  token,
  tls,
  collection,
}: Extract<StackStores['vectors'], { kind: 'qdrant' }>): VectorIndexes {
  const open = (name: string) => openQdrantVectors({ address: { url, token, tls }, collection: name });
  return [open(collection), open(besideCollection(collection))];
}

/** A tenant's credentials do not show the disk behind the object store; whoever can see it says what is left. */
function roomFrom(objects: ObjectStore, room: () => Promise<number>): ObjectStore {
  return {
    begin: () => objects.begin(),
    put: (key, bytes) => objects.put(key, bytes),
    putAll: (entries) => objects.putAll(entries),
    get: (key) => objects.get(key),
    read: (key, maxBytes) => objects.read(key, maxBytes),
    size: (key) => objects.size(key),
    list: (prefix) => objects.list(prefix),
    delete: (key) => objects.delete(key),
    sweepDrafts: (olderThanMs) => objects.sweepDrafts(olderThanMs),
    usage: () => objects.usage(),
    room,
    check: () => objects.check(),
    close: () => objects.close(),
  };
}
