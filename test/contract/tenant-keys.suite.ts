import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantResources } from '../../appliance/control/provisioning/port.ts';

/** What the contract needs of an adapter: the keys of a tenant `acme` that is whole, and its objects by their text. */
export interface TenantKeysWorld {
  resources: Pick<TenantResources, 'keys' | 'credentials' | 'objects' | 'recovery'>;
  write(n: number, text: string): Promise<void>;
  read(n: number): Promise<string>;
  remove(n: number): Promise<void>;
  /** Every credential that the tenant has now. */
  credentials(): Promise<string[]>;
  /** Answers the challenge for a recipient whose private half the world holds. */
  prove(): Promise<string>;
  end(): Promise<void>;
}

const gather = async <T>(list: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of list) all.push(one);
  return all;
};

/** What control relies on when it changes a tenant's keys (`control/provisioning/port.ts`), whatever the stores are. */
export function tenantKeysContract(name: string, make: () => Promise<TenantKeysWorld>): void {
  describe(`tenant keys: ${name}`, () => {
    let world: TenantKeysWorld;
    let keys: TenantResources['keys'];
    before(async () => {
      world = await make();
      keys = world.resources.keys;
      for (let n = 1; n <= 3; n++) await world.write(n, `object ${n}`);
    });
    after(() => world.end());
    const readable = async () => {
      for (let n = 1; n <= 3; n++) assert.equal(await world.read(n), `object ${n}`);
    };

    it('begins with identity 1 and storage identity 1', async () => {
      const { key_version, storage, age_public_key } = await keys.current('acme');
      assert.deepEqual([key_version, storage.map(({ storage_version }) => storage_version)], [1, [1]]);
      assert.match(age_public_key, /^age1/);
    });

    it('an identity that is added is not current before the secrets are for it; both may be repeated', async () => {
      const before = await keys.current('acme');
      await keys.addIdentity('acme', 2);
      await keys.addIdentity('acme', 2);
      assert.deepEqual(await keys.current('acme'), before);
      const credentials = await world.credentials();
      await keys.rewrap('acme', 2);
      const current = await keys.current('acme');
      await keys.rewrap('acme', 2);
      assert.deepEqual(await keys.current('acme'), current);
      assert.deepEqual([current.key_version, current.storage], [2, before.storage]);
      assert.notEqual(current.age_public_key, before.age_public_key);
      assert.deepEqual(await world.credentials(), credentials);
      await readable();
    });

    it('an identity that is not there cannot become current', async () => {
      await assert.rejects(keys.rewrap('acme', 7), { code: 'KEY_UNAVAILABLE' });
      assert.equal((await keys.current('acme')).key_version, 2);
    });

    it('a new storage identity takes what is written next, once', async () => {
      await keys.addStorage('acme', 2);
      const { storage } = await keys.current('acme');
      await keys.addStorage('acme', 2);
      assert.deepEqual((await keys.current('acme')).storage, storage);
      assert.deepEqual(
        storage.map(({ storage_version }) => storage_version),
        [2, 1],
      );
      await world.write(4, 'object 4');
      assert.equal(await world.resources.objects.needStorage('acme', 1), true);
      await readable();
    });

    it('objects are moved in the order of their keys, can be taken up behind any, and need the old identity no more', async () => {
      const { objects } = world.resources;
      const first = await gather(objects.reseal('acme', null));
      assert.deepEqual(
        first.map(({ outcome }) => outcome),
        ['moved', 'moved', 'moved', 'current'],
      );
      assert.deepEqual(
        first.map(({ key }) => key),
        first.map(({ key }) => key).toSorted(),
      );
      assert.ok(first.every(({ bytes }) => bytes > 0));
      const rest = await gather(objects.reseal('acme', first[1]!.key));
      assert.deepEqual(
        rest.map(({ key, outcome }) => [key, outcome]),
        first.slice(2).map(({ key }) => [key, 'current']),
      );
      assert.deepEqual([await objects.needStorage('acme', 1), await objects.needStorage('acme', 2)], [false, true]);
      await readable();
    });

    it('an object that is deleted while objects are moved stays deleted', async () => {
      await keys.addStorage('acme', 3);
      const walk = world.resources.objects.reseal('acme', null)[Symbol.asyncIterator]();
      await walk.next();
      await world.remove(4);
      for (let step = await walk.next(); !step.done; step = await walk.next())
        assert.notEqual(step.value.outcome, 'failed');
      await assert.rejects(world.read(4), { code: 'OBJECT_MISSING' });
      await readable();
    });

    it('a purged key is gone, twice over; the one in use is not purged', async () => {
      for (const [kind, version] of [
        ['identity', 2],
        ['storage', 3],
      ] as const)
        await assert.rejects(keys.purge('acme', kind, version), { code: 'INVALID_STATE_TRANSITION' });
      for (const version of [1, 2, 1]) await keys.purge('acme', 'storage', version);
      for (let time = 0; time < 2; time++) await keys.purge('acme', 'identity', 1);
      const { key_version, storage } = await keys.current('acme');
      assert.deepEqual([key_version, storage.map(({ storage_version }) => storage_version)], [2, [3]]);
      await assert.rejects(keys.rewrap('acme', 1), { code: 'KEY_UNAVAILABLE' });
      await readable();
    });

    it('renewed credentials are all others, as often as that is asked', async () => {
      const seen = new Set(await world.credentials());
      const count = seen.size;
      assert.ok(count > 0);
      for (let time = 1; time <= 2; time++) {
        await world.resources.credentials.renew('acme');
        await world.resources.credentials.check('acme');
        for (const credential of await world.credentials()) seen.add(credential);
        assert.equal(seen.size, count * (time + 1));
      }
    });

    it('an escrow file is for the proven recipient, and there is none before', async () => {
      assert.equal(await keys.escrow('acme'), null);
      assert.deepEqual((await world.resources.recovery.status()).recipient, null);
      const recipient = await world.prove();
      const first = await keys.escrow('acme');
      assert.equal(first?.recipient, recipient);
      assert.equal((await keys.escrow('acme'))?.keys_hash, first.keys_hash);
      await keys.addIdentity('acme', 3);
      assert.notEqual((await keys.escrow('acme'))?.keys_hash, first.keys_hash);
    });

    it('what is destroyed is gone, and nothing makes it anew but making', async () => {
      await keys.destroy('acme');
      await keys.destroy('acme');
      assert.equal(await keys.isGone('acme'), true);
      for (const change of [
        () => keys.current('acme'),
        () => keys.addIdentity('acme', 4),
        () => keys.rewrap('acme', 3),
        () => keys.addStorage('acme', 4),
        () => world.resources.credentials.renew('acme'),
      ])
        await assert.rejects(change, { code: 'KEY_UNAVAILABLE' });
      assert.equal(await keys.isGone('acme'), true);
    });
  });
}
