import type { SqliteConnection } from '../../sqlite/open.ts';
import { type Cell, conditions, type Place } from '../conditions.ts';
import type { AuditLog, LogFilter, LoggedEvent, LogQuery } from '../port.ts';
import { asEntries, type SaltedRow, type WholeRow } from '../whole-entries.ts';

type Reads = Omit<AuditLog, 'append' | 'eraseReferences' | 'scrub' | 'check' | 'close'>;

/** How many events `range` and `leaves` hold at a time. */
const BLOCK = 500;

const COLUMNS = `e.log_index, e.event_id, e.tenant_id, e.event_type, e.timestamp, e.actor, e.resource_type,
  e.resource_id, e.details, e.previous_event_id`;
const BY_ID = `SELECT ${COLUMNS} FROM events e WHERE e.event_id = ?`;
const OF_RESOURCE = `SELECT ${COLUMNS} FROM events e WHERE e.resource_type = ? AND e.resource_id = ? ORDER BY e.log_index`;
const READS_OF = `SELECT ${COLUMNS} FROM event_links l JOIN events e ON e.log_index = l.log_index
  WHERE l.doc_id = ? ORDER BY l.log_index DESC LIMIT ?`;
const RANGE = `SELECT ${COLUMNS} FROM events e WHERE e.log_index >= ? AND e.log_index < ? ORDER BY e.log_index LIMIT ?`;
const WHOLE = `SELECT ${COLUMNS}, e.leaf_hash FROM events e WHERE e.log_index >= ? AND e.log_index < ? ORDER BY e.log_index LIMIT ?`;
const SALTED = `SELECT log_index, name, salt, value FROM event_references
  WHERE log_index IN (SELECT value FROM json_each(?)) ORDER BY log_index, name`;
const LEAVES = 'SELECT leaf_hash FROM events WHERE log_index >= ? AND log_index < ? ORDER BY log_index';
const REFERENCES = `SELECT log_index, name, value FROM event_references
  WHERE log_index IN (SELECT value FROM json_each(?)) ORDER BY log_index, name`;

/** What is read from a log. */
export function logReads(db: SqliteConnection, tenantId: string): Reads {
  const logged = (sql: string, parameters: readonly Cell[] | Record<string, Cell>) =>
    db.read(() => withReferences(db, db.all<Record<string, Cell>>(sql, parameters)));
  /** The tenant's id is the same in every row: it is named only where the index that helps begins with it. */
  const named = ({ resource_id, resource_type, start_date, end_date }: LogFilter): string | undefined => {
    const isDated = start_date !== undefined || end_date !== undefined;
    return (resource_id !== undefined && resource_type === undefined) || isDated ? tenantId : undefined;
  };
  const count = (filter: LogFilter): number => {
    const { where, parameters } = conditions(filter, named(filter));
    return db.get<{ events: number }>(`SELECT count(*) AS events FROM events e ${where}`, parameters)?.events ?? 0;
  };

  /** Where a page begins: behind the event at `after`, in the order of the list. */
  const place = ({ after, sort }: LogQuery, byTime: boolean): Place | undefined => {
    if (after === undefined) return undefined;
    if (!byTime) return { after, sort };
    const event = db.get<{ timestamp: string }>('SELECT timestamp FROM events WHERE log_index = ?', [after]);
    // A position that no event has (yet) is a place all the same.
    return event === undefined ? { after, sort } : { after, sort, timestamp: event.timestamp };
  };

  return {
    size: async () =>
      db.get<{ size: number }>('SELECT coalesce(max(log_index), -1) + 1 AS size FROM events')?.size ?? 0,
    event: async (eventId) => logged(BY_ID, [eventId])[0] ?? null,
    events: async (query) => {
      const direction = query.sort === 'desc' ? 'DESC' : 'ASC';
      const byTime = query.start_date !== undefined || query.end_date !== undefined;
      const { where, parameters } = conditions(query, named(query), place(query, byTime));
      const order = byTime ? `e.timestamp ${direction}, e.log_index ${direction}` : `e.log_index ${direction}`;
      const rows = logged(`SELECT ${COLUMNS} FROM events e ${where} ORDER BY ${order} LIMIT @limit OFFSET @offset`, {
        ...parameters,
        limit: query.limit + 1,
        offset: query.offset ?? 0,
      });
      const events = rows.slice(0, query.limit);
      return { events, next: rows.length > query.limit ? (events.at(-1)?.log_index ?? null) : null };
    },
    count: async (filter) => count(filter),
    resource: async (type, id) => logged(OF_RESOURCE, [type, id]),
    readsOf: async (docId, limit) => logged(READS_OF, [docId, limit]),
    range: async function* (from, to) {
      for (let at = from; at < to; ) {
        const block = logged(RANGE, [at, to, BLOCK]);
        yield* block;
        if (block.length < BLOCK) return;
        at = (block.at(-1)?.log_index ?? to) + 1;
      }
    },
    appended: async function* (from, to) {
      for (let at = from; at < to; at += BLOCK) {
        const block = db.read(() => {
          const rows = db.all<WholeRow>(WHOLE, [at, Math.min(to, at + BLOCK), BLOCK]);
          const places = JSON.stringify(rows.map(({ log_index }) => log_index));
          return asEntries(rows, rows.length === 0 ? [] : db.all<SaltedRow>(SALTED, [places]));
        });
        yield* block;
      }
    },
    leaves: async (from, to) =>
      db.all<{ leaf_hash: Buffer }>(LEAVES, [from, to]).map(({ leaf_hash }) => new Uint8Array(leaf_hash)),
  };
}

function withReferences(db: SqliteConnection, rows: readonly Record<string, Cell>[]): LoggedEvent[] {
  if (rows.length === 0) return [];
  const events = rows.map(
    (cells) => ({ ...cells, details: JSON.parse(cells.details as string), references: [] }) as unknown as LoggedEvent,
  );
  const byPlace = new Map(events.map((event) => [event.log_index, event]));
  const found = db.all<{ log_index: number; name: string; value: string }>(REFERENCES, [
    JSON.stringify([...byPlace.keys()]),
  ]);
  for (const { log_index, name, value } of found) byPlace.get(log_index)?.references.push({ name, value });
  return events;
}
