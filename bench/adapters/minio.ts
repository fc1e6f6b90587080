import http from 'node:http';
import { openClient } from '../../appliance/stores/object/minio/client.ts';
import { Connection, gather } from '../../appliance/stores/object/minio/connection.ts';
import { openMinioObjects } from '../../appliance/stores/object/minio.ts';
import { tenantBucket } from '../../test/support/objects/tenant-bucket.ts';
import { stackMissing, testStack } from '../../test/support/stack.ts';
import { HEADING, sideBySide } from './side-by-side.ts';

const KEY = 'raw/bench/document';
const LISTED = 1000;

/**
 * Verbs of the objects beside bare requests to addresses that were signed before, over a kept connection, as many and in
 * the same order as the verb sends.
 */
export async function measureMinio(): Promise<string[]> {
  const missing = stackMissing();
  if (missing !== null) return [`MinIO: left out, ${missing}`];
  const tenant = await tenantBucket(testStack()!.objects);
  const store = openMinioObjects(tenant.options);
  const connection = new Connection(tenant.options);
  const client = openClient(connection, tenant.options);
  const { bucket } = tenant.options;
  const agent = new http.Agent({ keepAlive: true });
  const bare = (method: string, url: string, body?: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      const request = http.request(url, { method, agent }, (response) => gather(response).then(resolve, reject));
      request.on('error', reject);
      request.end(body);
    });
  const [get, head, put] = await Promise.all([
    client.presignedGetObject(bucket, KEY, 3600),
    client.presignedUrl('HEAD', bucket, KEY, 3600),
    client.presignedPutObject(bucket, KEY, 3600),
  ]);
  const list = await client.presignedUrl('GET', bucket, '', 3600, {
    'list-type': '2',
    prefix: 'receipts/',
    'max-keys': '1000',
  });
  const small = Buffer.alloc(20_000, 1);
  const large = Buffer.alloc(1 << 20, 1);
  const listed = async () => {
    for await (const _ of store.list('receipts/'));
  };
  const drafted = async () => {
    const draft = await store.begin();
    await draft.write(small);
    await draft.commit(KEY);
  };
  try {
    const x = Buffer.from('x');
    await store.putAll(Array.from({ length: LISTED }, (_, n) => ({ key: `receipts/bench/${n}`, bytes: x })));
    const lines = [
      'MinIO: objects as a tenant’s user',
      HEADING,
      await sideBySide(
        'put 20 kB',
        () => store.put(KEY, small),
        () => bare('PUT', put, small),
      ),
      await sideBySide('draft of 20 kB, committed', drafted, () => bare('PUT', put, small)),
      await sideBySide(
        'read 20 kB',
        () => store.read(KEY),
        () => bare('GET', get),
      ),
      await sideBySide(
        'size',
        () => store.size(KEY),
        () => bare('HEAD', head),
      ),
      await sideBySide(
        'put 1 MiB',
        () => store.put(KEY, large),
        () => bare('PUT', put, large),
        undefined,
        100,
      ),
      await sideBySide(
        'read 1 MiB',
        () => store.read(KEY),
        () => bare('GET', get),
        undefined,
        100,
      ),
      await sideBySide(`list ${LISTED} keys`, listed, () => bare('GET', list), undefined, 20),
    ];
    return lines;
  } finally {
    await store.close();
    connection.close();
    agent.destroy();
    await tenant.end();
  }
}
