import type { AuditEntry } from '../../../kernel/audit-event.ts';
import { ownRow } from '../rules/own-row.ts';
import type { RecordContext } from './context.ts';

const LAST = `SELECT event_id FROM audit_events
  WHERE resource_type = ? AND resource_id = ? ORDER BY seq DESC LIMIT 1`;
const INSERT_EVENT = `INSERT INTO audit_events
  (event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details, previous_event_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_REFERENCE = 'INSERT INTO audit_references (event_id, name, salt, value) VALUES (?, ?, ?, ?)';

/**
 * Appends entries inside the running transaction, each naming the last event of the same resource. Throws for another
 * tenant's entry and for an event id that is there, and with it the whole change is rolled back. O(log events) each.
 */
export function appendEntries(context: RecordContext, entries: readonly AuditEntry[]): void {
  const { db } = context;
  for (const { event, references } of entries) {
    ownRow(context, event.tenant_id);
    const last = db.get<{ event_id: string }>(LAST, [event.resource_type, event.resource_id]);
    db.run(INSERT_EVENT, [
      event.event_id,
      event.tenant_id,
      event.event_type,
      event.timestamp,
      event.actor,
      event.resource_type,
      event.resource_id,
      JSON.stringify(event.details),
      last?.event_id ?? null,
    ]);
    for (const { name, salt, value } of references) db.run(INSERT_REFERENCE, [event.event_id, name, salt, value]);
  }
}
