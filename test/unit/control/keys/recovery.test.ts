import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { controlPaths, tenantPaths } from '../../../../appliance/kernel/names.ts';
import { open } from '../../../../appliance/secrets/age-file.ts';
import { openTenantKeys } from '../../../../appliance/secrets/keyring.ts';
import { makeTenant } from '../../../support/control/control-fixture.ts';
import {
  eventTypes,
  type KeyWorld,
  keyWorld,
  proveRecovery,
  secretsFolder,
} from '../../../support/control/key-world.ts';

async function beat({ control }: KeyWorld): Promise<void> {
  await control.issueToken({ subject: 'dana', role: 'tenant_user', tenant_id: 'acme' }, 'frode');
  await control.idle();
}

/** What is in a tenant's escrow file, for who holds the private half. */
const escrowOf = async (folder: string, identity: string, tenant = 'acme') =>
  String(await open([identity], readFileSync(tenantPaths(folder, tenant).escrow)));

test('there is no escrow file before the recipient is proven; then each tenant has one of its own', async (t) => {
  const world = await keyWorld(t);
  const { control, folder, root } = world;
  await beat(world);
  assert.equal(existsSync(tenantPaths(folder, 'acme').escrow), false);
  const pair = await proveRecovery(control);
  assert.deepEqual((await control.recovery()).waiting, ['acme']);
  await beat(world);
  const beta = await makeTenant(control, { tenant_name: 'Beta' });
  await beat(world);
  assert.deepEqual((await control.recovery()).escrowed, ['acme', beta]);
  for (const tenant of ['acme', beta]) {
    const keys = await openTenantKeys(root, tenantPaths(folder, tenant).secrets);
    const text = await escrowOf(folder, pair.identity, tenant);
    for (const identity of [...keys.identities, ...keys.storage.identities]) assert.ok(text.includes(identity));
  }
  assert.ok(
    !(await escrowOf(folder, pair.identity, beta)).includes(
      (await openTenantKeys(root, secretsFolder(folder))).identities[0]!,
    ),
  );
  await assert.rejects(escrowOf(folder, root.identity), { code: 'KEY_UNAVAILABLE' }, 'the box cannot read it');
  assert.ok((await eventTypes(control)).includes('KEYS_ESCROWED'));
  assert.deepEqual(
    (await eventTypes(control, '_appliance')).filter((type) => type.startsWith('RECOVERY')),
    ['RECOVERY_NAMED', 'RECOVERY_PROVEN'],
  );
});

test('the escrow file follows each change of keys, and another recipient', async (t) => {
  const world = await keyWorld(t);
  const { control, folder, root } = world;
  const first = await proveRecovery(control);
  await beat(world);
  await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
  const rotated = await openTenantKeys(root, secretsFolder(folder));
  const text = await escrowOf(folder, first.identity);
  for (const identity of [...rotated.identities, ...rotated.storage.identities]) assert.ok(text.includes(identity));

  await control.purgeKey('acme', { kind: 'identity', version: 1, reason: 'gone' }, 'frode');
  assert.ok(!(await escrowOf(folder, first.identity)).includes(rotated.identities[1]!));

  const second = await proveRecovery(control);
  await beat(world);
  assert.ok((await escrowOf(folder, second.identity)).includes(rotated.identities[0]!));
  await assert.rejects(escrowOf(folder, first.identity), { code: 'KEY_UNAVAILABLE' });
});

test('deprovisioning destroys the escrow file and says what the site must destroy', async (t) => {
  const world = await keyWorld(t);
  const { control, folder } = world;
  const stick = mkdtempSync(join(tmpdir(), 'stick-'));
  t.after(() => rmSync(stick, { recursive: true }));
  await assert.rejects(control.copyEscrows(stick, 'operator'), { code: 'RESOURCE_NOT_FOUND' });
  const pair = await proveRecovery(control);
  await beat(world);
  const [copy] = await control.copyEscrows(stick, 'operator');
  assert.equal(copy?.label, join(stick, 'acme.age'));
  assert.match(String(await open([pair.identity], readFileSync(copy!.label))), /^AGE-SECRET-KEY-1/m);
  await control.copyEscrows(stick, 'operator');
  await control.backupKept('acme', 'backup-7');

  await control.deprovision('acme', { reason: 'over', confirm: true, confirm_tenant_id: 'acme' }, 'frode');
  await control.idle();
  assert.equal((await control.tenant('acme')).state, 'DEPROVISIONED');
  assert.equal(existsSync(tenantPaths(folder, 'acme').escrow), false);
  const { outside_copies } = await control.tenantKeys('acme');
  assert.deepEqual(
    outside_copies.map(({ kind, label }) => [kind, label]),
    [
      ['escrow', join(stick, 'acme.age')],
      ['backup', 'backup-7'],
    ],
  );
  await control.relayNow();
  const { events } = await (await control.auditLog('acme')).events({ sort: 'desc', limit: 1 });
  assert.deepEqual(
    events[0]?.details.outside_copies,
    outside_copies.map(({ kind, copy_id }) => `${kind} ${copy_id}`),
  );
  assert.equal(await control.copiesDestroyed(outside_copies[0]!.copy_id), 1);
  assert.equal((await control.tenantKeys('acme')).outside_copies.length, 1);
});

test('a recipient whose private half lies on the box is refused', async (t) => {
  const { control, root } = await keyWorld(t);
  await assert.rejects(control.nameRecovery(root.recipient, 'operator'), { code: 'VALIDATION_ERROR' });
});

test('a damaged note of the recipient keeps nothing but escrow from going on', async (t) => {
  const world = await keyWorld(t);
  const { control, folder } = world;
  writeFileSync(controlPaths(folder).recovery, '{', { mode: 0o600 });
  await assert.rejects(control.recovery(), { code: 'OBJECT_CORRUPTED' });
  await control.reencrypt('acme', 'a look', 'frode');
  await control.idle();
  assert.equal((await control.tenantKeys('acme')).reencryption?.status, 'completed');
});
