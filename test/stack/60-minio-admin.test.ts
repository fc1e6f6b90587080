import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { stackObjects } from '../../appliance/bin/wire/stack/objects.ts';
import { element, type RawCall, send } from '../../appliance/isolation/objects/signed-call.ts';
import {
  adminThefts,
  assumeRole,
  dataThefts,
  type Prey,
  pathTricks,
  ruleThefts,
  type Theft,
} from '../../appliance/isolation/objects/thefts.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import { MinioAdmin } from '../../appliance/stores/object/minio/admin.ts';
import { type Credentials, openClient } from '../../appliance/stores/object/minio/client.ts';
import { Connection } from '../../appliance/stores/object/minio/connection.ts';
import { openMinioObjects } from '../../appliance/stores/object/minio.ts';
import { randomCredentials, type TenantBucket, tenantBucket } from '../support/objects/tenant-bucket.ts';
import { stackMissing, testStack } from '../support/stack.ts';

describe("a tenant's user of the object store", { skip: stackMissing() ?? false, timeout: 120_000 }, () => {
  const KEY = 'raw/acme/secret';
  const SECRET = Buffer.from('of another tenant');
  let endpoint = '';
  let root: Credentials;
  let thief: TenantBucket;
  let victim: TenantBucket;
  let prey: Prey;
  before(async () => {
    const { objects } = testStack()!;
    endpoint = objects.endpoint;
    root = { accessKey: objects.access_key, secretKey: objects.secret_key };
    [thief, victim] = await Promise.all([tenantBucket(objects), tenantBucket(objects)]);
    await victim.root.put(KEY, SECRET);
    await thief.root.put(KEY, Buffer.from('of its own'));
    prey = {
      own: thief.options.bucket,
      ownKey: KEY,
      other: victim.options.bucket,
      key: KEY,
      user: victim.options.accessKey,
    };
  });
  after(async () => {
    await Promise.all([thief.end(), victim.end()]);
  });
  const asThief = (call: RawCall) => send({ endpoint }, thief.options, call);
  /** What the victim has is as it was: content, versions, rules, user. */
  const unharmed = async () => {
    assert.deepEqual(await victim.root.read(KEY, 1000), SECRET);
    assert.deepEqual(
      (await victim.root.versions('')).map(({ name }) => name),
      [KEY],
    );
    assert.deepEqual(await victim.root.uploads(''), []);
    await victim.keeper.check();
    assert.equal((await victim.admin.users()).get(victim.options.accessKey)?.status, 'enabled');
    for (const [query, nothing] of [
      ['policy', 'NoSuchBucketPolicy'],
      ['lifecycle', 'NoSuchLifecycleConfiguration'],
    ]) {
      const { code } = await send({ endpoint }, root, { method: 'GET', path: `/${victim.options.bucket}?${query}` });
      assert.equal(code, nothing);
    }
  };

  it('reaches its own bucket, and finds no other in the list', async () => {
    const own = await asThief({ method: 'GET', path: `/${prey.own}/${KEY}` });
    assert.equal(own.body, 'of its own');
    const list = await asThief({ method: 'GET', path: '/' });
    assert.equal(list.status, 200);
    assert.ok(list.body.includes(prey.own));
    assert.equal(list.body.includes(prey.other), false);
    const account = await asThief({ method: 'GET', path: '/minio/admin/v3/accountinfo' });
    assert.equal(account.body.includes(prey.other), false);
  });

  it('is refused whatever it tries, which the administrator may do in the same words', async (t) => {
    const thefts = [...dataThefts(prey), ...pathTricks(prey), ...ruleThefts(prey), ...adminThefts(prey)];
    for (const theft of thefts) {
      await t.test(theft.name, async () => {
        const { status } = await asThief(await theft.call(thief.options));
        assert.ok(isRefused(theft, status), `answered ${status}`);
      });
    }
    await unharmed();
    // A malformed request would be refused as well. So the same ones, by somebody who may.
    const sacrifice = await tenantBucket(testStack()!.objects);
    await sacrifice.root.put(KEY, Buffer.from('to be lost'));
    const given: Prey = { ...prey, other: sacrifice.options.bucket, user: sacrifice.options.accessKey };
    for (const theft of [...dataThefts(given), ...ruleThefts(given), ...adminThefts(given)]) {
      const answer = await send({ endpoint }, root, await theft.call(root));
      const fine =
        answer.status === 200 ||
        // What would alter the thief's own rules is malformed, and gets as far as that.
        /^Malformed/.test(answer.code) ||
        answer.code === 'NoSuchTagSet' ||
        answer.code === 'NoSuchBucketPolicy' ||
        answer.code === 'NoSuchKey';
      assert.ok(fine, `${theft.name}: ${answer.status} ${answer.code}`);
    }
    await sacrifice.end();
  });

  it('cannot change its own secret, nor detach itself from its policy', async () => {
    const { accessKey, secretKey } = thief.options;
    const own = new MinioAdmin({ endpoint, accessKey, secretKey });
    const denied = (error: unknown) => isFrostbyteError(error, 'STORE_UNAVAILABLE');
    await assert.rejects(own.putUser({ accessKey, secretKey: 'another secret of its own' }), denied);
    await assert.rejects(own.attachPolicy('readwrite', accessKey), denied);
    await assert.rejects(own.setStatus(accessKey, 'disabled'), denied);
    await assert.rejects(own.removePolicy(thief.options.bucket), denied);
    own.close();
    assert.equal((await thief.admin.users()).get(accessKey)?.policyName, thief.options.bucket);
  });

  it("cannot sign an address or a form that opens another's bucket", async () => {
    const connection = new Connection({ endpoint });
    const client = openClient(connection, thief.options);
    const fetched = async (url: string, init: RequestInit = {}) => {
      const response = await fetch(url, { headers: { 'accept-encoding': 'identity' }, ...init });
      return [response.status, await response.text()] as const;
    };
    const own = await fetched(await client.presignedGetObject(prey.own, KEY, 60));
    assert.deepEqual(own, [200, 'of its own']);
    assert.equal((await fetched(await client.presignedGetObject(prey.other, KEY, 60)))[0], 403);
    const put = await client.presignedPutObject(prey.other, 'raw/planted', 60);
    assert.equal((await fetched(put, { method: 'PUT', body: 'planted' }))[0], 403);
    // An address for its own bucket, bent to the other one.
    const bent = (await client.presignedGetObject(prey.own, KEY, 60)).replace(prey.own, prey.other);
    assert.equal((await fetched(bent))[0], 403);

    const policy = client.newPostPolicy();
    policy.setBucket(prey.other);
    policy.setKey('raw/planted');
    policy.setExpires(new Date(Date.now() + 60_000));
    const { formData } = await client.presignedPostPolicy(policy);
    const form = new FormData();
    for (const [name, value] of Object.entries(formData)) form.append(name, String(value));
    form.append('file', new Blob(['planted']));
    assert.equal((await fetched(`${endpoint}/${prey.other}`, { method: 'POST', body: form }))[0], 403);
    connection.close();
    await unharmed();
  });

  it('is not impersonated by whoever knows an access key: uploads with an unsigned trailer are refused', async () => {
    const body = 'planted';
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    const trailer = `x-amz-checksum-crc32:${sum.toString('base64')}`;
    const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = `${prey.user}/${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const query = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${encodeURIComponent(scope)}`,
      `X-Amz-Date=${time}`,
      'X-Amz-Expires=600',
      'X-Amz-SignedHeaders=host',
      `X-Amz-Signature=${'0'.repeat(64)}`,
    ].join('&');
    const attack = (marked: 'header' | 'query'): RawCall => ({
      method: 'PUT',
      path: `/${prey.other}/raw/planted?${query}${marked === 'query' ? '&X-Amz-Content-Sha256=STREAMING-UNSIGNED-PAYLOAD-TRAILER' : ''}`,
      headers: {
        ...(marked === 'header' ? { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } : {}),
        'x-amz-decoded-content-length': String(body.length),
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'content-encoding': 'aws-chunked',
      },
      body: `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailer}\r\n\r\n`,
    });
    assert.equal((await send({ endpoint }, null, attack('header'))).status, 403);
    assert.equal((await send({ endpoint }, null, attack('query'))).status, 403);
    await unharmed();
  });

  it('is nobody without a signature', async () => {
    for (const path of [
      '/',
      `/${prey.own}`,
      `/${prey.own}/${KEY}`,
      '/minio/admin/v3/info',
      '/minio/v2/metrics/cluster',
    ]) {
      assert.equal((await send({ endpoint }, null, { method: 'GET', path })).status, 403, path);
    }
  });

  it('gets no more by temporary credentials than it has, and they die with it', async () => {
    const everything = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::*'] }],
    });
    const answer = await asThief(assumeRole(everything));
    // Where the guard does not take us for the control network, there are none.
    if (answer.status !== 200) return assert.equal(answer.status, 403);
    const minted = {
      accessKey: element(answer.body, 'AccessKeyId'),
      secretKey: element(answer.body, 'SecretAccessKey'),
    };
    const token = element(answer.body, 'SessionToken');
    const asMinted = (call: RawCall) => send({ endpoint }, minted, { ...call, token });
    const own = { method: 'GET', path: `/${prey.own}?list-type=2` };
    assert.equal((await asMinted(own)).status, 200);
    for (const theft of [...dataThefts(prey), ...ruleThefts(prey), ...adminThefts(prey)]) {
      assert.ok(isRefused(theft, (await asMinted(await theft.call(minted))).status), theft.name);
    }
    await unharmed();

    await thief.admin.setStatus(thief.options.accessKey, 'disabled');
    assert.equal((await asMinted(own)).status, 403);
    assert.equal((await asThief(own)).code, 'InvalidAccessKeyId');
    // Enabled again, it comes back to life: why resume makes a new user instead.
    await thief.admin.setStatus(thief.options.accessKey, 'enabled');
    assert.equal((await asMinted(own)).status, 200);
    await thief.admin.removeUser(thief.options.accessKey);
    assert.equal((await asMinted(own)).status, 403);
    await thief.admin.putUser(thief.options);
    await thief.admin.attachPolicy(thief.options.bucket, thief.options.accessKey);
  });
});

function isRefused(theft: Theft, status: number): boolean {
  if (theft.evenRoot) return status >= 400 && status < 500;
  return status === 403 || (theft.mayBeMissing === true && status === 404);
}

describe('the objects of a tenant, as provisioning makes them', { skip: stackMissing() ?? false }, () => {
  const tenantId = `t${randomBytes(6).toString('hex')}`;
  const { bucket, objectPolicy } = tenantNames(tenantId);
  const denied = (error: unknown) => isFrostbyteError(error, 'STORE_UNAVAILABLE');

  /** Resources over credentials that a test changes as a secrets file would. */
  function world() {
    const { objects } = testStack()!;
    const secrets: { current: Credentials | null } = { current: randomCredentials() };
    const options = { endpoint: objects.endpoint, accessKey: objects.access_key, secretKey: objects.secret_key };
    const resource = stackObjects({ ...options, credentialsOf: async () => secrets.current });
    const admin = new MinioAdmin(options);
    const open = (user: Credentials) => openMinioObjects({ endpoint: objects.endpoint, bucket, ...user });
    const end = async () => {
      await resource.destroy(tenantId);
      resource.close();
      admin.close();
    };
    return { secrets, resource, admin, open, end };
  }

  it('are made, checked and destroyed, each more than once, and gone then', async () => {
    const { resource, secrets, open, end } = world();
    assert.equal(await resource.isGone(tenantId), true);
    await assert.rejects(resource.check(tenantId), denied);
    await resource.make(tenantId);
    await resource.make(tenantId);
    await resource.check(tenantId);
    assert.equal(await resource.isGone(tenantId), false);
    const store = open(secrets.current!);
    await store.put('raw/a/b', Buffer.from('one'));
    await store.put('raw/a/b', Buffer.from('two'));
    await resource.destroy(tenantId);
    await resource.destroy(tenantId);
    assert.equal(await resource.isGone(tenantId), true);
    await assert.rejects(store.read('raw/a/b'), denied);
    await store.close();
    await end();
  });

  it('are found again by whoever finishes what was begun: a bucket alone, a user alone, an old user', async () => {
    const { resource, secrets, admin, end } = world();
    const half = randomCredentials();
    await resource.make(tenantId);
    await admin.putUser(half);
    await admin.attachPolicy(objectPolicy, half.accessKey);
    secrets.current = randomCredentials();
    await resource.make(tenantId);
    const mine = [...(await admin.users())].filter(([, { policyName }]) => policyName === objectPolicy);
    assert.deepEqual(
      mine.map(([accessKey]) => accessKey),
      [secrets.current.accessKey],
    );
    secrets.current = null;
    await resource.destroy(tenantId);
    assert.equal(await resource.isGone(tenantId), true);
    await end();
  });

  it('are closed by the kill-switch with the next call, and opened for a new user only', async () => {
    const { resource, secrets, admin, open, end } = world();
    await resource.make(tenantId);
    const old = secrets.current!;
    const before = open(old);
    await before.put('raw/a/b', Buffer.from('kept'));
    await resource.disable(tenantId);
    await assert.rejects(before.read('raw/a/b'), denied);
    await assert.rejects(before.put('raw/a/c', Buffer.from('x')), denied);
    secrets.current = randomCredentials();
    await resource.renew(tenantId);
    await resource.renew(tenantId);
    const since = open(secrets.current);
    assert.equal(Buffer.from(await since.read('raw/a/b')).toString(), 'kept');
    await assert.rejects(before.read('raw/a/b'), denied);
    assert.equal((await admin.users()).has(old.accessKey), false);
    for (const store of [before, since]) await store.close();
    await end();
  });

  it('fail their check where the bucket keeps no versions, or its user may not write', async () => {
    const { resource, secrets, admin, end } = world();
    await resource.make(tenantId);
    const { objects } = testStack()!;
    const root = { accessKey: objects.access_key, secretKey: objects.secret_key };
    const body = '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>';
    await send(objects, root, { method: 'PUT', path: `/${bucket}?versioning`, body });
    await assert.rejects(resource.check(tenantId), /versioning on/);
    await resource.make(tenantId);
    await resource.check(tenantId);
    await admin.attachPolicy('readonly', secrets.current!.accessKey);
    await assert.rejects(resource.check(tenantId), (error) => isFrostbyteError(error, 'STORE_READ_ONLY'));
    await end();
  });
});
