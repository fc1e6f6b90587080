import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CompactSign } from 'jose';
import { gatewayControl } from '../../../../appliance/bin/wire/gateway-control.ts';
import type { ControlVerbs, TenantGate } from '../../../../appliance/control/verbs.ts';
import { systemClock } from '../../../../appliance/kernel/clock.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { newId } from '../../../../appliance/kernel/ids.ts';
import { controlDouble } from '../../../support/control-verbs-double.ts';
import { gatewayWorld, refusalOf } from '../../../support/gateway-world.ts';

/**
 * The flag of the kill-switch at the gateway, by itself: control says that every token lives, and of the tenant what the
 * test says, which is never that it is suspended.
 */

const ACME = 'acme';
const keys = generateKeyPairSync('ed25519');

/** A token of a user of the tenant's, signed by the key that control shows. */
async function signedToken(): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'dana', role: 'tenant_user', tenant_id: ACME, scopes: ['ingest', 'query'], jti: newId() };
  const payload = Buffer.from(JSON.stringify({ ...claims, iat: now, nbf: now, exp: now + 600 }));
  return new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA', kid: 'one' }).sign(keys.privateKey);
}

/** A gateway before a folder of flags, and a request of the tenant's through it. */
async function world(t: TestContext, gate: ControlVerbs['gate'], isLive = true) {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-flags-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const flags = join(folder, 'suspended');
  mkdirSync(flags);
  const jwk = keys.publicKey.export({ format: 'jwk' }) as { kty: string; crv: string; x: string };
  const control = controlDouble(
    { [ACME]: 'ACTIVE' },
    { gate, isLive: async () => isLive, publicKeys: async () => [{ kid: 'one', jwk }] },
  );
  const verbs = gatewayControl(control.verbs, flags, systemClock());
  const gateway = gatewayWorld({ verbs: { gate: verbs.gate, authenticate: verbs.authenticate } });
  const token = await signedToken();
  return {
    control,
    verbs,
    forwarded: gateway.forwarded,
    raise: () => writeFileSync(join(flags, ACME), ''),
    removeFolder: () => rmSync(flags, { recursive: true }),
    placeFile: () => writeFileSync(flags, ''),
    ask: () => gateway.request('GET', `ingest/${ACME}/batches`, { token }),
  };
}

const says = (state: TenantGate['state']) => async () => ({ state, config: null, config_version: 1 });

test('without a flag control is asked, and whoever it lets in is let in', async (t) => {
  const { ask, control, forwarded } = await world(t, says('ACTIVE'));
  assert.equal((await ask()).status, 200);
  assert.equal(forwarded.length, 1);
  assert.deepEqual(
    control.calls.map(({ verb }) => verb),
    ['publicKeys', 'isLive', 'gate'],
  );
});

test('the flag alone stops a tenant at the gateway, while control says that it is active, fails, or hangs', async (t) => {
  const hangs = () => new Promise<never>(() => undefined);
  const fails = () => Promise.reject(new FrostbyteError('SERVICE_UNAVAILABLE', 'Control does not answer.'));
  for (const gate of [says('ACTIVE'), fails, hangs]) {
    const asked = Promise.withResolvers<void>();
    const { ask, raise, forwarded } = await world(t, (tenantId) => {
      asked.resolve();
      return gate === hangs ? hangs() : (gate as ControlVerbs['gate'])(tenantId);
    });
    raise();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const answer = ask();
    await asked.promise;
    // As long as a gate waits for control that hangs; whoever was answered waits for nothing.
    t.mock.timers.tick(1000);
    const { status, code } = await refusalOf(await answer);
    t.mock.timers.reset();
    assert.deepEqual([status, code, forwarded.length], [403, 'TENANT_SUSPENDED', 0]);
  }
});

test('a folder of flags that is not there, or is none, stops every tenant', async (t) => {
  const { ask, removeFolder, placeFile, forwarded } = await world(t, says('ACTIVE'));
  assert.equal((await ask()).status, 200);
  for (const without of [removeFolder, placeFile]) {
    without();
    const { status, code } = await refusalOf(await ask());
    assert.deepEqual([status, code, forwarded.length], [403, 'TENANT_SUSPENDED', 1]);
  }
});

test('a flag opens nothing: what control says of a tenant that is on its way out, or of none, stands', async (t) => {
  for (const state of ['DEPROVISIONED', null] as const) {
    const { verbs, raise } = await world(t, says(state));
    raise();
    assert.equal((await verbs.gate(ACME)).state, state);
  }
});

test('a token that control does not say lives is let in nowhere, however well it is signed', async (t) => {
  const { ask, forwarded } = await world(t, says('ACTIVE'), false);
  const { status, code } = await refusalOf(await ask());
  assert.deepEqual([status, code, forwarded.length], [401, 'TOKEN_REVOKED', 0]);
});
