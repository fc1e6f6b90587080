import { auditEntry } from '../../audit/entry.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { notify } from '../notices.ts';
import { reasonText } from '../reason.ts';
import {
  endGrant,
  findGrant,
  type GrantRow,
  insertGrant,
  lastGrant,
  liveGrant,
  liveGrants,
  noteExpired,
} from '../registry/break-glass.ts';
import { endNotice } from '../registry/notices.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { needTenant } from '../registry/tenants.ts';
import type { BreakGlassGrant, BreakGlassRequest, BreakGlassStanding } from '../verbs.ts';

/** What a grant lasts where nobody says, and what nobody's may exceed, in minutes. */
export const DEFAULT_MINUTES = 15;
export const MOST_MINUTES = 60;

export interface BreakGlass {
  registry: Registry;
  clock: Clock;
  /** The site's own bound, at most `MOST_MINUTES`. */
  mostMinutes: number;
}

/**
 * Opens a grant: its row, BREAK_GLASS_OPENED and the notice to the tenant in one transaction. A request that came with a
 * look (`by`) is answered from a live grant of the same reason where there is one, so that one purpose is told once.
 * Throws `RESOURCE_NOT_FOUND`, `VALIDATION_ERROR`, and for a tenant that serves nobody `TENANT_SUSPENDED` or
 * `INVALID_STATE_TRANSITION`.
 */
export function openGrant(parts: BreakGlass, tenantId: string, request: BreakGlassRequest, actor: string) {
  const { registry, clock } = parts;
  const reason = reasonText(request.reason);
  const minutes = minutesOf(request.minutes, parts.mostMinutes);
  return registry.write((): BreakGlassGrant => {
    refuseClosed(needTenant(registry, tenantId).state);
    const opened = clock.now();
    const now = new Date(opened).toISOString();
    if (request.by !== undefined) {
      const known = liveGrant(registry, { tenant: tenantId, subject: actor, now, reason });
      if (known !== null) return grantView(known, now);
    }
    const row: GrantRow = {
      grant_id: newId(),
      tenant_id: tenantId,
      subject: actor,
      role: 'admin',
      reason,
      opened_at: now,
      expires_at: new Date(opened + minutes * 60_000).toISOString(),
      closed_at: null,
      closed_by: null,
    };
    insertGrant(registry, row);
    notify(registry, clock, {
      tenant_id: tenantId,
      kind: 'break_glass',
      actor,
      role: row.role,
      reason,
      until: row.expires_at,
      grant_id: row.grant_id,
    });
    appendEntries(registry, [
      auditEntry(clock, 'BREAK_GLASS_OPENED', {
        tenant_id: tenantId,
        actor,
        resource_id: tenantId,
        adds: { reason, grant_id: row.grant_id, expires_at: row.expires_at, ...request.by },
      }),
    ]);
    return grantView(row, now);
  });
}

/**
 * Where a subject stands: the live grant, or null with the end of the last one. What was found over is noted as such and
 * stays over, whatever the host's clock does afterwards.
 */
export function standing({ registry, clock }: BreakGlass, tenantId: string, subject: string): BreakGlassStanding {
  const now = clock.iso();
  const live = liveGrant(registry, { tenant: tenantId, subject, now });
  if (live !== null) return { grant: grantView(live, now), ended_at: null };
  const last = lastGrant(registry, tenantId, subject);
  if (last !== null && last.closed_at === null) noteExpired(registry, tenantId, subject, now);
  return { grant: null, ended_at: last === null ? null : (last.closed_at ?? last.expires_at) };
}

/**
 * Ends a grant before its time, with BREAK_GLASS_CLOSED, in one transaction; the tenant's notice says so, too. Throws `RESOURCE_NOT_FOUND`, and
 * `INVALID_STATE_TRANSITION` for one that is over.
 */
export function closeGrant({ registry, clock }: BreakGlass, tenantId: string, grantId: string, actor: string) {
  return registry.write((): BreakGlassGrant => {
    const now = clock.iso();
    const row = findGrant(registry, tenantId, grantId);
    if (row === null) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such break-glass grant.');
    if (!endGrant(registry, grantId, now, actor)) {
      throw new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        `This break-glass grant was over at ${row.closed_at ?? row.expires_at}.`,
        { details: [{ field: 'grant_id', value: grantId, constraint: 'must be open' }] },
      );
    }
    reportClosed(registry, clock, row, actor, now);
    return grantView({ ...row, closed_at: now, closed_by: actor }, now);
  });
}

/** Ends all live grants for a tenant: it is stopped, and nobody looks at it when it comes back. Inside `registry.write`. */
export function endGrants(registry: Registry, clock: Clock, tenantId: string, actor: string): void {
  const now = clock.iso();
  for (const row of liveGrants(registry, tenantId, now)) {
    if (endGrant(registry, row.grant_id, now, actor)) reportClosed(registry, clock, row, actor, now);
  }
}

/** A grant as the API shows it. */
export function grantView(row: GrantRow, now: string): BreakGlassGrant {
  const state =
    row.closed_by !== null ? 'closed' : row.closed_at !== null || row.expires_at <= now ? 'expired' : 'open';
  const { closed_at, ...rest } = row;
  return { ...rest, state, closed_at: row.closed_by === null ? null : closed_at };
}

/** The log and the tenant's notice learn that a grant ended early. */
function reportClosed(registry: Registry, clock: Clock, row: GrantRow, actor: string, at: string): void {
  endNotice(registry, row.tenant_id, row.grant_id, at);
  appendEntries(registry, [
    auditEntry(clock, 'BREAK_GLASS_CLOSED', {
      tenant_id: row.tenant_id,
      actor,
      resource_id: row.tenant_id,
      adds: { grant_id: row.grant_id, expires_at: row.expires_at },
    }),
  ]);
}

function minutesOf(asked: number | undefined, most: number): number {
  if (asked === undefined) return Math.min(DEFAULT_MINUTES, most);
  if (Number.isSafeInteger(asked) && asked >= 1 && asked <= most) return asked;
  throw new FrostbyteError('VALIDATION_ERROR', `Break-glass lasts 1 to ${most} minutes here.`, {
    details: [{ field: 'minutes', value: asked, constraint: `integer of 1 to ${most}` }],
  });
}

function refuseClosed(state: string): void {
  if (state === 'ACTIVE') return;
  if (state === 'SUSPENDED')
    throw new FrostbyteError('TENANT_SUSPENDED', 'The tenant is suspended: there is nothing to look at.');
  throw new FrostbyteError('INVALID_STATE_TRANSITION', `A tenant in state ${state} has nothing to look at.`);
}
