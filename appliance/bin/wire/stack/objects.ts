import type { TenantResource } from '../../../control/provisioning/port.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { tenantNames } from '../../../kernel/names.ts';
import { type AdminOptions, MinioAdmin } from '../../../stores/object/minio/admin.ts';
import type { Credentials } from '../../../stores/object/minio/client.ts';
import { tenantPolicy } from '../../../stores/object/minio/policy.ts';
import { BucketKeeper } from '../../../stores/object/minio/tenant-bucket.ts';
import { openMinioObjects } from '../../../stores/object/minio.ts';
import { checkObjects } from '../canaries.ts';

export interface StackObjectsOptions extends AdminOptions {
  /** The tenant's own credentials as its secrets file has them now; null where there are none (any more). */
  credentialsOf(tenantId: string): Promise<Credentials | null>;
}

/** A tenant's bucket, and the one user that may reach it (spec 3, row "MinIO"). */
export interface StackObjects extends TenantResource {
  /** The kill-switch: from the next request on the tenant's users, and what was minted under them, are refused. */
  disable(tenantId: string): Promise<void>;
  /**
   * Rotation and resume: a user for the credentials that the secrets file has now, and no other. The old ones are removed,
   * so that what was minted under them dies too: it would come back with an old user that is enabled again.
   */
  renew(tenantId: string): Promise<void>;
  /** Throws `STORE_UNAVAILABLE` unless the server answers for a bucket, whether or not there is one. */
  answers(tenantId: string): Promise<void>;
  /** Bytes in its bucket, by what keys begin with, whoever put them there. O(versions). */
  held(tenantId: string): Promise<Map<string, number>>;
  close(): void;
}

/** The tenants' buckets on one server. `options` hold the administrator's credentials. */
export function stackObjects(options: StackObjectsOptions): StackObjects {
  const admin = new MinioAdmin(options);

  const withBucket = async <T>(tenantId: string, work: (keeper: BucketKeeper) => Promise<T>): Promise<T> => {
    const keeper = new BucketKeeper({ ...options, bucket: tenantNames(tenantId).bucket });
    return work(keeper).finally(() => keeper.close());
  };
  const credentials = async (tenantId: string): Promise<Credentials> => {
    const found = await options.credentialsOf(tenantId);
    if (found !== null) return found;
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no credentials for the object store.');
  };
  const usersOf = async (tenantId: string): Promise<string[]> => {
    const { objectPolicy } = tenantNames(tenantId);
    const users = [...(await admin.users())].filter(([, { policyName }]) =>
      policyName.split(',').includes(objectPolicy),
    );
    return users.map(([accessKey]) => accessKey);
  };
  /**
   * Writes the tenant's policy. The server has the disk keep what is written before it answers, not what is removed; what
   * is written takes all before it along. So a removed user stays removed when the power goes.
   */
  const settle = (tenantId: string): Promise<void> => {
    const { bucket, objectPolicy } = tenantNames(tenantId);
    return admin.putPolicy(objectPolicy, tenantPolicy(bucket));
  };
  const renew = async (tenantId: string): Promise<void> => {
    const { objectPolicy } = tenantNames(tenantId);
    const user = await credentials(tenantId);
    await settle(tenantId);
    await admin.putUser(user);
    await admin.attachPolicy(objectPolicy, user.accessKey);
    for (const accessKey of await usersOf(tenantId)) {
      if (accessKey !== user.accessKey) await admin.removeUser(accessKey);
    }
    await settle(tenantId);
  };

  return {
    make: async (tenantId) => {
      await withBucket(tenantId, (keeper) => keeper.make());
      await renew(tenantId);
    },
    check: async (tenantId) => {
      await withBucket(tenantId, (keeper) => keeper.check());
      const user = await credentials(tenantId);
      await checkObjects(openMinioObjects({ ...options, ...user, bucket: tenantNames(tenantId).bucket }));
    },
    destroy: async (tenantId) => {
      const known = await options.credentialsOf(tenantId);
      const users = new Set([...(await usersOf(tenantId)), ...(known === null ? [] : [known.accessKey])]);
      for (const accessKey of users) await admin.removeUser(accessKey);
      await withBucket(tenantId, (keeper) => keeper.destroy());
      await settle(tenantId);
      // Alone it gives nobody anything.
      await admin.removePolicy(tenantNames(tenantId).objectPolicy);
    },
    isGone: async (tenantId) => {
      if (await withBucket(tenantId, (keeper) => keeper.exists())) return false;
      if ((await usersOf(tenantId)).length > 0) return false;
      return !(await admin.policies()).includes(tenantNames(tenantId).objectPolicy);
    },
    disable: async (tenantId) => {
      for (const accessKey of await usersOf(tenantId)) await admin.setStatus(accessKey, 'disabled');
    },
    renew,
    answers: async (tenantId) => void (await withBucket(tenantId, (keeper) => keeper.exists())),
    held: (tenantId) => withBucket(tenantId, (keeper) => keeper.held()),
    close: () => admin.close(),
  };
}
