import { randomBytes } from 'node:crypto';
import { MinioAdmin } from '../../../appliance/stores/object/minio/admin.ts';
import { Bucket, type BucketOptions } from '../../../appliance/stores/object/minio/bucket.ts';
import { openClient } from '../../../appliance/stores/object/minio/client.ts';
import { Connection } from '../../../appliance/stores/object/minio/connection.ts';
import { tenantPolicy } from '../../../appliance/stores/object/minio/policy.ts';
import { removeEverything } from '../../../appliance/stores/object/minio/remove.ts';
import { BucketKeeper } from '../../../appliance/stores/object/minio/tenant-bucket.ts';
import type { TestStack } from '../stack.ts';

/** A bucket of a test's own, and the user that may reach it and nothing else. */
export interface TenantBucket {
  /** What the tenant's data plane would open it with. */
  options: BucketOptions;
  /** The same bucket with the administrator's credentials. */
  root: Bucket;
  admin: MinioAdmin;
  keeper: BucketKeeper;
  /** Names below a prefix, drafts too, as the administrator sees them. */
  names(prefix: string): Promise<string[]>;
  /** Hides a key behind a delete marker: what a deletion that names no version does. */
  hide(key: string): Promise<void>;
  /** Removes all that lies in it. */
  empty(): Promise<void>;
  end(): Promise<void>;
}

/** Credentials as provisioning makes them: a random access key of 20 characters and a secret of 256 bits. */
export function randomCredentials(): { accessKey: string; secretKey: string } {
  return {
    accessKey: randomBytes(10).toString('hex').toUpperCase(),
    secretKey: randomBytes(30).toString('base64url'),
  };
}

export async function tenantBucket(objects: TestStack['objects']): Promise<TenantBucket> {
  const bucket = `tenant-t${randomBytes(6).toString('hex')}-bucket`;
  const rootOptions = {
    endpoint: objects.endpoint,
    tls: objects.tls,
    accessKey: objects.access_key,
    secretKey: objects.secret_key,
    bucket,
  };
  const user = randomCredentials();
  const admin = new MinioAdmin(rootOptions);
  const keeper = new BucketKeeper(rootOptions);
  const root = new Bucket(rootOptions);
  const connection = new Connection(rootOptions);
  await keeper.make();
  await admin.putPolicy(bucket, tenantPolicy(bucket));
  await admin.putUser(user);
  await admin.attachPolicy(bucket, user.accessKey);
  return {
    options: { endpoint: objects.endpoint, tls: objects.tls, ...user, bucket },
    root,
    admin,
    keeper,
    async names(prefix) {
      const { objects: found } = await root.page(prefix, '');
      return found.map(({ name }) => name);
    },
    hide: (key) => openClient(connection, rootOptions).removeObject(bucket, key),
    empty: () => removeEverything(root),
    async end() {
      await admin.removeUser(user.accessKey);
      await admin.removePolicy(bucket);
      await keeper.destroy();
      for (const each of [admin, keeper, root, connection]) each.close();
    },
  };
}
