import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Bucket } from '../../appliance/stores/object/minio/bucket.ts';
import { type TenantBucket, tenantBucket } from '../support/objects/tenant-bucket.ts';
import { stackMissing, testStack } from '../support/stack.ts';

describe('the weight of a bucket', { skip: stackMissing() ?? false }, () => {
  let tenant: TenantBucket;
  /** As the tenant itself, by whatever way it likes. */
  let own: Bucket;
  before(async () => {
    tenant = await tenantBucket(testStack()!.objects);
    own = new Bucket(tenant.options);
  });
  after(async () => {
    own?.close();
    await tenant?.end();
  });
  const held = async () => Object.fromEntries(await tenant.keeper.held());

  it('is that of all versions, of what is hidden, of copies, and of parts whose upload was never ended', async () => {
    assert.deepEqual(await held(), {});
    await own.put('raw/acme/one', Buffer.alloc(1000));
    await own.put('raw/acme/one', Buffer.alloc(500));
    await own.put('normalized/acme/a b+c&d/%/ü.json', Buffer.alloc(70));
    await tenant.hide('normalized/acme/a b+c&d/%/ü.json');
    await own.copy('raw/acme/one', 'elsewhere');
    const key = 'raw/acme/two';
    const upload = { key, uploadId: await own.beginUpload(key) };
    for (const number of [1, 2]) await own.part(upload, number, Buffer.alloc(300));
    assert.deepEqual(await held(), { 'raw/': 2100, 'normalized/': 70, '': 500 });
    await own.abortUpload(upload);
    assert.equal(await tenant.root.partBytes(upload), 0);
    assert.deepEqual(await held(), { 'raw/': 1500, 'normalized/': 70, '': 500 });
    await tenant.empty();
    assert.deepEqual(await held(), {});
  });

  it('counts past the first page, whatever keys are called', async () => {
    const names = Array.from({ length: 1050 }, (_, n) => `raw/a+b &${n % 2 === 0 ? '%20' : '<>'}/${n}`);
    for (let from = 0; from < names.length; from += 50) {
      await Promise.all(names.slice(from, from + 50).map((name) => own.put(name, Buffer.alloc(2))));
    }
    // The page ends between two versions of one key.
    for (let n = 0; n < 3; n++) await own.put(names[998]!, Buffer.alloc(2));
    assert.deepEqual(await held(), { 'raw/': 2106 });
    await tenant.empty();
  });
});
