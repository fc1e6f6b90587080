import { mkdirSync } from 'node:fs';
import { auditEntry } from '../audit/entry.ts';
import { EVENTS, type EventName } from '../audit/events.ts';
import { createAuditExports } from '../audit/export.ts';
import { APPLIANCE_LOG } from '../kernel/audit-event.ts';
import { FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import { controlPaths, exportFolder } from '../kernel/names.ts';
import { Turns } from '../kernel/turns.ts';
import type { AuditLog } from '../stores/log/port.ts';
import { controlRelay } from './audit-relay.ts';
import { background } from './background.ts';
import { MOST_MINUTES } from './break-glass/grants.ts';
import { breakGlassVerbs } from './break-glass/verbs.ts';
import type { Control, ControlOptions } from './control-options.ts';
import { holdVerbs } from './holds/hold-verbs.ts';
import { dropProposals } from './holds/holds.ts';
import { checkIsolation } from './isolation/check-isolation.ts';
import { overdueChecks } from './isolation/overdue.ts';
import { isolationVerbs, needIsolation } from './isolation/reports.ts';
import { isolationSchedule } from './isolation/schedule.ts';
import { keyVerbs } from './keys/key-verbs.ts';
import { keyWork } from './keys/key-work.ts';
import { recoveryVerbs } from './keys/recovery-verbs.ts';
import { ledgerSize, readLedger } from './ledger/ledger.ts';
import { shownNotices } from './notices.ts';
import { advanceTenant } from './provisioning/advance.ts';
import { reasonText } from './reason.ts';
import { forgetCodes } from './registry/one-time-codes.ts';
import { openRegistry } from './registry/open.ts';
import { appendEntries } from './registry/outbox.ts';
import { needTenant, tenantsIn } from './registry/tenants.ts';
import { forgetExpired, isLive, lastExpiryOf } from './registry/tokens.ts';
import { releaseNotes } from './release-notes.ts';
import { sessionVerbs } from './sessions/session-verbs.ts';
import { tenantVerbs } from './tenant-verbs.ts';
import { settleFlags } from './tenants/kill-switch.ts';
import { makeFlags } from './tenants/suspension-flags.ts';
import { failureCounts } from './tokens/failures.ts';
import { issueToken } from './tokens/issue.ts';
import { offerCode, redeemCode } from './tokens/one-time-codes.ts';
import { revokeTokens } from './tokens/revoke.ts';
import { openSigningKeys } from './tokens/signing-keys.ts';
import { tokenVerifier } from './tokens/verify.ts';
import { userVerbs } from './users/user-verbs.ts';

export type { Control, ControlOptions } from './control-options.ts';

const DRAIN_MS = 5000;
const BEAT_MS = 500;
const RETRY_WAITS = Object.freeze([200, 1000, 5000]);
/** A key signs tokens for as long as a tenant's identity is kept (spec 3): 90 days. */
const SIGNING_KEY_LIFE_MS = 90 * 86_400_000;
/** Hours between the isolation checks of a tenant. */
const ISOLATION_HOURS = 24;
/** Expired tokens are kept this long, so that a token of yesterday still reads as expired in lists. */
const KEEP_EXPIRED_S = 86_400;

/**
 * Composes control on a data folder: registry, keys, relay, plans (spec 3, 4, 5). Several processes may do so on one
 * folder; only the one that calls `start` works in the background. Throws what registry and signing keys throw.
 */
export async function createControl(options: ControlOptions): Promise<Control> {
  const { dataFolder, clock, resources } = options;
  const logger = options.logger.child('control-plane');
  const paths = controlPaths(dataFolder);
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  makeFlags(dataFolder);
  const registry = openRegistry(paths.registry, clock);
  const keys = await openSigningKeys(paths.signingKeys, resources, clock).catch((error: unknown) => {
    registry.close();
    throw error;
  });
  const drainMs = options.drainMs ?? DRAIN_MS;

  const logs = new Map<string, Promise<AuditLog>>();
  const log = (logId: string): Promise<AuditLog> => {
    let opened = logs.get(logId);
    if (opened === undefined) {
      opened = options.openLog(logId);
      logs.set(logId, opened);
      opened.catch(() => logs.delete(logId));
    }
    return opened;
  };

  const { relay, relayAll, round } = controlRelay({ registry, clock, resources, log, logger });
  const failures = failureCounts(clock);
  const noteFailures = (everything = false): void => {
    const entries = failures.take(everything);
    if (entries.length > 0) registry.write(() => appendEntries(registry, entries));
  };

  const rotateSigningKey = async (reason: string, actor: string): Promise<string> => {
    const rotation_reason = reasonText(reason);
    const kid = await keys.rotate();
    const about = { tenant_id: APPLIANCE_LOG, actor, resource_id: kid, resource_type: 'appliance' as const };
    const entry = auditEntry(clock, 'KEY_ROTATED', { ...about, adds: { rotation_reason } });
    registry.write(() => appendEntries(registry, [entry]));
    const nowSeconds = Math.floor(clock.now() / 1000);
    await keys.forgetUnused((old) => (lastExpiryOf(registry, old) ?? 0) > nowSeconds);
    work.wake();
    return kid;
  };

  const keyParts = { registry, clock, resources, turns: new Turns() };
  const dueKeys = keyWork({ ...keyParts, logger });

  const checkTenant = (tenantId: string, actor: string) =>
    checkIsolation({ registry, clock, resources }, tenantId, actor);
  const everyMs = (options.isolationHours ?? ISOLATION_HOURS) * 3_600_000;
  const overdue = overdueChecks(clock, everyMs);
  const isolation = isolationSchedule({
    registry,
    clock,
    logger,
    everyMs,
    check: async (tenantId) => checkTenant(tenantId, 'system'),
  });

  const work = background({
    logger,
    beatMs: options.beatMs ?? BEAT_MS,
    beat: async () => {
      for (const { tenant_id } of tenantsIn(registry, ['PENDING', 'PROVISIONING', 'DEPROVISIONING']))
        work.kick(tenant_id);
      for (const tenantId of await dueKeys.due()) work.kick(tenantId);
      const check = isolation.next();
      if (check !== null) work.track(check);
      noteFailures();
      if (keys.isOlderThan(SIGNING_KEY_LIFE_MS)) await rotateSigningKey('scheduled', 'system');
      await round();
    },
    carry: async (tenantId, signal) => {
      await advanceTenant(
        {
          dataFolder,
          drainMs,
          registry,
          clock,
          logger,
          resources,
          log,
          relay,
          retryWaits: options.retryWaits ?? RETRY_WAITS,
          checkIsolation: checkTenant,
        },
        tenantId,
        signal,
      );
      await dueKeys.carry(tenantId, signal);
    },
  });

  let started = false;
  let stopped: Promise<void> | null = null;
  const shutDown = async (): Promise<void> => {
    await work.stop();
    noteFailures(true);
    // A process that only used the verbs leaves its events to the daemon, now or at its next start.
    if (started) await relayAll().catch(() => logger.warn('events wait for the next start to be relayed'));
    for (const opened of logs.values()) await opened.then((open) => open.close()).catch(() => undefined);
    registry.close();
  };
  const measuring = () => {
    if (options.measuring) return options.measuring;
    throw new FrostbyteError('SERVICE_UNAVAILABLE', 'This process keeps no measures: ask the one that serves.', {
      retryAfter: 60,
    });
  };
  const host = () => {
    if (options.host) return options.host;
    throw new FrostbyteError(
      'SERVICE_UNAVAILABLE',
      'This process does not look at its host: ask the one that serves.',
      {
        retryAfter: 60,
      },
    );
  };
  const known = (logId: string): void => {
    if (logId !== APPLIANCE_LOG) needTenant(registry, logId);
  };
  const exports = createAuditExports(exportFolder(dataFolder), clock);
  const report: Control['report'] = async (logId, type, event) => {
    known(logId);
    if (!Object.hasOwn(EVENTS, type)) throw new TypeError('not a type of audit event');
    const entry = auditEntry(clock, type as EventName, { tenant_id: logId, ...event });
    registry.write(() => appendEntries(registry, [entry]));
    work.wake();
  };

  return {
    ...tenantVerbs({
      dataFolder,
      registry,
      clock,
      resources,
      drainMs,
      options,
      kick: work.kick,
      track: work.track,
      wake: work.wake,
      overdue,
    }),

    ...isolationVerbs(registry),
    ...keyVerbs({ ...keyParts, kick: work.kick, wake: work.wake }),
    ...recoveryVerbs(keyParts),
    ...releaseNotes(keyParts),
    ...holdVerbs({ registry, clock, resources, wake: work.wake }),
    ledger: async (query) => ({
      entries: readLedger(registry, query),
      total: ledgerSize(registry, query.tenant_id),
    }),
    ...breakGlassVerbs(
      { registry, clock, mostMinutes: Math.min(MOST_MINUTES, options.breakGlassMinutes ?? MOST_MINUTES) },
      work.wake,
    ),

    authenticate: tokenVerifier({ isLive: (jti) => isLive(registry, jti), clock, keys }, options.clockSkewSeconds),
    publicKeys: () => keys.published(),
    isLive: async (jti) => isLive(registry, jti),
    issueToken: async (request, actor) => {
      const issued = await issueToken({ registry, clock, keys }, request, actor);
      work.wake();
      return issued;
    },
    offerCode: async (request, actor, validSeconds) => {
      const offered = offerCode({ registry, clock }, request, actor, validSeconds);
      work.wake();
      return offered;
    },
    redeemCode: async (code) => {
      const issued = await redeemCode({ registry, clock, keys }, code);
      work.wake();
      return issued;
    },
    revokeTokens: async (which, reason, actor) => {
      const count = revokeTokens(registry, clock, which, reason, actor);
      work.wake();
      return count;
    },
    ...sessionVerbs({ registry, clock }, work.wake),
    ...userVerbs({ registry, clock }, work.wake),
    authenticationFailed: failures.count,

    auditLog: async (logId) => {
      known(logId);
      return log(logId);
    },
    report,
    startExport: async (logId, request, actor) => {
      known(logId);
      return exports.start(logId, await log(logId), request, ({ export_id, adds }) =>
        report(logId, 'AUDIT_EXPORTED', { actor, resource_id: export_id, adds }),
      );
    },
    exportStatus: exports.status,
    exportManifest: exports.manifest,
    exportFile: exports.download,
    sweepExports: exports.sweep,

    async plots(query) {
      if (query.tenant_id !== undefined) needTenant(registry, query.tenant_id);
      return measuring().plots(query);
    },
    alerts: async () => measuring().alerts(),
    installation: async () => host().installation(),
    diagnose: async () => host().diagnose(),
    supportListing: async () => host().supportListing(),
    supportBundle: async (actor) => host().supportBundle(actor),
    boundary: async () => host().boundary(),
    makeBoundary: async () => host().makeBoundary(),

    health: async () => {
      const tests: [string, () => unknown][] = [
        ['registry', () => registry.check()],
        ['signing keys', () => keys.current()],
        ['audit log', async () => (await log(APPLIANCE_LOG)).check()],
        ['isolation', () => needIsolation(registry, overdue.before())],
      ];
      return Promise.all(
        tests.map(async ([name, test]) => {
          try {
            await test();
            return { name, ok: true, message: 'ok' };
          } catch (error) {
            return { name, ok: false, message: isFrostbyteError(error) ? error.message : 'does not answer' };
          }
        }),
      );
    },

    start: async () => {
      if (stopped) throw new FrostbyteError('SERVICE_UNAVAILABLE', 'Control has been stopped.');
      settleFlags({ dataFolder, registry, clock });
      // Only the daemon sets holds: what is unconfirmed now was being set by one that died.
      dropProposals(registry);
      const nowSeconds = Math.floor(clock.now() / 1000);
      forgetExpired(registry, nowSeconds - KEEP_EXPIRED_S);
      forgetCodes(registry, nowSeconds - KEEP_EXPIRED_S);
      await keys.forgetUnused((kid) => (lastExpiryOf(registry, kid) ?? 0) > nowSeconds);
      started = true;
      work.start();
    },
    stop: () => {
      stopped ??= shutDown();
      return stopped;
    },
    relayNow: async () => {
      noteFailures();
      if (keys.isOlderThan(SIGNING_KEY_LIFE_MS)) await rotateSigningKey('scheduled', 'system');
      await relayAll();
    },
    idle: work.idle,
    rotateSigningKey,
    notices: async (tenantId) => {
      needTenant(registry, tenantId);
      return shownNotices(registry, tenantId);
    },
  };
}
