import type { PostgresConnection, Statements } from '../../postgres/connection.ts';
import type { Parameters } from '../../postgres/parameters.ts';
import { type Cell, conditions, type Place } from '../conditions.ts';
import type { AuditLog, LoggedEvent, LogQuery } from '../port.ts';
import { asEntries, type SaltedRow, type WholeRow } from '../whole-entries.ts';

type Reads = Omit<AuditLog, 'append' | 'eraseReferences' | 'scrub' | 'check' | 'close'>;

/** How many events `range` and `leaves` hold at a time. */
const BLOCK = 500;

const COLUMNS = `e.log_index, e.event_id, e.tenant_id, e.event_type, e.timestamp, e.actor, e.resource_type,
  e.resource_id, e.details, e.previous_event_id`;
const SIZE = 'SELECT coalesce(max(log_index), -1) + 1 AS size FROM events WHERE tenant_id = ?';
const TIME_OF = 'SELECT timestamp FROM events WHERE tenant_id = ? AND log_index = ?';
const BY_ID = `SELECT ${COLUMNS} FROM events e WHERE e.tenant_id = ? AND e.event_id = ?`;
const OF_RESOURCE = `SELECT ${COLUMNS} FROM events e
  WHERE e.tenant_id = ? AND e.resource_type = ? AND e.resource_id = ? ORDER BY e.log_index`;
const READS_OF = `SELECT ${COLUMNS} FROM event_links l
  JOIN events e ON e.tenant_id = l.tenant_id AND e.log_index = l.log_index
  WHERE l.tenant_id = ? AND l.doc_id = ? ORDER BY l.log_index DESC LIMIT ?`;
const RANGE = `SELECT ${COLUMNS} FROM events e
  WHERE e.tenant_id = ? AND e.log_index >= ? AND e.log_index < ? ORDER BY e.log_index LIMIT ?`;
const WHOLE = `SELECT ${COLUMNS}, e.leaf_hash FROM events e
  WHERE e.tenant_id = ? AND e.log_index >= ? AND e.log_index < ? ORDER BY e.log_index LIMIT ?`;
const SALTED = `SELECT log_index, name, salt, value FROM event_references
  WHERE tenant_id = @tenant_id AND resource_id = ANY (@ids::text[]) AND log_index = ANY (@places::bigint[])
  ORDER BY log_index, name`;
const LEAVES = `SELECT leaf_hash FROM events
  WHERE tenant_id = ? AND log_index >= ? AND log_index < ? ORDER BY log_index`;
const REFERENCES = `SELECT log_index, name, value FROM event_references
  WHERE tenant_id = @tenant_id AND resource_id = ANY (@ids::text[]) AND log_index = ANY (@places::bigint[])
  ORDER BY log_index, name`;

/** What is read from a tenant's log. */
export function logReads(db: PostgresConnection, tenantId: string): Reads {
  const logged = (sql: string, parameters: Parameters) =>
    db.read(async (tx) => withReferences(tx, tenantId, await tx.all<Record<string, Cell>>(sql, parameters)));

  /** Where a page begins: behind the event at `after`, in the order of the list. */
  const place = async ({ after, sort }: LogQuery, byTime: boolean): Promise<Place | undefined> => {
    if (after === undefined) return undefined;
    const event = byTime ? await db.get<{ timestamp: string }>(TIME_OF, [tenantId, after]) : undefined;
    // A position that no event has (yet) is a place all the same.
    return event === undefined ? { after, sort } : { after, sort, timestamp: event.timestamp };
  };

  return {
    size: async () => (await db.get<{ size: number }>(SIZE, [tenantId]))?.size ?? 0,
    event: async (eventId) => (await logged(BY_ID, [tenantId, eventId]))[0] ?? null,
    events: async (query) => {
      const direction = query.sort === 'desc' ? 'DESC' : 'ASC';
      const byTime = query.start_date !== undefined || query.end_date !== undefined;
      const { where, parameters } = conditions(query, tenantId, await place(query, byTime));
      const order = byTime ? `e.timestamp ${direction}, e.log_index ${direction}` : `e.log_index ${direction}`;
      const rows = await logged(
        `SELECT ${COLUMNS} FROM events e ${where} ORDER BY ${order} LIMIT @limit OFFSET @offset`,
        { ...parameters, limit: query.limit + 1, offset: query.offset ?? 0 },
      );
      const events = rows.slice(0, query.limit);
      return { events, next: rows.length > query.limit ? (events.at(-1)?.log_index ?? null) : null };
    },
    count: async (filter) => {
      const { where, parameters } = conditions(filter, tenantId);
      const sql = `SELECT count(*)::bigint AS events FROM events e ${where}`;
      return (await db.get<{ events: number }>(sql, parameters))?.events ?? 0;
    },
    resource: (type, id) => logged(OF_RESOURCE, [tenantId, type, id]),
    readsOf: (docId, limit) => logged(READS_OF, [tenantId, docId, limit]),
    range: async function* (from, to) {
      for (let at = from; at < to; ) {
        const block = await logged(RANGE, [tenantId, at, to, BLOCK]);
        yield* block;
        if (block.length < BLOCK) return;
        at = (block.at(-1)?.log_index ?? to) + 1;
      }
    },
    appended: async function* (from, to) {
      for (let at = from; at < to; at += BLOCK) {
        yield* await db.read(async (tx) => {
          const rows = await tx.all<WholeRow>(WHOLE, [tenantId, at, Math.min(to, at + BLOCK), BLOCK]);
          if (rows.length === 0) return [];
          const ids = [...new Set(rows.map(({ resource_id }) => resource_id))];
          const places = rows.map(({ log_index }) => log_index);
          return asEntries(rows, await tx.all<SaltedRow>(SALTED, { tenant_id: tenantId, ids, places }));
        });
      }
    },
    leaves: async (from, to) => {
      const rows = await db.all<{ leaf_hash: Buffer }>(LEAVES, [tenantId, from, to]);
      return rows.map(({ leaf_hash }) => new Uint8Array(leaf_hash));
    },
  };
}

async function withReferences(
  tx: Statements,
  tenant_id: string,
  rows: readonly Record<string, Cell>[],
): Promise<LoggedEvent[]> {
  if (rows.length === 0) return [];
  const events = rows.map(
    (cells) => ({ ...cells, details: JSON.parse(cells.details as string), references: [] }) as unknown as LoggedEvent,
  );
  const byPlace = new Map(events.map((event) => [event.log_index, event]));
  const found = await tx.all<{ log_index: number; name: string; value: string }>(REFERENCES, {
    tenant_id,
    ids: [...new Set(events.map(({ resource_id }) => resource_id))],
    places: [...byPlace.keys()],
  });
  for (const { log_index, name, value } of found) byPlace.get(log_index)?.references.push({ name, value });
  return events;
}
