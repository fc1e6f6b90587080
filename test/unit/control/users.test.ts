import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Control } from '../../../appliance/control/create-control.ts';
import { openRegistry } from '../../../appliance/control/registry/open.ts';
import { attempts } from '../../../appliance/control/sessions/attempts.ts';
import { sessionVerbs } from '../../../appliance/control/sessions/session-verbs.ts';
import { offerCode } from '../../../appliance/control/tokens/one-time-codes.ts';
import { controlPaths } from '../../../appliance/kernel/names.ts';
import { controlWorld, makeTenant, temporaryFolder } from '../../support/control/control-fixture.ts';
import { manualClock } from '../../support/manual-clock.ts';

const FRODE = { username: 'frode', role: 'admin', password: 'a long winter passphrase' } as const;
const BY_NAME = { username: 'frode', password: FRODE.password };
const NOT_THEM = { code: 'AUTHENTICATION_REQUIRED' };

/** The details of the events of these types in a log, in order. */
async function told(world: Awaited<ReturnType<typeof controlWorld>>, logId: string, types: RegExp) {
  await world.control.relayNow();
  const events = world.logs.get(logId)!.entries.map(({ event }) => event);
  return events
    .filter(({ event_type }) => types.test(event_type))
    .map(({ event_type, actor }) => `${event_type} ${actor}`);
}

/** Signed in without the price of a password. */
async function byCode(control: Control) {
  const { code } = await control.offerCode({ subject: 'frode', role: 'admin' }, 'operator');
  return control.signIn({ code }, 'local');
}

describe('users', () => {
  it('sign in by the password that was set, in whatever way its letters are encoded, and by no other', async (t) => {
    const world = await controlWorld(t);
    const { control } = world;
    await control.addUser({ ...FRODE, password: 'Ångström und Geduld' }, 'operator');
    for (const password of ['Ångström und Geduld', 'A\u030angstro\u0308m und Geduld']) {
      const { secret, subject } = await control.signIn({ username: 'frode', password }, 'local');
      assert.equal(subject, 'frode');
      const caller = await control.session(secret);
      assert.deepEqual([caller.subject, caller.role, caller.tenant_id], ['frode', 'admin', null]);
    }
    for (const how of [
      { username: 'frode', password: 'ångström und geduld' },
      { username: 'frode', password: '' },
      { username: 'nobody', password: 'Ångström und Geduld' },
    ])
      await assert.rejects(control.signIn(how, 'local'), NOT_THEM);
    assert.deepEqual(await told(world, '_appliance', /^(?:USER|SIGNED|PASSWORD)/), [
      'USER_ADDED operator',
      'SIGNED_IN frode',
      'SIGNED_IN frode',
    ]);
  });

  it('are kept without their password, and sessions without their secret', async (t) => {
    const { control, folder } = await controlWorld(t);
    await control.addUser(FRODE, 'operator');
    const { secret } = await control.signIn(BY_NAME, 'local');
    await control.stop();
    const held = ['', '-wal'].map((end) => {
      try {
        return readFileSync(`${controlPaths(folder).registry}${end}`, 'latin1');
      } catch {
        return '';
      }
    });
    assert.match(held.join(''), /\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
    for (const text of [FRODE.password, secret]) assert.ok(!held.join('').includes(text));
  });

  it('are refused with what is wrong with them, and the password is never repeated', async (t) => {
    const { control } = await controlWorld(t);
    await control.addUser(FRODE, 'operator');
    for (const wrong of [
      { ...FRODE, username: 'erik', password: 'too short' },
      { ...FRODE, username: 'erik', password: 'aaaaaaaaaaaaaaaa' },
      { ...FRODE, username: 'erik', password: 'Erik and his garden' },
      { ...FRODE, username: 'erik the red' },
      { ...FRODE, username: 'erik', role: 'tenant_user' as const },
      { ...FRODE, username: 'erik', tenant_id: 'acme' },
      FRODE,
    ]) {
      const refusal = await control.addUser(wrong, 'operator').then(
        () => assert.fail('it was taken'),
        (error: unknown) => error as { code: string; message: string; details: unknown },
      );
      assert.equal(refusal.code, 'VALIDATION_ERROR');
      assert.ok(!JSON.stringify([refusal.message, refusal.details]).includes(wrong.password));
    }
    await assert.rejects(
      control.addUser({ ...FRODE, username: 'erik', role: 'tenant_admin', tenant_id: 'acme' }, 'operator'),
      { code: 'RESOURCE_NOT_FOUND' },
    );
  });

  it('lose their sessions and tokens with a new password, and all of it when they are removed', async (t) => {
    const world = await controlWorld(t);
    const { control } = world;
    await control.addUser(FRODE, 'operator');
    const { secret } = await control.signIn(BY_NAME, 'local');
    const { token } = await control.issueToken({ subject: 'frode', role: 'admin' }, 'operator');
    await control.setPassword('frode', 'a long summer passphrase', 'operator');
    await assert.rejects(control.session(secret), { code: 'TOKEN_REVOKED' });
    await assert.rejects(control.authenticate(token), { code: 'TOKEN_REVOKED' });
    await assert.rejects(control.signIn(BY_NAME, 'local'), NOT_THEM);
    const again = await control.signIn({ username: 'frode', password: 'a long summer passphrase' }, 'local');
    await control.removeUser('frode', 'operator');
    await assert.rejects(control.session(again.secret), { code: 'TOKEN_REVOKED' });
    await assert.rejects(
      control.signIn({ username: 'frode', password: 'a long summer passphrase' }, 'local'),
      NOT_THEM,
    );
    assert.deepEqual(await control.users(), []);
    await assert.rejects(control.removeUser('frode', 'operator'), { code: 'RESOURCE_NOT_FOUND' });
    const events = await told(world, '_appliance', /^(?:USER|PASSWORD)/);
    assert.deepEqual(events, ['USER_ADDED operator', 'PASSWORD_SET operator', 'USER_REMOVED operator']);
  });
});

describe('who fails to sign in too often', () => {
  const failures = (of: [name: string, source: string, times: number][]) => {
    const clock = manualClock();
    const tries = attempts(clock);
    for (const [name, source, times] of of) for (let at = 0; at < times; at++) tries.failed(name, source);
    return { clock, tries };
  };

  it('waits ten minutes from the first failure, by name, wherever it comes from', () => {
    const { clock, tries } = failures([['frode', '10.0.0.1', 9]]);
    assert.equal(tries.wait('frode', '10.0.0.2'), null);
    clock.advance(60_000);
    tries.failed('frode', '10.0.0.3');
    assert.equal(tries.wait('frode', '10.0.0.2'), 540);
    assert.equal(tries.wait('dana', '10.0.0.1'), null);
    clock.advance(540_000);
    assert.equal(tries.wait('frode', '10.0.0.2'), null);
  });

  it('waits by where it comes from, whatever names it tries', () => {
    const { tries } = failures(Array.from({ length: 50 }, (_, at) => [`name-${at}`, '10.0.0.1', 1]));
    assert.equal(tries.wait('frode', '10.0.0.1'), 600);
    assert.equal(tries.wait('frode', '10.0.0.2'), null);
  });

  it('has no failures any more once it is in', () => {
    const { tries } = failures([['frode', '10.0.0.1', 10]]);
    tries.succeeded('frode');
    assert.equal(tries.wait('frode', '10.0.0.1'), null);
  });

  it('is not looked at while it waits, and a one-time code still opens', async (t) => {
    const { clock, tries } = failures([['frode', '10.0.0.1', 10]]);
    const registry = openRegistry(join(await temporaryFolder(t), 'registry.sqlite'), clock);
    t.after(() => registry.close());
    const verbs = sessionVerbs({ registry, clock }, () => undefined, tries);
    const refused = { code: 'RATE_LIMIT_EXCEEDED', retryAfter: 600 };
    await assert.rejects(verbs.signIn(BY_NAME, '10.0.0.2'), refused);
    const { code } = offerCode({ registry, clock }, { subject: 'frode', role: 'admin' }, 'operator');
    assert.equal((await verbs.signIn({ code }, '10.0.0.1')).subject, 'frode');
  });
});

describe('sessions', () => {
  it('are opened by a one-time code, once, and name the same code as the offer', async (t) => {
    const world = await controlWorld(t);
    const { control } = world;
    const { code, code_id } = await control.offerCode({ subject: 'frode', role: 'admin' }, 'operator');
    const { secret } = await control.signIn({ code }, 'local');
    assert.equal((await control.session(secret)).subject, 'frode');
    for (const again of [{ code }, { code: '00000-00000-00000-00000-00000' }])
      await assert.rejects(control.signIn(again, 'local'), NOT_THEM);
    await assert.rejects(control.redeemCode(code), NOT_THEM);
    await control.relayNow();
    const signedIn = world.logs.get('_appliance')!.entries.find(({ event }) => event.event_type === 'SIGNED_IN')!;
    const { method, code_id: by } = signedIn.event.details as Record<string, unknown>;
    assert.deepEqual([method, by], ['code', code_id]);
  });

  it('are over after half an hour without use and after twelve in any case', async (t) => {
    const { control, clock } = await controlWorld(t);
    const idle = await byCode(control);
    clock.advance(30 * 60_000 - 1000);
    await control.session(idle.secret);
    clock.advance(30 * 60_000 - 1000);
    await control.session(idle.secret);
    clock.advance(30 * 60_000);
    await assert.rejects(control.session(idle.secret), { code: 'TOKEN_EXPIRED' });

    const busy = await byCode(control);
    for (let minutes = 20; minutes < 12 * 60; minutes += 20) {
      clock.advance(20 * 60_000);
      await control.session(busy.secret);
    }
    clock.advance(20 * 60_000);
    await assert.rejects(control.session(busy.secret), { code: 'TOKEN_EXPIRED' });
  });

  it('end with a sign-out, once and for good, also for another process', async (t) => {
    const world = await controlWorld(t);
    const { control } = world;
    const { secret } = await byCode(control);
    await control.signOut(secret);
    for (const one of [control, await world.again()])
      await assert.rejects(one.session(secret), { code: 'TOKEN_REVOKED' });
    await assert.rejects(control.signOut(secret), { code: 'TOKEN_REVOKED' });
    await assert.rejects(control.session('A'.repeat(43)), NOT_THEM);
    assert.deepEqual(await told(world, '_appliance', /^SIGNED/), ['SIGNED_IN frode', 'SIGNED_OUT frode']);
  });

  it('end with a suspension of their tenant, and nobody of it signs in until it is resumed', async (t) => {
    const { control } = await controlWorld(t);
    await control.start();
    const tenant_id = await makeTenant(control);
    await control.addUser({ ...FRODE, username: 'dana', role: 'tenant_admin', tenant_id }, 'operator');
    const dana = { username: 'dana', password: FRODE.password };
    const { secret } = await control.signIn(dana, 'local');
    assert.equal((await control.session(secret)).tenant_id, tenant_id);
    await control.suspend(tenant_id, { reason: 'a look', notify_tenant: false }, 'frode');
    await assert.rejects(control.session(secret), { code: 'TOKEN_REVOKED' });
    await assert.rejects(control.signIn(dana, 'local'), { code: 'TENANT_SUSPENDED' });
    await control.resume(tenant_id, { reason: 'all is well' }, 'frode');
    await assert.rejects(control.session(secret), { code: 'TOKEN_REVOKED' });
    await control.signIn(dana, 'local');
  });

  it('and users of a tenant go with it', async (t) => {
    const { control } = await controlWorld(t);
    await control.start();
    const tenant_id = await makeTenant(control);
    await control.addUser({ ...FRODE, username: 'dana', role: 'tenant_user', tenant_id }, 'operator');
    await control.deprovision(tenant_id, { reason: 'over', confirm: true, confirm_tenant_id: tenant_id }, 'frode');
    await control.idle();
    assert.equal((await control.tenant(tenant_id)).state, 'DEPROVISIONED');
    assert.deepEqual(await control.users(), []);
  });
});
