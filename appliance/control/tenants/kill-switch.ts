import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { endGrants } from '../break-glass/grants.ts';
import type { LedgerKind } from '../ledger/entries.ts';
import { appendLedger } from '../ledger/ledger.ts';
import { notify } from '../notices.ts';
import { withdrawNotices } from '../registry/notices.ts';
import type { Registry } from '../registry/open.ts';
import type { TenantRow } from '../registry/rows.ts';
import { findTenant, needTenant, tenantsIn } from '../registry/tenants.ts';
import { endEpoch, tokenEpoch } from '../registry/tokens.ts';
import type { StateChange } from '../verbs.ts';
import { allowedMove } from './lifecycle.ts';
import { lowerFlag, raisedFlags, raiseFlag } from './suspension-flags.ts';
import { moveTenant } from './transition.ts';

/** What the kill-switch works with. */
export interface KillSwitch {
  dataFolder: string;
  registry: Registry;
  clock: Clock;
}

export interface SuspendRequest {
  reason: string;
  notify_tenant: boolean;
}

/**
 * Stops a tenant (spec 3, "Kill-switch"): the synced flag first, then state, tokens and event in one transaction. From
 * the moment the flag is written every gateway refuses and no worker takes a job. Work in flight is drained by the
 * caller. Throws `RESOURCE_NOT_FOUND` or `INVALID_STATE_TRANSITION`; then the tenant is as it was.
 */
export function suspendTenant(
  { dataFolder, registry, clock }: KillSwitch,
  tenantId: string,
  request: SuspendRequest,
  actor: string,
): StateChange {
  const before = readable(registry, tenantId);
  if (before !== 'unreadable') {
    if (before === null) needTenant(registry, tenantId);
    else allowedMove('suspend', before.state, before.failed_during);
  }
  raiseFlag(dataFolder, tenantId, { actor, reason: request.reason });
  let revoked = 0;
  try {
    moveTenant(registry, clock, {
      tenantId,
      trigger: 'suspend',
      actor,
      adds: { reason: request.reason },
      also: (_before, event) => {
        revoked = endTokens(registry, clock, tenantId);
        remember(registry, 'tenant_suspended', event);
        endGrants(registry, clock, tenantId, actor);
        if (request.notify_tenant) {
          notify(registry, clock, {
            tenant_id: tenantId,
            kind: 'suspended',
            actor,
            role: 'admin',
            reason: request.reason,
          });
        }
      },
    });
  } catch (error) {
    // Another process moved the tenant meanwhile. Its state decides about the flag; where the registry cannot answer
    // the flag stays: stopped is the safe side.
    if (isFrostbyteError(error, 'INVALID_STATE_TRANSITION', 'RESOURCE_NOT_FOUND'))
      settleFlag(dataFolder, registry, tenantId);
    else if (isFrostbyteError(error)) {
      throw new FrostbyteError(
        error.code,
        `The tenant is stopped, but the registry cannot record it yet (${error.message}) It is recorded as soon as it can; nothing of the tenant is served meanwhile.`,
        { cause: error },
      );
    }
    throw error;
  }
  return {
    tenant_id: tenantId,
    previous_state: 'ACTIVE',
    current_state: 'SUSPENDED',
    actions_taken: [
      'new requests are refused',
      'no new job is taken',
      `tokens revoked: ${revoked}`,
      ...(request.notify_tenant ? ['a notice for the tenant is shown'] : []),
    ],
    at: clock.iso(),
  };
}

/**
 * Lets a suspended tenant work again under a new token epoch; old tokens stay dead. The flag goes first: a crash in
 * between leaves the tenant SUSPENDED, and the next start puts the flag back.
 */
export function resumeTenant(
  { dataFolder, registry, clock }: KillSwitch,
  tenantId: string,
  request: { reason: string },
  actor: string,
): StateChange {
  const before = needTenant(registry, tenantId);
  allowedMove('resume', before.state, before.failed_during);
  lowerFlag(dataFolder, tenantId);
  try {
    moveTenant(registry, clock, {
      tenantId,
      trigger: 'resume',
      actor,
      adds: { reason: request.reason },
      also: (_before, event) => {
        endTokens(registry, clock, tenantId);
        remember(registry, 'tenant_resumed', event);
        withdrawNotices(registry, tenantId, 'suspended', clock.iso());
      },
    });
  } catch (error) {
    settleFlag(dataFolder, registry, tenantId);
    throw error;
  }
  return {
    tenant_id: tenantId,
    previous_state: 'SUSPENDED',
    current_state: 'ACTIVE',
    actions_taken: ['requests are served', 'jobs are taken', 'earlier tokens stay revoked; new ones can be issued'],
    at: clock.iso(),
  };
}

/** Ends all tokens of a tenant. Inside `registry.write`. Returns how many were live. */
export function endTokens(registry: Registry, clock: Clock, tenantId: string): number {
  return endEpoch(registry, tenantId, clock.iso(), Math.floor(clock.now() / 1000));
}

/** Writes a tenant's move into the ledger, with the epoch behind which its tokens are dead. Inside `registry.write`. */
export function remember(registry: Registry, kind: LedgerKind, event: AuditEntry['event']): void {
  const { tenant_id, timestamp, event_id } = event;
  appendLedger(registry, {
    kind,
    tenant_id,
    resource_id: tenant_id,
    at: timestamp,
    details: { token_epoch: tokenEpoch(registry, tenant_id) },
    event_id,
  });
}

/**
 * Brings flags and states together after a start: a flag over an ACTIVE tenant is a suspension cut short and is
 * completed; a stopped tenant without a flag gets it back; a flag of nobody is removed. O(tenants).
 */
export function settleFlags({ dataFolder, registry, clock }: KillSwitch): void {
  for (const { tenantId, note } of raisedFlags(dataFolder)) {
    if (findTenant(registry, tenantId)?.state === 'ACTIVE') {
      moveTenant(registry, clock, {
        tenantId,
        trigger: 'suspend',
        actor: note.actor,
        adds: { reason: note.reason },
        also: (_before, event) => {
          endTokens(registry, clock, tenantId);
          endGrants(registry, clock, tenantId, note.actor);
          remember(registry, 'tenant_suspended', event);
        },
      });
    } else settleFlag(dataFolder, registry, tenantId);
  }
  for (const { tenant_id } of tenantsIn(registry, ['SUSPENDED', 'DEPROVISIONING']))
    settleFlag(dataFolder, registry, tenant_id);
}

/** Makes a tenant's flag agree with its state. Leaves it where the registry cannot answer. */
export function settleFlag(dataFolder: string, registry: Registry, tenantId: string): void {
  const row = readable(registry, tenantId);
  if (row === 'unreadable') return;
  if (row !== null && isStopped(row))
    raiseFlag(dataFolder, tenantId, { actor: 'system', reason: 'restored after a restart' });
  else lowerFlag(dataFolder, tenantId);
}

/** A tenant whose workers must not run: suspended, or being deleted (also where that broke off). */
function isStopped(row: TenantRow): boolean {
  return row.state === 'SUSPENDED' || row.state === 'DEPROVISIONING' || row.failed_during === 'deprovisioning';
}

function readable(registry: Registry, tenantId: string): TenantRow | null | 'unreadable' {
  try {
    return findTenant(registry, tenantId);
  } catch {
    return 'unreadable';
  }
}
