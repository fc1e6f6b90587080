import { asReported } from '../audit/as-reported.ts';
import { relayEvents } from '../audit/relay.ts';
import type { Clock } from '../kernel/clock.ts';
import { codeFrames, isFrostbyteError } from '../kernel/errors.ts';
import { shaped } from '../kernel/log-fields.ts';
import type { Logger } from '../kernel/telemetry.ts';
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
  /**
   * What the beat relays: some of what waits for each log, and no tenant keeps it waiting. A data plane that answers
   * slowly or not at all, or has events without end, is left to itself and looked at again in a later round; one that
   * fails rests. Throws what kept control's own events from being relayed.
   */
  round(): Promise<void>;
}

/** How long a round waits for those who are slow. */
const PATIENCE_MS = 2000;
/** Events of a tenant in a round. */
const MOST_A_ROUND = 5000;
/** How long a tenant rests whose events could not be relayed: doubled each time. */
const [FIRST_REST_MS, LONGEST_REST_MS] = [500, 30_000];

/** A relay over these outboxes and logs. */
export function controlRelay(parts: {
  registry: Registry;
  clock: Clock;
  resources: Pick<TenantResources, 'outbox'>;
  log(logId: string): Promise<AuditLog>;
  logger: Logger;
  patienceMs?: number;
}): ControlRelay {
  const { registry, clock, resources, log, logger, patienceMs = PATIENCE_MS } = parts;
  const turns = new Map<string, Promise<void>>();
  /** What a round began and is not at its end: a tenant's own events, or control's for a log. */
  const underWay = new Map<string, Promise<void>>();
  const resting = new Map<string, { until: number; ms: number }>();

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
  const fromTenant = async (tenantId: string, most = Number.POSITIVE_INFINITY, again = true): Promise<void> => {
    const outbox = await resources.outbox(tenantId);
    try {
      if (outbox === null || (await outbox.pendingEvents(1)).length === 0) return;
      const open = await log(tenantId);
      await relayEvents(outbox, open, {
        most,
        as: (event) => asReported(tenantId, event),
        taken: (events) => followErasures({ registry, clock, log: open }, events),
      });
    } catch (error) {
      // A suspension closes the tenant's stores under our hands; the next look opens them for the relay alone.
      if (!again || !isFrostbyteError(error, 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE')) throw error;
      await fromTenant(tenantId, most, false);
    }
  };

  /** Begins it where it is not under way; the answer never rejects. */
  const begin = (what: string, work: () => Promise<void>, failed: (error: unknown) => void): void => {
    if (underWay.has(what)) return;
    const run = work()
      .catch(failed)
      .finally(() => underWay.delete(what));
    underWay.set(what, run);
  };
  const someOf = async (tenantId: string): Promise<void> => {
    const rest = resting.get(tenantId);
    if (rest !== undefined && performance.now() < rest.until) return;
    try {
      await inTurn(tenantId, () => fromTenant(tenantId, MOST_A_ROUND));
      resting.delete(tenantId);
    } catch (error) {
      const ms = Math.min((rest?.ms ?? FIRST_REST_MS / 2) * 2, LONGEST_REST_MS);
      resting.set(tenantId, { until: performance.now() + ms, ms });
      throw error;
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
    round: async () => {
      const failures: unknown[] = [];
      for (const { tenant_id } of tenantsIn(registry, ['ACTIVE', 'SUSPENDED'])) {
        begin(
          `of ${tenant_id}`,
          () => someOf(tenant_id),
          (error) =>
            logger.warn('events of a tenant could not be relayed yet', {
              ...shaped({ tenant_id }),
              ...codeFrames(error),
            }),
        );
      }
      for (const logId of logsWithPending(registry)) {
        begin(
          `for ${logId}`,
          () => inTurn(logId, () => fromControl(logId)),
          (error) => void failures.push(error),
        );
      }
      await atMost(patienceMs, Promise.all([...underWay.values()]));
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Resolves when the work has ended, or when it is late; what is late goes on. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}
