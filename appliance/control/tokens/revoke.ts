import { auditEntry } from '../../audit/entry.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { appendLedger } from '../ledger/ledger.ts';
import { withdrawCodes } from '../registry/one-time-codes.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { liveTokens, revokeToken, type WhichTokens } from '../registry/tokens.ts';

/**
 * Revokes the live tokens that match all of what is named, for good, with one TOKEN_REVOKED per log concerned, and takes back
 * the subject's or the tenant's one-time codes. Returns how many tokens were live. Throws `VALIDATION_ERROR` when nothing is named.
 */
export function revokeTokens(
  registry: Registry,
  clock: Clock,
  which: WhichTokens,
  reason: string,
  actor: string,
): number {
  if (which.jti === undefined && which.subject === undefined && which.tenant_id === undefined) {
    throw new FrostbyteError('VALIDATION_ERROR', 'Name a token, a subject or a tenant.', {
      details: [{ field: 'jti', constraint: 'one of jti, subject, tenant_id is required' }],
    });
  }
  return registry.write(() => {
    const { subject, tenant_id } = which;
    withdrawCodes(registry, {
      ...(subject === undefined ? {} : { subject }),
      ...(tenant_id === undefined ? {} : { tenant_id }),
    });
    const live = liveTokens(registry, which, Math.floor(clock.now() / 1000));
    const perLog = new Map<string, string[]>();
    for (const token of live) {
      revokeToken(registry, token.jti, clock.iso());
      const log = token.tenant_id ?? APPLIANCE_LOG;
      perLog.set(log, [...(perLog.get(log) ?? []), token.jti]);
    }
    for (const [log, jtis] of perLog) {
      const entry = auditEntry(clock, 'TOKEN_REVOKED', {
        tenant_id: log,
        actor,
        resource_type: log === APPLIANCE_LOG ? 'appliance' : 'tenant',
        resource_id: log,
        adds: {
          ...(which.jti === undefined ? {} : { jti: which.jti }),
          ...(which.subject === undefined ? {} : { subject: which.subject }),
          reason,
          count: jtis.length,
        },
      });
      appendEntries(registry, [entry]);
      const { timestamp: at, event_id } = entry.event;
      appendLedger(registry, {
        kind: 'tokens_revoked',
        tenant_id: log,
        resource_id: log,
        at,
        details: { jtis },
        event_id,
      });
    }
    return live.length;
  });
}
