import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { Statements } from '../../postgres/connection.ts';

const LAST = `SELECT r.place::integer AS place, (SELECT e.event_id FROM audit_events e
    WHERE e.resource_type = r.type AND e.resource_id = r.id ORDER BY e.seq DESC LIMIT 1) AS event_id
  FROM unnest(@types::text[], @ids::text[]) WITH ORDINALITY AS r (type, id, place)`;
const INSERT_EVENTS = `INSERT INTO audit_events
    (seq, event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details, previous_event_id)
  SELECT (SELECT coalesce(max(seq), 0) FROM audit_events) + e.place, e.event_id, e.tenant_id, e.event_type, e.timestamp,
    e.actor, e.resource_type, e.resource_id, e.details, e.previous_event_id
  FROM unnest(@event_ids::text[], @tenant_ids::text[], @event_types::text[], @timestamps::text[], @actors::text[],
    @resource_types::text[], @resource_ids::text[], @details::text[], @previous::text[]) WITH ORDINALITY
    AS e (event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details, previous_event_id, place)
  ORDER BY e.place`;
const INSERT_REFERENCES = `INSERT INTO audit_references (event_id, name, salt, value)
  SELECT * FROM unnest(@event_ids::text[], @names::text[], @salts::text[], @values::text[])`;

/**
 * Appends entries inside a transaction that has the turn, each naming the last event of the same resource. Throws for an
 * event id that is there, and with it the whole change is rolled back. O(log events) each, three statements in all.
 */
export async function appendEntries(tx: Statements, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const last = await lastOf(tx, entries);
  const previous = entries.map(({ event }) => {
    const resource = resourceOf(event);
    const before = last.get(resource) ?? null;
    last.set(resource, event.event_id);
    return before;
  });
  const events = entries.map(({ event }) => event);
  await tx.run(INSERT_EVENTS, {
    event_ids: events.map(({ event_id }) => event_id),
    tenant_ids: events.map(({ tenant_id }) => tenant_id),
    event_types: events.map(({ event_type }) => event_type),
    timestamps: events.map(({ timestamp }) => timestamp),
    actors: events.map(({ actor }) => actor),
    resource_types: events.map(({ resource_type }) => resource_type),
    resource_ids: events.map(({ resource_id }) => resource_id),
    details: events.map(({ details }) => JSON.stringify(details)),
    previous,
  });
  const references = entries.flatMap(({ event, references }) =>
    references.map((reference) => ({ event_id: event.event_id, ...reference })),
  );
  if (references.length === 0) return;
  await tx.run(INSERT_REFERENCES, {
    event_ids: references.map(({ event_id }) => event_id),
    names: references.map(({ name }) => name),
    salts: references.map(({ salt }) => salt),
    values: references.map(({ value }) => value),
  });
}

/** The last event of each resource so far. */
async function lastOf(tx: Statements, entries: readonly AuditEntry[]): Promise<Map<string, string>> {
  const resources = [...new Map(entries.map(({ event }) => [resourceOf(event), event])).values()];
  const rows = await tx.all<{ place: number; event_id: string | null }>(LAST, {
    types: resources.map(({ resource_type }) => resource_type),
    ids: resources.map(({ resource_id }) => resource_id),
  });
  const last = new Map<string, string>();
  for (const { place, event_id } of rows) {
    const resource = resources[place - 1];
    if (resource !== undefined && event_id !== null) last.set(resourceOf(resource), event_id);
  }
  return last;
}

function resourceOf({ resource_type, resource_id }: AuditEntry['event']): string {
  return `${resource_type} ${resource_id}`;
}
