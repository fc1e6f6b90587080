import type { AuditEntry, AuditEvent, AuditReference } from '../../kernel/audit-event.ts';
import type { AuditOutbox } from '../../stores/record/port.ts';
import type { Registry } from './open.ts';

type EventRow = Omit<AuditEvent, 'details'> & { seq: number; details: string };

/**
 * Appends events to control's outbox. To be called inside `registry.write`, with the change they report: both commit or
 * neither does (spec 5). Sets `previous_event_id` to the resource's latest event here. O(log events) each.
 */
export function appendEntries(registry: Registry, entries: readonly AuditEntry[]): void {
  for (const { event, references } of entries) {
    const previous = registry.get<{ event_id: string }>(
      `SELECT event_id FROM audit_events WHERE tenant_id = ? AND resource_type = ? AND resource_id = ?
       ORDER BY seq DESC LIMIT 1`,
      [event.tenant_id, event.resource_type, event.resource_id],
    );
    registry.run(
      `INSERT INTO audit_events (event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details,
       previous_event_id) VALUES (:event_id, :tenant_id, :event_type, :timestamp, :actor, :resource_type, :resource_id,
       :details, :previous_event_id)`,
      { ...event, details: JSON.stringify(event.details), previous_event_id: previous?.event_id ?? null },
    );
    for (const { name, salt, value } of references) {
      registry.run(
        'INSERT INTO audit_references (event_seq, name, salt, value) SELECT max(seq), ?, ?, ? FROM audit_events',
        [name, salt, value],
      );
    }
  }
}

/** Logs (tenant ids and `_appliance`) that have events the relay has not moved yet. O(log events) per log. */
export function logsWithPending(registry: Registry): string[] {
  // A loose index scan: one probe per log, however long the outbox has grown.
  const rows = registry.all<{ tenant_id: string }>(
    `WITH RECURSIVE logs (tenant_id) AS (
       SELECT min(tenant_id) FROM audit_events
       UNION ALL
       SELECT (SELECT min(tenant_id) FROM audit_events WHERE tenant_id > logs.tenant_id)
       FROM logs WHERE logs.tenant_id IS NOT NULL)
     SELECT tenant_id FROM logs WHERE tenant_id IS NOT NULL
       AND (SELECT max(seq) FROM audit_events e WHERE e.tenant_id = logs.tenant_id)
         > (SELECT coalesce(max(seq), 0) FROM audit_relayed r WHERE r.tenant_id = logs.tenant_id)`,
  );
  return rows.map((row) => row.tenant_id);
}

/** Control's events for one log, as the relay reads them. */
export function outboxOf(registry: Registry, logId: string): AuditOutbox {
  return {
    pendingEvents: async (limit) =>
      registry.read(() => {
        const rows = registry.all<EventRow>(
          `SELECT * FROM audit_events WHERE tenant_id = :log
             AND seq > (SELECT coalesce(max(seq), 0) FROM audit_relayed WHERE tenant_id = :log)
           ORDER BY seq LIMIT :limit`,
          { log: logId, limit },
        );
        return rows.map(({ seq, details, ...event }) => ({
          seq,
          event: { ...event, details: JSON.parse(details) as AuditEvent['details'] },
          references: registry.all<AuditReference>(
            'SELECT name, salt, value FROM audit_references WHERE event_seq = ? ORDER BY name',
            [seq],
          ),
        }));
      }),
    markRelayed: async (positions) =>
      registry.write(() => {
        for (const { seq, log_index } of positions) {
          registry.run(
            'INSERT INTO audit_relayed (tenant_id, seq, log_index) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
            [logId, seq, log_index],
          );
          registry.run('DELETE FROM audit_references WHERE event_seq = ?', [seq]);
        }
      }),
  };
}
