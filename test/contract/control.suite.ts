import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { DEFAULT_TENANT_CONFIG } from '../../appliance/api/tenant-config.ts';
import { leafHash } from '../../appliance/audit/leaf.ts';
import type { Control } from '../../appliance/control/create-control.ts';
import type { ControlVerbs } from '../../appliance/control/verbs.ts';
import { APPLIANCE_LOG } from '../../appliance/kernel/audit-event.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import {
  type ControlWorld,
  controlWorld,
  fileLogs,
  makeTenant,
  temporaryFolder,
} from '../support/control/control-fixture.ts';
import { until } from '../support/faults/until.ts';

/** How a suite's caller reaches control. */
export type Reach = (control: Control, t: TestContext) => Promise<ControlVerbs>;

const DOC = 'doc_0123456789abcdef';

/** What control does for whoever asks it, wherever that is. `reach` gives the verbs as the caller has them. */
export function controlContract(name: string, reach: Reach): void {
  const asked = new Set<string>();
  interface World extends ControlWorld {
    verbs: ControlVerbs;
  }
  const world = async (t: TestContext): Promise<World> => {
    const dataFolder = await temporaryFolder(t);
    const made = await controlWorld(t, { dataFolder, openLog: fileLogs(dataFolder) });
    await made.control.start();
    const verbs = new Proxy(await reach(made.control, t), {
      get(target, verb: keyof ControlVerbs) {
        asked.add(verb);
        return target[verb];
      },
    });
    return { ...made, verbs };
  };
  const acme = async (t: TestContext) => {
    const made = await world(t);
    return { ...made, tenant: await makeTenant(made.control) };
  };
  const settled = (verbs: ControlVerbs, tenant: string, state: string) =>
    until(`the tenant ${state}`, async () => (await verbs.tenant(tenant)).state === state);

  describe(`${name}: tokens`, () => {
    test('a token tells who calls until it is revoked; what is no token is refused', async (t) => {
      const { verbs, tenant } = await acme(t);
      const issued = await verbs.issueToken({ subject: 'dana', role: 'tenant_admin', tenant_id: tenant }, 'frode');
      const caller = await verbs.authenticate(issued.token);
      assert.deepEqual(
        [caller.subject, caller.role, caller.tenant_id, caller.jti],
        ['dana', 'tenant_admin', tenant, issued.jti],
      );
      assert.equal(await verbs.isLive(issued.jti), true);
      assert.equal(await verbs.revokeTokens({ jti: issued.jti }, 'lost', 'frode'), 1);
      assert.equal(await verbs.isLive(issued.jti), false);
      await assert.rejects(verbs.authenticate(issued.token), { code: 'TOKEN_REVOKED' });
      await assert.rejects(verbs.authenticate('a.b.c'), { code: 'AUTHENTICATION_REQUIRED' });
      assert.equal(await verbs.isLive('unknown'), false);
    });

    test('keys that verify tokens are public, and the one that signs is among them', async (t) => {
      const { verbs } = await world(t);
      const { token } = await verbs.issueToken({ subject: 'frode', role: 'admin' }, 'frode');
      const { kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string };
      const keys = await verbs.publicKeys();
      const key = keys.find((one) => one.kid === kid);
      assert.deepEqual(Object.keys(key!.jwk).sort(), ['crv', 'kty', 'x']);
    });

    test('a one-time code is exchanged for its token, once', async (t) => {
      const { verbs, control } = await world(t);
      const { code } = await control.offerCode({ subject: 'frode', role: 'admin' }, 'operator');
      const { token } = await verbs.redeemCode(code);
      assert.equal((await verbs.authenticate(token)).role, 'admin');
      await assert.rejects(verbs.redeemCode(code), { code: 'AUTHENTICATION_REQUIRED' });
    });

    test('a session is opened by a code or by a password, tells who calls, and is ended', async (t) => {
      const { verbs, control } = await world(t);
      await control.addUser({ username: 'frode', role: 'admin', password: 'a long winter passphrase' }, 'operator');
      const { code } = await control.offerCode({ subject: 'erik', role: 'auditor' }, 'operator');
      const byCode = await verbs.signIn({ code }, '10.0.0.7');
      assert.equal((await verbs.session(byCode.secret)).role, 'auditor');
      const how = { username: 'frode', password: 'a long winter passphrase' };
      const { secret, expires_at } = await verbs.signIn(how, '10.0.0.7');
      const caller = await verbs.session(secret);
      assert.deepEqual([caller.subject, caller.role, caller.expires_at], ['frode', 'admin', expires_at]);
      await verbs.signOut(secret);
      await assert.rejects(verbs.session(secret), { code: 'TOKEN_REVOKED' });
      await assert.rejects(verbs.signIn({ ...how, password: 'x' }, '10.0.0.7'), { code: 'AUTHENTICATION_REQUIRED' });
    });

    test('what is wrong with a request is told with field and constraint', async (t) => {
      const { verbs } = await world(t);
      const refused = await verbs
        .issueToken({ subject: 'dana', role: 'tenant_admin', tenant_id: 'nobody' }, 'frode')
        .catch((error: unknown) => error);
      assert.ok(isFrostbyteError(refused));
      assert.ok(refused.details.length > 0 || refused.code === 'RESOURCE_NOT_FOUND', String(refused));
    });

    test('failed authentications are counted without an answer', async (t) => {
      const { verbs, control, clock } = await world(t);
      assert.equal(verbs.authenticationFailed('10.0.0.7', 'TOKEN_EXPIRED'), undefined);
      const log = await verbs.auditLog(APPLIANCE_LOG);
      await until('the count in the log', async () => {
        // A minute's counts are written down when it is over.
        clock.advance(61_000);
        await control.relayNow();
        return (await log.count({ event_type: 'AUTHENTICATION_FAILED' })) === 1;
      });
    });
  });

  describe(`${name}: tenants`, () => {
    test('a tenant is made, listed, configured, suspended, resumed and deleted', async (t) => {
      const { verbs, control } = await world(t);
      const made = await verbs.createTenant(
        { tenant_id: 'acme', tenant_name: 'Acme', contact_email: 'dana@acme.example', tier: 'standard' },
        'frode',
      );
      assert.equal(made.tenant_id, 'acme');
      await settled(verbs, 'acme', 'ACTIVE');
      await control.idle();
      assert.deepEqual(await verbs.activeTenants(), ['acme']);
      const { tenants, total } = await verbs.tenants({ page: 1, limit: 10, state: 'ACTIVE' });
      assert.deepEqual([tenants.map(({ tenant_id }) => tenant_id), total], [['acme'], 1]);

      const update = await verbs.configure('acme', { retrieval_top_k_max: 60 }, 'asked for', 'frode');
      assert.deepEqual([update.config_version, update.previous_config_version], [2, 1]);
      assert.deepEqual(await verbs.gate('acme'), {
        state: 'ACTIVE',
        config: { ...DEFAULT_TENANT_CONFIG, retrieval_top_k_max: 60 },
        config_version: 2,
      });
      assert.deepEqual(await verbs.gate('nobody'), { state: null, config: null, config_version: 0 });

      const stopped = await verbs.suspend('acme', { reason: 'breach', notify_tenant: true }, 'frode');
      assert.equal(stopped.current_state, 'SUSPENDED');
      assert.equal((await verbs.gate('acme')).state, 'SUSPENDED');
      assert.deepEqual(await verbs.activeTenants(), []);
      await assert.rejects(verbs.suspend('acme', { reason: 'again', notify_tenant: true }, 'frode'), {
        code: 'INVALID_STATE_TRANSITION',
      });
      assert.equal((await verbs.resume('acme', { reason: 'mended' }, 'frode')).current_state, 'ACTIVE');

      const wish = { reason: 'contract ended', confirm: true, confirm_tenant_id: 'acme' };
      const refused = await verbs
        .deprovision('acme', { ...wish, confirm_tenant_id: 'acne' }, 'frode')
        .catch((error: unknown) => error);
      assert.ok(isFrostbyteError(refused, 'CONFIRMATION_MISMATCH'));
      assert.deepEqual(
        refused.details.map(({ field }) => field),
        ['confirm_tenant_id'],
      );
      assert.equal((await verbs.deprovision('acme', wish, 'frode')).current_state, 'DEPROVISIONING');
      await settled(verbs, 'acme', 'DEPROVISIONED');
    });

    test('a tenant that is not there, or not in that state, is refused by every verb', async (t) => {
      const { verbs, tenant } = await acme(t);
      await assert.rejects(verbs.tenant('nobody'), { code: 'RESOURCE_NOT_FOUND' });
      await assert.rejects(verbs.retry(tenant, 'frode'), { code: 'INVALID_STATE_TRANSITION' });
      await assert.rejects(verbs.abandon(tenant, 'frode'), { code: 'INVALID_STATE_TRANSITION' });
      await assert.rejects(verbs.auditLog('nobody'), { code: 'RESOURCE_NOT_FOUND' });
    });

    test('isolation is checked, and health told by name', async (t) => {
      const { verbs, tenant } = await acme(t);
      const report = await verbs.verify(tenant, 'frode');
      assert.equal(report.overall_pass, true);
      assert.ok(report.checks.length > 0);
      const { reports, total } = await verbs.isolationReports(tenant, { limit: 1 });
      assert.deepEqual([reports[0]?.report_id, reports[0]?.overall_pass], [report.report_id, true]);
      // The first is of the tenant's provisioning.
      assert.equal(total, 2);
      assert.deepEqual(await verbs.isolationReport(tenant, report.report_id), report);
      await assert.rejects(verbs.isolationReport(tenant, tenant), { code: 'RESOURCE_NOT_FOUND' });
      assert.deepEqual((await verbs.tenant(tenant)).isolation, {
        checked_at: report.checked_at,
        overall_pass: true,
        overdue: false,
      });
      const health = await verbs.health();
      assert.deepEqual(
        health.map(({ name: part, ok }) => [part, ok]),
        [
          ['registry', true],
          ['signing keys', true],
          ['audit log', true],
          ['isolation', true],
        ],
      );
    });
  });

  describe(`${name}: keys`, () => {
    test('keys are rotated, shown, moved to and purged', async (t) => {
      const { verbs, control, tenant } = await acme(t);
      const rotation = await verbs.rotateKeys(tenant, { reason: 'an officer left', emergency: true }, 'frode');
      assert.deepEqual([rotation.key_version, rotation.previous_key_version], [2, 1]);
      const report = await verbs.tenantKeys(tenant);
      assert.deepEqual(
        report.identities.map(({ key_version, status }) => [key_version, status]),
        [
          [2, 'ACTIVE'],
          [1, 'ARCHIVED'],
        ],
      );
      assert.equal((await verbs.reencrypt(tenant, 'after the rotation', 'frode')).storage_version, 2);
      await control.idle();
      const purged = await verbs.purgeKey(tenant, { kind: 'identity', version: 1, reason: 'known outside' }, 'frode');
      assert.equal(purged.identities.find(({ key_version }) => key_version === 1)?.status, 'PURGED');
      await assert.rejects(verbs.purgeKey(tenant, { kind: 'identity', version: 2, reason: 'x' }, 'frode'), {
        code: 'INVALID_STATE_TRANSITION',
      });
    });
  });

  describe(`${name}: holds, ledger, break-glass, notices`, () => {
    test('a hold is set, asked for, listed and lifted, and the ledger remembers both', async (t) => {
      const { verbs, tenant } = await acme(t);
      const target = { scope: 'document', resource_id: DOC } as const;
      const hold = await verbs.setHold(tenant, target, 'litigation', 'frode');
      assert.deepEqual(await verbs.holdsOn(tenant, DOC, ['b1']), ['document']);
      const { holds } = await verbs.holds(tenant, { status: 'in_force', limit: 10, offset: 0 });
      assert.deepEqual(
        holds.map(({ hold_id }) => hold_id),
        [hold.hold_id],
      );
      assert.equal((await verbs.liftHold(tenant, target, 'settled', 'frode')).lifted_by, 'frode');
      assert.deepEqual(await verbs.holdsOn(tenant, DOC, []), []);
      const { entries, total } = await verbs.ledger({ tenant_id: tenant, after: 0, limit: 10 });
      assert.deepEqual([entries.map(({ kind }) => kind), total], [['hold_set', 'hold_lifted'], 2]);
      const second = await verbs.ledger({ tenant_id: tenant, after: 0, offset: 1, limit: 10 });
      assert.deepEqual([second.entries.map(({ kind }) => kind), second.total], [['hold_lifted'], 2]);
      const whole = await verbs.ledger({ after: 0, limit: 10 });
      assert.deepEqual((await verbs.ledger({ after: 0, offset: 1, limit: 1 })).entries, whole.entries.slice(1, 2));
    });

    test('break-glass opens, stands, is listed and closed; the tenant is told and may say that it knows', async (t) => {
      const { verbs, tenant } = await acme(t);
      assert.deepEqual(await verbs.breakGlassStanding(tenant, 'frode'), { grant: null, ended_at: null });
      const grant = await verbs.openBreakGlass(tenant, { reason: 'support case', minutes: 5 }, 'frode');
      assert.equal((await verbs.breakGlassStanding(tenant, 'frode')).grant?.grant_id, grant.grant_id);
      assert.equal((await verbs.breakGlassGrants(tenant, { limit: 10 })).total, 1);
      assert.equal((await verbs.closeBreakGlass(tenant, grant.grant_id, 'frode')).state, 'closed');
      const { notices } = await verbs.noticesOf(tenant, { limit: 10, unread: true });
      assert.equal(notices[0]?.kind, 'break_glass');
      const seen = await verbs.acknowledgeNotice(tenant, notices[0]!.notice_id, 'dana');
      assert.equal(seen.acknowledged_by, 'dana');
    });
  });

  describe(`${name}: audit`, () => {
    test('a log is read by page, event, resource and range, and its leaves are those of its events', async (t) => {
      const { verbs, control, tenant } = await acme(t);
      for (let n = 0; n < 12; n++) {
        await verbs.report(tenant, 'CONTENT_READ', {
          actor: 'frode',
          resource_id: DOC,
          adds: { doc_ids: [DOC] },
        });
      }
      await control.relayNow();
      const log = await verbs.auditLog(tenant);
      const size = await log.size();
      assert.ok(size >= 12);
      await log.check();
      const { events, next } = await log.events({ event_type: 'CONTENT_READ', sort: 'asc', limit: 5 });
      assert.equal(events.length, 5);
      assert.ok(next !== null);
      assert.equal(await log.count({ event_type: 'CONTENT_READ' }), 12);
      assert.deepEqual(await log.event(events[0]!.event_id), events[0]);
      const type = events[0]!.resource_type;
      assert.equal((await log.resource(type, DOC)).length, 12);
      assert.equal((await log.readsOf(DOC, 100)).length, 12);

      const all = [];
      for await (const event of log.range(0, size)) all.push(event);
      assert.deepEqual(
        all.map(({ log_index }) => log_index),
        all.map((_event, at) => at),
      );
      const leaves = await log.leaves(0, size + 10);
      assert.deepEqual(
        leaves.map((leaf) => Buffer.from(leaf).toString('hex')),
        all.map(({ log_index: _index, references: _references, ...event }) =>
          Buffer.from(leafHash(event)).toString('hex'),
        ),
      );
      // Whoever has seen enough goes, and the next call is answered.
      for await (const event of log.range(0, size)) if (event.log_index === 1) break;
      assert.equal(await log.size(), size);
    });

    test('an export is started, comes to its end, and is fetched with its manifest', async (t) => {
      const { verbs, control, tenant } = await acme(t);
      await control.relayNow();
      const { export_id } = await verbs.startExport(tenant, { format: 'jsonl', include_details: true }, 'frode');
      const record = await until('the export', async () => {
        const now = await verbs.exportStatus(tenant, export_id);
        return now.status === 'pending' ? null : now;
      });
      assert.equal(record.status, 'ready');
      const file = await verbs.exportFile(tenant, export_id);
      const text = await new Response(file.stream as never).text();
      assert.equal(Buffer.byteLength(text), file.bytes);
      assert.equal(text.split('\n').filter(Boolean).length, record.event_count);
      assert.match(file.filename, /\.jsonl$/);
      const manifest = JSON.parse(await verbs.exportManifest(tenant, export_id)) as { file_sha256: string };
      assert.equal(manifest.file_sha256, record.file_sha256);
      await assert.rejects(verbs.exportFile(tenant, '01900000-0000-7000-8000-000000000000'), {
        code: 'RESOURCE_NOT_FOUND',
      });
    });
  });

  test(`${name}: a process that keeps no measures says so, and says of a tenant that is not there that it is not`, async (t) => {
    const { verbs } = await acme(t);
    await assert.rejects(verbs.plots({ hours: 1 }), { code: 'SERVICE_UNAVAILABLE' });
    await assert.rejects(verbs.plots({ hours: 1, tenant_id: 'nowhere' }), { code: 'RESOURCE_NOT_FOUND' });
    await assert.rejects(verbs.alerts(), { code: 'SERVICE_UNAVAILABLE' });
  });

  test(`${name}: a process that does not look at its host says so`, async (t) => {
    const { verbs } = await acme(t);
    for (const ask of [verbs.installation, verbs.diagnose, verbs.boundary, verbs.makeBoundary, verbs.supportListing])
      await assert.rejects(ask(), { code: 'SERVICE_UNAVAILABLE' });
    await assert.rejects(verbs.supportBundle('frode'), { code: 'SERVICE_UNAVAILABLE' });
  });

  test(`${name}: a file for a supporter comes whole, under the name of who asked`, async (t) => {
    const bytes = new Uint8Array(3_000_000).map((_, at) => at % 251);
    const by: string[] = [];
    const { control } = await world(t);
    const given: ControlVerbs = {
      ...control,
      supportBundle: async (actor) => {
        by.push(actor);
        return bytes;
      },
    };
    const came = await (await reach(given as typeof control, t)).supportBundle('frode');
    assert.deepEqual([Buffer.compare(came, bytes), by], [0, ['frode']]);
  });

  describe(`${name}: every verb`, () => {
    let verbs: string[];
    before(async () => {
      const { controlDouble } = await import('../support/control-verbs-double.ts');
      verbs = Object.keys(controlDouble().verbs);
    });
    after(() => asked.clear());
    test('has its case here', () => {
      assert.deepEqual(
        verbs.filter((verb) => !asked.has(verb)),
        [],
      );
    });
  });
}
