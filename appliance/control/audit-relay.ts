import { relayEvents } from '../audit/relay.ts';
import type { Clock } from '../kernel/clock.ts';
import { isFrostbyteError } from '../kernel/errors.ts';
import type { AuditLog } from '../stores/log/port.ts';
import { followErasures } from './erased-documents.ts';
import type { TenantResources } from './provisioning/port.ts';
import type { Registry } from './registry/open.ts';
import { logsWithPending, outboxOf } from './registry/outbox.ts';
import { tenantsIn } from './registry/tenants.ts';

/** Moves events of control and of the tenants to the logs. One relay per log at a time. */
export interface ControlRelay {
  /** Everything that waits for one log: the tenant's own events, then control's about it. */
  relay(logId: string): Promise<void>;
  /** Everything that waits anywhere. Goes on after a log that fails, then throws its error. */
  relayAll(): Promise<void>;
}

/** A relay over these outboxes and logs. */
export function controlRelay(parts: {
  registry: Registry;
  clock: Clock;
  resources: Pick<TenantResources, 'outbox'>;
  log(logId: string): Promise<AuditLog>;
}): ControlRelay {
  const { registry, clock, resources, log } = parts;
  const turns = new Map<string, Promise<void>>();

  /** Behind whatever relays this log now, so that two never offer the same events side by side. */
  const inTurn = (logId: string, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(logId) ?? Promise.resolve()).catch(() => undefined).then(work);
    turns.set(logId, turn);
    return turn.finally(() => {
      if (turns.get(logId) === turn) turns.delete(logId);
    });
  };
  const fromControl = async (logId: string): Promise<void> => {
    await relayEvents(outboxOf(registry, logId), await log(logId));
  };
  const fromTenant = async (tenantId: string, again = true): Promise<void> => {
    const outbox = await resources.outbox(tenantId);
    try {
      if (outbox === null || (await outbox.pendingEvents(1)).length === 0) return;
      const open = await log(tenantId);
      await relayEvents(outbox, open, {
        taken: (events) => followErasures({ registry, clock, log: open }, events),
      });
    } catch (error) {
      // A suspension closes the tenant's stores under our hands; the next look opens them for the relay alone.
      if (!again || !isFrostbyteError(error, 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE')) throw error;
      await fromTenant(tenantId, false);
    }
  };

  return {
    relay: (logId) =>
      inTurn(logId, async () => {
        await fromTenant(logId);
        await fromControl(logId);
      }),
    relayAll: async () => {
      const work = [
        ...tenantsIn(registry, ['ACTIVE', 'SUSPENDED']).map(({ tenant_id }) =>
          inTurn(tenant_id, () => fromTenant(tenant_id)),
        ),
        ...logsWithPending(registry).map((logId) => inTurn(logId, () => fromControl(logId))),
      ];
      for (const result of await Promise.allSettled(work)) {
        if (result.status === 'rejected') throw result.reason;
      }
    },
  };
}
