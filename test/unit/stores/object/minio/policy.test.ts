import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tenantPolicy } from '../../../../../appliance/stores/object/minio/policy.ts';

describe("a tenant's policy", () => {
  const { Statement } = tenantPolicy('tenant-acme-bucket');

  it('allows named actions on its own bucket and what lies in it, by their exact names', () => {
    const allowed = Statement.filter(({ Effect }) => Effect === 'Allow');
    const resources = allowed.flatMap(({ Resource }) => Resource ?? ['*']);
    assert.deepEqual(resources, ['arn:aws:s3:::tenant-acme-bucket', 'arn:aws:s3:::tenant-acme-bucket/*']);
    for (const action of allowed.flatMap(({ Action }) => Action)) assert.match(action, /^s3:[A-Za-z]+$/);
  });

  it('gives no way to rule over the bucket', () => {
    const actions = Statement.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []));
    assert.deepEqual(
      actions.filter((action) =>
        /Policy|Versioning|Lifecycle|Encryption|Replication|Lock|Retention|Notification|Acl|(?:Create|Delete)Bucket$/.test(
          action,
        ),
      ),
      [],
    );
  });

  it('forbids every call of the admin API, which would let a user make credentials for itself', () => {
    assert.deepEqual(
      Statement.filter(({ Effect }) => Effect === 'Deny'),
      [{ Effect: 'Deny', Action: ['admin:*'] }],
    );
  });
});
