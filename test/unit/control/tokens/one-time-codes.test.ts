import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { APPLIANCE_LOG } from '../../../../appliance/kernel/audit-event.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';

const ADMIN = { subject: 'frode', role: 'admin', ttl_seconds: 3600 } as const;
const NONE = { code: 'AUTHENTICATION_REQUIRED' };

describe('one-time codes', () => {
  const offered = async (t: TestContext) => {
    const world = await controlWorld(t);
    return { ...world, ...(await world.control.offerCode(ADMIN, 'operator')) };
  };

  it('are exchanged for the token that was meant, once, however they are typed', async (t) => {
    const { control, code, code_id, logs } = await offered(t);
    assert.match(code, /^(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    const { token, expires_at } = await control.redeemCode(` ${code.toLowerCase().replaceAll('-', ' ')} `);
    const { subject, role, scopes } = await control.authenticate(token);
    assert.deepEqual([subject, role, [...scopes].sort()], ['frode', 'admin', ['admin', 'audit', 'ingest', 'query']]);
    assert.ok(Date.parse(expires_at) > 0);
    await assert.rejects(control.redeemCode(code), NONE);
    await control.relayNow();
    const events = logs.get(APPLIANCE_LOG)!.entries.map(({ event }) => event);
    const told = events.filter(({ event_type }) => event_type.startsWith('TOKEN_'));
    assert.deepEqual(
      told.map(({ event_type, details }) => [event_type, (details as { code_id?: string }).code_id]),
      [
        ['TOKEN_OFFERED', code_id],
        ['TOKEN_ISSUED', code_id],
      ],
    );
    assert.doesNotMatch(JSON.stringify(events), new RegExp(code));
  });

  it('tell a letter from the digit that it looks like only where it matters', async (t) => {
    const { control } = await controlWorld(t);
    for (;;) {
      const { code } = await control.offerCode(ADMIN, 'operator');
      if (!/0/.test(code) || !/1/.test(code)) continue;
      const misread = code.replaceAll('0', 'o').replace('1', 'l').replaceAll('1', 'I');
      await control.redeemCode(misread);
      return;
    }
  });

  it('go to one of two who exchange them at the same moment', async (t) => {
    const { control, code } = await offered(t);
    const both = await Promise.allSettled([control.redeemCode(code), control.redeemCode(code)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('are over after their minutes, and others were never given out', async (t) => {
    const { control, clock, code } = await offered(t);
    await assert.rejects(control.redeemCode('00000-00000-00000-00000-00000'), NONE);
    clock.advance(15 * 60_000 - 1000);
    await control.redeemCode(code);
    const { code: other } = await control.offerCode(ADMIN, 'operator', 60);
    clock.advance(60_000);
    await assert.rejects(control.redeemCode(other), NONE);
    for (const seconds of [0, 1.5, 86_401])
      await assert.rejects(control.offerCode(ADMIN, 'operator', seconds), { code: 'VALIDATION_ERROR' });
  });

  it('are kept as hashes alone', async (t) => {
    const { control, folder, code } = await offered(t);
    await control.stop();
    const registry = controlPaths(folder).registry;
    const held = [registry, `${registry}-wal`].map((file) => {
      try {
        return readFileSync(file, 'latin1');
      } catch {
        return '';
      }
    });
    assert.ok(held.join('').includes('one_time_codes'), `looked into ${join(folder)}`);
    for (const form of [code, code.replaceAll('-', '')]) assert.ok(!held.join('').includes(form));
  });

  it('die with what was revoked of their subject or tenant, and are not made for what is closed', async (t) => {
    const { control, code } = await offered(t);
    await control.revokeTokens({ subject: 'frode' }, 'left', 'operator');
    await assert.rejects(control.redeemCode(code), NONE);
    await control.start();
    const tenant = await makeTenant(control);
    const dana = { subject: 'dana', role: 'tenant_admin', tenant_id: tenant } as const;
    const { code: hers } = await control.offerCode(dana, 'operator');
    await control.suspend(tenant, { reason: 'breach', notify_tenant: false }, 'operator');
    await assert.rejects(control.redeemCode(hers), NONE);
    await assert.rejects(control.offerCode(dana, 'operator'), { code: 'TENANT_SUSPENDED' });
    await assert.rejects(control.offerCode({ ...ADMIN, tenant_id: tenant }, 'operator'), { code: 'VALIDATION_ERROR' });
  });

  it('outlive a restart', async (t) => {
    const { control, again, code } = await offered(t);
    await control.stop();
    const other = await again();
    await other.start();
    assert.ok((await other.redeemCode(code)).token);
  });
});
