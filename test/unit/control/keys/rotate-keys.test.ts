import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tenantPaths } from '../../../../appliance/kernel/names.ts';
import { open } from '../../../../appliance/secrets/age-file.ts';
import { openTenantKeys } from '../../../../appliance/secrets/keyring.ts';
import {
  assertOneActive,
  eventTypes,
  identityFileOf,
  type KeyWorld,
  keyWorld,
  objectKey,
  secretsFolder,
} from '../../../support/control/key-world.ts';

const DAYS = 86_400_000;
const keysNow = ({ root, folder }: KeyWorld) => openTenantKeys(root, secretsFolder(folder));
const bytes = (text: string) => Buffer.from(text);

/** A beat, and all that it begins. */
async function beat({ control }: KeyWorld): Promise<void> {
  await control.issueToken({ subject: 'dana', role: 'tenant_user', tenant_id: 'acme' }, 'frode');
  await control.idle();
}

test('a rotation makes a new identity, archives the old one, and leaves objects and credentials as they are', async (t) => {
  const world = await keyWorld(t);
  const { control, objects, clock } = world;
  await objects.put(objectKey(1), bytes('oldest'));
  const before = await keysNow(world);
  clock.advance(DAYS);
  const rotated = await control.rotateKeys('acme', { reason: 'planned' }, 'frode');
  const after = await keysNow(world);

  assert.deepEqual([rotated.key_version, rotated.previous_key_version, rotated.emergency], [2, 1, false]);
  assert.deepEqual(after.secrets, before.secrets);
  assert.notEqual(after.recipient, before.recipient);
  assert.equal(String(await objects.read(objectKey(1))), 'oldest');
  const tenant = await control.tenant('acme');
  assert.deepEqual(
    [tenant.age_public_key, tenant.key_version, tenant.key_rotated_at, tenant.key_rotation_due_at],
    [after.recipient, 2, clock.iso(), new Date(clock.now() + 90 * DAYS).toISOString()],
  );
  const report = await control.tenantKeys('acme');
  assertOneActive(report);
  assert.deepEqual(
    report.identities.map(({ key_version, status, archived_at, rotation_reason }) => [
      key_version,
      status,
      archived_at,
      rotation_reason,
    ]),
    [
      [2, 'ACTIVE', null, 'planned'],
      [1, 'ARCHIVED', clock.iso(), 'provisioning'],
    ],
  );
  // The old identity opens nothing that is there now.
  const text = await readFile(join(secretsFolder(world.folder), 'secrets.sops.yaml'), 'utf8');
  assert.ok(!text.includes(before.recipient));
});

test('an emergency also starts the next storage identity and replaces the credentials', async (t) => {
  const world = await keyWorld(t);
  const { control, objects, folder } = world;
  await objects.put(objectKey(1), bytes('before'));
  const before = await keysNow(world);
  const rotated = await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  const after = await keysNow(world);
  assert.equal(rotated.storage_version, 2);
  assert.notEqual(after.secrets.values.tenant_api_key, before.secrets.values.tenant_api_key);
  await objects.put(objectKey(2), bytes('after'));
  const sealed = await readFile(join(tenantPaths(folder, 'acme').objects, objectKey(2)));
  assert.equal(String(await open(after.storage.identities.slice(0, 1), sealed)), 'after');
  await assert.rejects(open(before.storage.identities, sealed), { code: 'KEY_UNAVAILABLE' });
  for (const [n, text] of [
    [1, 'before'],
    [2, 'after'],
  ] as const)
    assert.equal(String(await objects.read(objectKey(n))), text);
  assert.deepEqual(
    (await control.tenantKeys('acme')).storage.map(({ storage_version, status }) => [storage_version, status]),
    [
      [2, 'ACTIVE'],
      [1, 'ARCHIVED'],
    ],
  );
});

test('keys rotate by themselves after 90 days and archives are purged after 90 more; the oldest object still opens', async (t) => {
  const world = await keyWorld(t);
  const { control, objects, clock, folder } = world;
  await objects.put(objectKey(1), bytes('oldest'));
  clock.advance(90 * DAYS - 1);
  await beat(world);
  assert.equal((await control.tenant('acme')).key_version, 1);
  clock.advance(1);
  await beat(world);
  assert.equal((await control.tenant('acme')).key_version, 2);
  clock.advance(90 * DAYS);
  await beat(world);
  const report = await control.tenantKeys('acme');
  assertOneActive(report);
  assert.deepEqual(
    report.identities.map(({ key_version, status }) => [key_version, status]),
    [
      [3, 'ACTIVE'],
      [2, 'ARCHIVED'],
      [1, 'PURGED'],
    ],
  );
  await assert.rejects(readFile(identityFileOf(folder, 1)), { code: 'ENOENT' });
  assert.equal(String(await objects.read(objectKey(1))), 'oldest');
  const told = await eventTypes(control);
  assert.deepEqual(
    [2, 1],
    ['KEY_ROTATED', 'KEY_PURGED'].map((type) => told.filter((one) => one === type).length),
  );
});

test('several rotations at once each take the next number', async (t) => {
  const world = await keyWorld(t);
  const { control } = world;
  const rotated = await Promise.all(
    [1, 2, 3].map((n) => control.rotateKeys('acme', { reason: `r${n}`, emergency: n === 2 }, 'frode')),
  );
  assert.deepEqual(rotated.map(({ key_version }) => key_version).sort(), [2, 3, 4]);
  assertOneActive(await control.tenantKeys('acme'));
  assert.equal((await keysNow(world)).key_version, 4);
});

test('objects are written and read while keys rotate, are moved and are purged', async (t) => {
  const { control, objects } = await keyWorld(t);
  const MOST = 40;
  let stop = false;
  let written = 0;
  const ingest = async (): Promise<void> => {
    while (!stop && written < MOST) {
      const n = written++;
      const draft = await objects.begin();
      await draft.write(bytes(`object ${n}`));
      await draft.commit(objectKey(n));
      assert.equal(String(await objects.read(objectKey(n))), `object ${n}`);
    }
  };
  const ingesting = Promise.all([ingest(), ingest()]);
  try {
    for (let round = 1; round <= 2; round++) {
      await control.rotateKeys('acme', { reason: 'again', emergency: true }, 'frode');
      await control.reencrypt('acme', 'again', 'frode');
      await control.idle();
      await control.purgeKey('acme', { kind: 'storage', version: round, reason: 'moved' }, 'frode');
    }
  } finally {
    stop = true;
    await ingesting;
  }
  assert.ok(written > 10, `${written}`);
  for (let n = 0; n < written; n++) assert.equal(String(await objects.read(objectKey(n))), `object ${n}`);
});

test('keys of a suspended tenant rotate too; those of a tenant that is not there, or is gone, do not', async (t) => {
  const { control } = await keyWorld(t);
  await control.suspend('acme', { reason: 'incident', notify_tenant: false }, 'frode');
  assert.equal((await control.rotateKeys('acme', { reason: 'incident', emergency: true }, 'frode')).key_version, 2);
  await assert.rejects(control.rotateKeys('nobody', { reason: 'x' }, 'frode'), { code: 'RESOURCE_NOT_FOUND' });
  await assert.rejects(control.rotateKeys('acme', { reason: ' ' }, 'frode'), { code: 'VALIDATION_ERROR' });
  await control.deprovision('acme', { reason: 'over', confirm: true, confirm_tenant_id: 'acme' }, 'frode');
  await control.idle();
  for (const call of [
    () => control.rotateKeys('acme', { reason: 'x' }, 'frode'),
    () => control.reencrypt('acme', 'x', 'frode'),
    () => control.purgeKey('acme', { kind: 'identity', version: 1, reason: 'x' }, 'frode'),
  ])
    await assert.rejects(call, { code: 'INVALID_STATE_TRANSITION' });
  const report = await control.tenantKeys('acme');
  assert.ok([...report.identities, ...report.storage].every(({ status }) => status === 'PURGED'));
});

test('a rotation that cannot end says so, is told in the report, and is finished by the next try', async (t) => {
  const world = await keyWorld(t);
  const { control, resources, again } = world;
  await control.stop();
  let broken = true;
  const next = await again({
    resources: {
      ...resources,
      credentials: {
        ...resources.credentials,
        renew: async (tenantId) => {
          if (broken) throw new Error('the store does not answer');
          await resources.credentials.renew(tenantId);
        },
      },
    },
  });
  await assert.rejects(next.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode'), /does not answer/);
  const { rotation } = await next.tenantKeys('acme');
  assert.deepEqual([rotation?.key_version, rotation?.emergency, rotation?.error_code], [2, true, 'INTERNAL_ERROR']);
  assert.equal((await next.tenant('acme')).key_version, 1, 'the registry tells what has ended');
  broken = false;
  world.clock.advance(61_000);
  await next.start();
  await next.idle();
  const report = await next.tenantKeys('acme');
  assert.deepEqual([report.rotation, report.key_version], [null, 2]);
  assert.equal((await eventTypes(next)).filter((type) => type === 'KEY_ROTATED').length, 1);
});
