import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tenantPaths } from '../../../../appliance/kernel/names.ts';
import { open } from '../../../../appliance/secrets/age-file.ts';
import { openTenantKeys } from '../../../../appliance/secrets/keyring.ts';
import { keyWorld, objectKey, secretsFolder } from '../../../support/control/key-world.ts';

const refused = { code: 'INVALID_STATE_TRANSITION' };
const identity = (version: number) => ({ kind: 'identity', version, reason: 'incident 4711' }) as const;
const storage = (version: number) => ({ kind: 'storage', version, reason: 'incident 4711' }) as const;

test('a key in use, one that is purged, and one that never was are not purged', async (t) => {
  const { control } = await keyWorld(t);
  for (const request of [identity(1), storage(1)])
    await assert.rejects(control.purgeKey('acme', request, 'frode'), refused);
  await assert.rejects(control.purgeKey('acme', identity(7), 'frode'), { code: 'RESOURCE_NOT_FOUND' });
  await control.rotateKeys('acme', { reason: 'planned' }, 'frode');
  await control.purgeKey('acme', identity(1), 'frode');
  await assert.rejects(control.purgeKey('acme', identity(1), 'frode'), refused);
});

test('a storage key is kept while an object needs it, and goes once all are moved', async (t) => {
  const { control, objects, folder, root } = await keyWorld(t);
  for (let n = 0; n < 5; n++) await objects.put(objectKey(n), Buffer.from(`object ${n}`));
  const old = (await openTenantKeys(root, secretsFolder(folder))).storage.identities;
  await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  await assert.rejects(control.purgeKey('acme', storage(1), 'frode'), (error: Error) =>
    /reencrypt/.test(error.message),
  );
  const { status } = await control.reencrypt('acme', 'lost', 'frode');
  assert.equal(status, 'running');
  await control.idle();
  const { reencryption } = await control.tenantKeys('acme');
  assert.deepEqual(
    [reencryption?.status, reencryption?.examined, reencryption?.moved, reencryption?.failed],
    ['completed', 5, 5, 0],
  );
  await control.purgeKey('acme', storage(1), 'frode');
  assert.deepEqual((await openTenantKeys(root, secretsFolder(folder))).storage.identities.length, 1);
  for (let n = 0; n < 5; n++) {
    assert.equal(String(await objects.read(objectKey(n))), `object ${n}`);
    const sealed = await readFile(join(tenantPaths(folder, 'acme').objects, objectKey(n)));
    await assert.rejects(open(old, sealed), { code: 'KEY_UNAVAILABLE' });
  }
});

test('a kept backup keeps the keys that it needs, and no others', async (t) => {
  const { control, clock } = await keyWorld(t);
  clock.advance(1000);
  await control.backupKept('acme', 'backup-1');
  clock.advance(1000);
  await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  clock.advance(1000);
  await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  for (const request of [identity(1), storage(1)])
    await assert.rejects(control.purgeKey('acme', request, 'frode'), (error: Error) => /backup-1/.test(error.message));
  // Made after the backup: it needs neither.
  await control.purgeKey('acme', identity(2), 'frode');
  await control.purgeKey('acme', storage(2), 'frode');
  assert.equal(await control.copiesDestroyed('backup-1'), 1);
  await control.purgeKey('acme', identity(1), 'frode');
  await control.purgeKey('acme', storage(1), 'frode');
});

test('an object that was begun before a key was purged is not acknowledged and does not stand', async (t) => {
  const { control, objects } = await keyWorld(t);
  const draft = await objects.begin();
  await draft.write(Buffer.from('in flight'));
  await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  await control.purgeKey('acme', storage(1), 'frode');
  await assert.rejects(draft.commit(objectKey(1)), { code: 'KEY_UNAVAILABLE', kind: 'later' });
  assert.equal(await objects.size(objectKey(1)), null);
});

test('an object that was begun before a rotation is for the newest key once it stands', async (t) => {
  const { control, objects, folder, root } = await keyWorld(t);
  const draft = await objects.begin();
  await draft.write(Buffer.from('in flight'));
  await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  await draft.commit(objectKey(1));
  await control.purgeKey('acme', storage(1), 'frode');
  const { storage: keys } = await openTenantKeys(root, secretsFolder(folder));
  const sealed = await readFile(join(tenantPaths(folder, 'acme').objects, objectKey(1)));
  assert.equal(String(await open(keys.identities, sealed)), 'in flight');
});
