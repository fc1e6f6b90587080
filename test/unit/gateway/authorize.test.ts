import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES, type Route } from '../../../appliance/api/routes.ts';
import { authorize, bearerToken, refuseByState } from '../../../appliance/gateway/authorize.ts';
import {
  type Caller,
  ROLES,
  type Role,
  SCOPES,
  type Scope,
  TENANT_STATES,
} from '../../../appliance/kernel/identity.ts';

const caller = (role: Role, scopes: readonly Scope[] = SCOPES): Caller => ({
  subject: 's',
  role,
  scopes,
  tenant_id: role === 'tenant_user' || role === 'tenant_admin' ? 'acme' : null,
  jti: 'j',
});
const allows = (route: Route, who: Caller, tenant: string | undefined) => {
  try {
    authorize(route, who, tenant);
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, 'INSUFFICIENT_PERMISSIONS');
    return false;
  }
};

test('a token stands behind Bearer, in any case, and nothing else counts', () => {
  assert.equal(bearerToken('Bearer abc.def-_~+/=1'), 'abc.def-_~+/=1');
  assert.equal(bearerToken('bearer abc'), 'abc');
  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic abc',
    'Bearer a b',
    'Bearer  a',
    ' Bearer a',
    'Bearer a\n',
    'Bearer ä',
    `Bearer ${'a'.repeat(8193)}`,
    'abc',
  ]) {
    assert.throws(() => bearerToken(header), { code: 'AUTHENTICATION_REQUIRED' }, JSON.stringify(header));
  }
});

/** The table of roles of spec 4; a row of routes stands for its column. */
const MAY: Record<string, Record<Role, boolean>> = {
  submitBatch: { tenant_user: false, tenant_admin: true, admin: true, auditor: false },
  receipt: { tenant_user: true, tenant_admin: true, admin: true, auditor: false },
  search: { tenant_user: true, tenant_admin: true, admin: true, auditor: false },
  document: { tenant_user: true, tenant_admin: true, admin: true, auditor: false },
  suspendTenant: { tenant_user: false, tenant_admin: false, admin: true, auditor: false },
  createTenant: { tenant_user: false, tenant_admin: false, admin: true, auditor: false },
  auditEvents: { tenant_user: false, tenant_admin: true, admin: true, auditor: true },
  auditExport: { tenant_user: false, tenant_admin: true, admin: true, auditor: true },
  decideDeadLetter: { tenant_user: false, tenant_admin: true, admin: true, auditor: false },
  status: { tenant_user: true, tenant_admin: true, admin: true, auditor: true },
};

for (const [name, roles] of Object.entries(MAY)) {
  test(`${name} is for ${ROLES.filter((role) => roles[role]).join(', ')}`, () => {
    const route = ROUTES[name as keyof typeof ROUTES] as Route;
    for (const role of ROLES) assert.equal(allows(route, caller(role), 'acme'), roles[role], role);
  });
}

test('a role without the scope is not enough', () => {
  assert.equal(allows(ROUTES.search, caller('tenant_user', ['ingest']), 'acme'), false);
  assert.equal(allows(ROUTES.search, caller('tenant_user', ['query']), 'acme'), true);
  assert.equal(allows(ROUTES.status, caller('tenant_user', ['ingest']), undefined), true);
});

test('another tenant, one that does not exist and the appliance’s own log are refused alike', () => {
  const messages = new Set<string>();
  for (const tenant of ['globex', 'nosuchtenant', '_appliance', '../acme', 'ACME', '']) {
    try {
      authorize(ROUTES.auditEvents, caller('tenant_admin'), tenant);
      assert.fail(tenant);
    } catch (error) {
      messages.add((error as Error).message);
    }
  }
  assert.equal(messages.size, 1);
  assert.equal(allows(ROUTES.auditEvents, caller('auditor'), '_appliance'), true);
});

test('only an active tenant is served; a suspended one says so; audit is read in every state', () => {
  const outcome = (route: Route, state: (typeof TENANT_STATES)[number] | null) => {
    try {
      refuseByState(route, state);
      return 'served';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  for (const state of TENANT_STATES) {
    const expected =
      state === 'ACTIVE' ? 'served' : state === 'SUSPENDED' ? 'TENANT_SUSPENDED' : 'INVALID_STATE_TRANSITION';
    assert.equal(outcome(ROUTES.search, state), expected, state);
    assert.equal(outcome(ROUTES.submitBatch, state), expected, state);
    assert.equal(outcome(ROUTES.auditEvents, state), 'served', state);
    assert.equal(outcome(ROUTES.tenant, state), 'served', state);
  }
  assert.equal(outcome(ROUTES.auditEvents, null), 'RESOURCE_NOT_FOUND');
});
