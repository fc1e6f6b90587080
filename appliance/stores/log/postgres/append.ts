import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Statements } from '../../postgres/connection.ts';
import { documentsRead } from '../conditions.ts';
import type { LogEntry } from '../port.ts';

const SIZE = 'SELECT coalesce(max(log_index), -1) + 1 AS size FROM events WHERE tenant_id = ?';
const KNOWN = `SELECT event_id, log_index, leaf_hash FROM events
  WHERE tenant_id = @tenant_id AND event_id = ANY (@ids::text[])`;
const INSERT = `INSERT INTO events (log_index, event_id, tenant_id, event_type, timestamp, actor, resource_type,
    resource_id, details, previous_event_id, leaf_hash, status)
  SELECT e.log_index, e.event_id, @tenant_id, e.event_type, e.timestamp, e.actor, e.resource_type,
    e.resource_id, e.details, e.previous_event_id, decode(e.leaf_hash, 'hex'), e.status
  FROM unnest(@places::bigint[], @ids::text[], @types::text[], @times::text[], @actors::text[], @resource_types::text[],
      @resource_ids::text[], @details::text[], @previous::text[], @leaves::text[], @statuses::text[])
    AS e (log_index, event_id, event_type, timestamp, actor, resource_type, resource_id, details, previous_event_id,
      leaf_hash, status)
  ORDER BY e.log_index`;
const INSERT_REFERENCES = `INSERT INTO event_references (tenant_id, log_index, resource_type, resource_id, name, salt, value)
  SELECT @tenant_id, r.* FROM unnest(@places::bigint[], @types::text[], @ids::text[], @names::text[], @salts::text[],
    @values::text[]) AS r`;
const INSERT_LINKS = `INSERT INTO event_links (tenant_id, doc_id, log_index)
  SELECT @tenant_id, l.* FROM unnest(@ids::text[], @places::bigint[]) AS l`;

/** An event that is new, and where it comes to stand. */
type Placed = LogEntry & { place: number };

/** Appends events to a tenant's log (`AuditLog.append`), inside a transaction that has the log's turn. */
export async function appendEvents(tx: Statements, tenant_id: string, entries: readonly LogEntry[]): Promise<number[]> {
  if (entries.some(({ event }) => event.tenant_id !== tenant_id)) {
    throw new FrostbyteError('ISOLATION_VIOLATED', 'An event of another tenant does not belong into this log.');
  }
  const ids = entries.map(({ event }) => event.event_id);
  const there = await tx.all<{ event_id: string; log_index: number; leaf_hash: Uint8Array }>(KNOWN, { tenant_id, ids });
  const known = new Map(there.map(({ event_id, ...place }) => [event_id, place]));
  let next = (await tx.get<{ size: number }>(SIZE, [tenant_id]))?.size ?? 0;
  const fresh: Placed[] = [];
  const places = entries.map((entry) => {
    const before = known.get(entry.event.event_id);
    if (before !== undefined) return samePlace(before, entry);
    known.set(entry.event.event_id, { log_index: next, leaf_hash: entry.leaf_hash });
    fresh.push({ ...entry, place: next });
    return next++;
  });
  await insert(tx, tenant_id, fresh);
  return places;
}

/** Where an event is that came before. Throws `AUDIT_CHAIN_BROKEN` where it was another one. */
function samePlace(before: { log_index: number; leaf_hash: Uint8Array }, { leaf_hash }: LogEntry): number {
  if (Buffer.compare(before.leaf_hash, leaf_hash) === 0) return before.log_index;
  throw new FrostbyteError('AUDIT_CHAIN_BROKEN', 'An event that is in the log came again with another content.');
}

async function insert(tx: Statements, tenant_id: string, fresh: readonly Placed[]): Promise<void> {
  if (fresh.length === 0) return;
  const events = fresh.map(({ event }) => event);
  await tx.run(INSERT, {
    tenant_id,
    places: fresh.map(({ place }) => place),
    ids: events.map(({ event_id }) => event_id),
    types: events.map(({ event_type }) => event_type),
    times: events.map(({ timestamp }) => timestamp),
    actors: events.map(({ actor }) => actor),
    resource_types: events.map(({ resource_type }) => resource_type),
    resource_ids: events.map(({ resource_id }) => resource_id),
    details: events.map(({ details }) => JSON.stringify(details)),
    previous: events.map(({ previous_event_id }) => previous_event_id),
    leaves: fresh.map(({ leaf_hash }) => Buffer.from(leaf_hash).toString('hex')),
    statuses: events.map(({ details }) => (typeof details.status === 'string' ? details.status : null)),
  });
  const references = fresh.flatMap(({ event, references, place }) =>
    references.map((reference) => ({ ...reference, event, place })),
  );
  if (references.length > 0) {
    await tx.run(INSERT_REFERENCES, {
      tenant_id,
      places: references.map(({ place }) => place),
      types: references.map(({ event }) => event.resource_type),
      ids: references.map(({ event }) => event.resource_id),
      names: references.map(({ name }) => name),
      salts: references.map(({ salt }) => salt),
      values: references.map(({ value }) => value),
    });
  }
  const links = fresh.flatMap(({ event, place }) => documentsRead(event).map((id) => ({ id, place })));
  if (links.length > 0) {
    await tx.run(INSERT_LINKS, {
      tenant_id,
      ids: links.map(({ id }) => id),
      places: links.map(({ place }) => place),
    });
  }
}
