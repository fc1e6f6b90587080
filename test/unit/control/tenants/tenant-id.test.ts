import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freeTenantId, tenantIdFromName } from '../../../../appliance/control/tenants/tenant-id.ts';
import { TENANT_ID } from '../../../../appliance/kernel/ids.ts';

test('a name is folded to ASCII letters and digits', () => {
  assert.equal(tenantIdFromName('Müller & Söhne GmbH'), 'mullersohnegmbh');
  assert.equal(tenantIdFromName('Ærø Straße'), 'aerostrasse');
  assert.equal(tenantIdFromName('3M Health'), 'mhealth');
  assert.equal(tenantIdFromName('../../etc/passwd'), 'etcpasswd');
});

test('a name without enough ASCII gives no id and the id must be named', () => {
  assert.equal(tenantIdFromName('日本'), null);
  assert.throws(() => freeTenantId('日本', () => false), { code: 'VALIDATION_ERROR' });
});

test('an id that is taken gets a number, within the length of an id', () => {
  const taken = new Set(['acme', 'acme2']);
  assert.equal(
    freeTenantId('Acme', (id) => taken.has(id)),
    'acme3',
  );
  const long = 'a'.repeat(40);
  assert.equal(
    freeTenantId(long, (id) => id === 'a'.repeat(32)),
    `${'a'.repeat(31)}2`,
  );
});

test('whatever the name, what comes out is a tenant id or nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (name) => {
      const id = tenantIdFromName(name);
      assert.ok(id === null || TENANT_ID.test(id));
    }),
  );
});
