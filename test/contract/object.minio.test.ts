import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { sealObjects } from '../../appliance/secrets/sealed-objects.ts';
import { tenantPolicy } from '../../appliance/stores/object/minio/policy.ts';
import { openMinioObjects } from '../../appliance/stores/object/minio.ts';
import type { ObjectStore } from '../../appliance/stores/object/port.ts';
import { totalOf } from '../../appliance/stores/object/total.ts';
import { until } from '../support/faults/until.ts';
import { type Fate, meddlingLine } from '../support/meddling-line.ts';
import { type TenantBucket, tenantBucket } from '../support/objects/tenant-bucket.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { objectContract } from './object.suite.ts';

const MIB = 1 << 20;

describe('objects on a server', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let tenant: TenantBucket;
  before(async () => {
    tenant = await tenantBucket(testStack()!.objects);
  });
  after(() => tenant.end());
  const open = (changes: Partial<TenantBucket['options']> = {}) => openMinioObjects({ ...tenant.options, ...changes });
  const unavailable = (words: RegExp) => (error: unknown) =>
    isFrostbyteError(error, 'STORE_UNAVAILABLE') && words.test(error.message);

  // With the tenant's own credentials: that they suffice is part of what is tested.
  objectContract('bucket', async () => {
    const store = open();
    return {
      store,
      reopen: async () => open(),
      end: async () => {
        await store.close();
        await tenant.empty();
      },
    };
  });

  // The bucket counts sealed bytes; the contract counts what callers wrote.
  objectContract('sealed bucket', async () => {
    const { identity, recipient } = await makeKeyPair();
    const sealed = () => {
      const store = sealObjects(open(), async () => ({ recipient, identities: [identity], recipients: [recipient] }));
      return { ...store, usage: () => totalOf(store.list('')) };
    };
    const store = sealed();
    return {
      store,
      reopen: async () => sealed(),
      end: async () => {
        await store.close();
        await tenant.empty();
      },
    };
  });

  describe('in a bucket', () => {
    afterEach(() => tenant.empty());
    const using =
      (work: (store: ObjectStore) => Promise<void>, changes: Partial<TenantBucket['options']> = {}) =>
      async () => {
        const store = open(changes);
        await work(store).finally(() => store.close());
      };
    const key = 'raw/acme/doc_1/aa';

    it(
      'keep what they replace as an older version, and delete every version and every mark of a deletion',
      using(async (store) => {
        await store.put(key, Buffer.from('first'));
        await store.put(key, Buffer.from('second'));
        await store.put(`${key}b`, Buffer.from('its neighbour'));
        // What a client does that knows nothing of versions: it hides them.
        await tenant.hide(key);
        assert.equal((await tenant.root.versions(key)).length, 3);
        assert.equal(await store.size(key), null);
        await store.delete(key);
        assert.deepEqual(await tenant.root.versions(key), []);
        assert.equal(Buffer.from(await store.read(`${key}b`)).toString(), 'its neighbour');
      }),
    );

    it(
      'never pass for deleted where the deletion was refused',
      using(async (store) => {
        await store.put(key, Buffer.from('stays'));
        const { bucket } = tenant.options;
        const whole = tenantPolicy(bucket);
        const Statement = whole.Statement.map((each) => ({
          ...each,
          Action: each.Action.filter((action) => !action.startsWith('s3:Delete')),
        }));
        await tenant.admin.putPolicy(bucket, { ...whole, Statement });
        await assert.rejects(store.delete(key), (error) => isFrostbyteError(error, 'STORE_READ_ONLY'));
        await tenant.admin.putPolicy(bucket, whole);
        assert.equal(Buffer.from(await store.read(key)).toString(), 'stays');
      }),
    );

    it(
      'delete the unfinished upload that a crash left under the key',
      using(async (store) => {
        const uploadId = await tenant.root.beginUpload(key);
        await tenant.root.part({ key, uploadId }, 1, randomBytes(1000));
        await store.delete(key);
        assert.deepEqual(await tenant.root.uploads(key), []);
      }),
    );

    it(
      'are listed in order over several pages, and all removed with their versions',
      using(async (store) => {
        const keys = Array.from({ length: 1100 }, (_, n) => `receipts/acme/${String(n).padStart(5, '0')}`);
        await store.putAll(keys.map((each) => ({ key: each, bytes: Buffer.from('x') })));
        const found: string[] = [];
        for await (const each of store.list('receipts/')) found.push(each.key);
        assert.deepEqual(found, keys);
        assert.deepEqual(await store.usage(), { bytes: 1100, objects: 1100 });
        await tenant.empty();
        assert.deepEqual(await tenant.root.versions(''), []);
      }),
    );

    for (const size of [8 * MIB, 8 * MIB + 1, 66 * MIB + 5]) {
      it(
        `send ${size} bytes in parts that nobody sees, and leave no draft behind`,
        using(async (store) => {
          const block = randomBytes(MIB);
          const draft = await store.begin();
          for (let at = 0; at < size; at += MIB) await draft.write(block.subarray(0, Math.min(MIB, size - at)));
          await draft.end();
          assert.equal((await tenant.names('drafts/')).length, 1);
          assert.deepEqual(await totalOf(store.list('')), { bytes: 0, objects: 0 });
          await draft.commit(key);
          let at = 0;
          for await (const chunk of await store.get(key)) {
            const bytes = chunk as Buffer;
            for (let from = 0; from < bytes.length; ) {
              const length = Math.min(bytes.length - from, MIB - (at % MIB));
              assert.ok(bytes.subarray(from, from + length).equals(block.subarray(at % MIB, (at % MIB) + length)));
              from += length;
              at += length;
            }
          }
          assert.equal(at, size);
          assert.deepEqual(await tenant.names('drafts/'), []);
          assert.deepEqual(await tenant.root.versions('').then((all) => all.map(({ name }) => name)), [key]);
          assert.deepEqual(await tenant.root.uploads(''), []);
        }),
      );
    }

    it(
      'let drafts wait in memory within an allowance, and on the server beyond it',
      using(async (store) => {
        const bytes = randomBytes(MIB);
        const drafts = await Promise.all(Array.from({ length: 40 }, () => store.begin()));
        for (const draft of drafts) {
          await draft.write(bytes);
          await draft.end();
        }
        assert.equal((await tenant.names('drafts/')).length, 8);
        for (const [n, draft] of drafts.entries()) await (n < 20 ? draft.commit(`raw/acme/${n}`) : draft.abort());
        assert.deepEqual(await tenant.names('drafts/'), []);
        assert.deepEqual(await totalOf(store.list('')), { bytes: 20 * MIB, objects: 20 });
        // The allowance came back.
        const late = await store.begin();
        await late.write(bytes);
        await late.end();
        assert.deepEqual(await tenant.names('drafts/'), []);
        await late.abort();
      }),
    );

    it(
      'sweep what a process that died left: drafts that ended and drafts that did not',
      using(async (store) => {
        const other = open();
        const ended = await other.begin();
        await ended.write(randomBytes(2 * MIB));
        await ended.end();
        const growing = await other.begin();
        for (let n = 0; n < 17; n++) await growing.write(randomBytes(MIB));
        await until('a part of the draft', async () => (await tenant.root.uploads('')).length === 1);
        assert.equal(await store.sweepDrafts(3_600_000), 0);
        assert.equal(await store.sweepDrafts(-1000), 2);
        assert.deepEqual(await tenant.root.versions(''), []);
        assert.deepEqual(await tenant.root.uploads(''), []);
        await assert.rejects(ended.commit(key), (error) => isFrostbyteError(error));
        await assert.rejects(growing.commit(key), (error) => isFrostbyteError(error));
        assert.equal(await store.size(key), null);
        await other.close();
      }),
    );

    it(
      'say that the server does not tell how much room there is',
      using(async (store) => {
        assert.equal(await store.room(), Number.POSITIVE_INFINITY);
      }),
    );

    it('say whose fault it is: credentials, the bucket, the server', async () => {
      for (const [changes, words] of [
        [{ secretKey: 'not the secret of this user' }, /refuses the credentials/],
        [{ accessKey: 'NOSUCHUSERNOSUCHUSER' }, /refuses the credentials/],
        [{ bucket: 'tenant-other-bucket' }, /refuses the credentials/],
        [{ endpoint: 'http://127.0.0.1:9' }, /does not answer|did not answer/],
      ] as const) {
        const store = open(changes);
        await assert.rejects(store.check(), unavailable(words), words.source);
        await assert.rejects(store.put(key, Buffer.from('x')), unavailable(words));
        await assert.rejects(store.read(key), unavailable(words));
        await assert.rejects(store.size(key), unavailable(words));
        await assert.rejects(totalOf(store.list('')), unavailable(words));
        await store.close();
      }
    });

    it('do not read a missing bucket as a missing object', async () => {
      const { access_key: accessKey, secret_key: secretKey } = testStack()!.objects;
      const store = open({ accessKey, secretKey, bucket: 'tenant-nothere-bucket' });
      await assert.rejects(store.size(key), unavailable(/bucket is missing/));
      await assert.rejects(store.read(key), unavailable(/bucket is missing/));
      await store.close();
    });
  });

  describe('over a line that is not what it should be', () => {
    afterEach(() => tenant.empty());
    const key = 'raw/acme/doc_1/aa';
    /** Flips a bit in the body of the first `times` uploads that pass. */
    const damaging = (times: number) => {
      let left = times;
      return (chunk: Buffer): Fate => {
        const at = chunk.indexOf('the settlement');
        if (at < 0 || left === 0) return chunk;
        left--;
        const changed = Buffer.from(chunk);
        changed[at] = changed[at]! ^ 1;
        return changed;
      };
    };

    it('are sent again when a bit was changed on the way, and never stored so', async () => {
      const bytes = Buffer.from('the settlement');
      const once = await meddlingLine(tenant.options.endpoint, { up: damaging(1) });
      const patient = open({ endpoint: once.url });
      await patient.put(key, bytes);
      assert.deepEqual(Buffer.from(await patient.read(key)), bytes);
      assert.equal((await tenant.root.versions(key)).length, 1);
      await tenant.empty();

      const always = await meddlingLine(tenant.options.endpoint, { up: damaging(Number.POSITIVE_INFINITY) });
      const store = open({ endpoint: always.url });
      await assert.rejects(store.put(key, bytes), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
      assert.deepEqual(await tenant.root.versions(''), []);
      for (const each of [patient, store, once, always]) await each.close();
    });

    it('are read to their end, of the version that was begun, though the line breaks and others replace them', async () => {
      const old = randomBytes(6 * MIB);
      await tenant.root.put(key, old);
      let breaks = 0;
      const line = await meddlingLine(tenant.options.endpoint, {
        down: (chunk, sofar) => (sofar + chunk.length > 2 * MIB && breaks++ < 2 ? 'cut' : chunk),
      });
      const store = open({ endpoint: line.url });
      const stream = await store.get(key);
      await tenant.root.put(key, Buffer.from('new'));
      const found: Buffer[] = [];
      for await (const chunk of stream) found.push(chunk as Buffer);
      assert.ok(Buffer.concat(found).equals(old));
      assert.equal(breaks >= 2, true);
      await store.close();
      line.close();
    });

    it('are not waited for beyond the patience that was given; a server that stays so is left alone, then tried', async () => {
      let silent = true;
      let heard = 0;
      const line = await meddlingLine(tenant.options.endpoint, {
        up: (chunk) => {
          heard++;
          return silent ? 'swallow' : chunk;
        },
      });
      const store = open({ endpoint: line.url, silenceMs: 100 });
      await assert.rejects(store.size(key), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
      await assert.rejects(store.size(key), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
      const before = heard;
      await assert.rejects(
        Promise.all(Array.from({ length: 50 }, () => store.size(key))),
        (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE') && error.retryAfter !== undefined,
      );
      assert.ok(heard - before <= 1, `${heard - before} calls reached a server that was to be left alone`);
      silent = false;
      await until('the store to answer again', () =>
        store.size(key).then(
          (size) => size === null,
          () => false,
        ),
      );
      await store.close();
      line.close();
    });

    it('do not time out because the reader is slow', async () => {
      const bytes = randomBytes(4 * MIB);
      await tenant.root.put(key, bytes);
      const store = open({ silenceMs: 150 });
      const stream = await store.get(key);
      const chunks = stream[Symbol.asyncIterator]();
      const first = (await chunks.next()).value as Buffer;
      const since = performance.now();
      await until('the reader to be bored', () => performance.now() - since > 600);
      let read = first.byteLength;
      for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) read += (chunk as Buffer).byteLength;
      assert.equal(read, bytes.byteLength);
      await store.close();
    });

    it('travel over TLS to a server whose authority was named, and to no other', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tls-'));
      const [certificate, secret] = [join(folder, 'server.pem'), join(folder, 'server.key')];
      const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      const subject = ['-subj', '/CN=objects', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
      execFileSync('openssl', [...request, ...subject, '-keyout', secret, '-out', certificate], { stdio: 'ignore' });
      const ca = readFileSync(certificate, 'utf8');
      const line = await meddlingLine(tenant.options.endpoint, { tls: { key: readFileSync(secret), cert: ca } });
      const store = open({ endpoint: line.url, tls: { ca } });
      await store.put(key, Buffer.from('over TLS'));
      assert.equal(Buffer.from(await store.read(key)).toString(), 'over TLS');
      const trusting = open({ endpoint: line.url });
      await assert.rejects(trusting.read(key), unavailable(/certificate/));
      for (const each of [store, trusting, line]) await each.close();
      rmSync(folder, { recursive: true });
    });
  });
});
