import { auditEntry, type EntryInput } from '../../audit/entry.ts';
import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { TenantState } from '../../kernel/identity.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import type { TenantRow } from '../registry/rows.ts';
import { needTenant } from '../registry/tenants.ts';
import { allowedMove, type Trigger } from './lifecycle.ts';

export interface Move {
  tenantId: string;
  trigger: Trigger;
  actor: string;
  adds?: EntryInput['adds'];
  status?: EntryInput['status'];
  /** Further changes that belong to the move; they commit with it or not at all. */
  also?: (before: TenantRow, event: AuditEntry['event']) => void;
}

/**
 * Moves an existing tenant along the lifecycle table: the state, what belongs to it and its audit event in one
 * transaction. Throws `RESOURCE_NOT_FOUND` or `INVALID_STATE_TRANSITION`, and then nothing has changed.
 */
export function moveTenant(
  registry: Registry,
  clock: Clock,
  move: Move,
): { previous: TenantState; current: TenantState } {
  return registry.write(() => {
    const before = needTenant(registry, move.tenantId);
    const row = allowedMove(move.trigger, before.state, before.failed_during);
    registry.run('UPDATE tenants SET state = ?, failed_during = ? WHERE tenant_id = ?', [
      row.to,
      row.fails ?? null,
      move.tenantId,
    ]);
    const entry = auditEntry(clock, row.event, {
      tenant_id: move.tenantId,
      actor: move.actor,
      resource_id: move.tenantId,
      ...(move.status === undefined ? {} : { status: move.status }),
      ...(move.adds === undefined ? {} : { adds: move.adds }),
    });
    move.also?.(before, entry.event);
    appendEntries(registry, [entry]);
    return { previous: before.state, current: row.to };
  });
}
