import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { openSqlite, type SqliteConnection } from '../sqlite/open.ts';
import { bindOwner } from '../sqlite/owner.ts';
import { documentsRead } from './conditions.ts';
import { MIGRATIONS } from './migrations/sqlite.gen.ts';
import type { AuditLog, LogEntry } from './port.ts';
import { logReads } from './sqlite/reads.ts';

const KNOWN = 'SELECT log_index, leaf_hash FROM events WHERE event_id = ?';
const SIZE = 'SELECT coalesce(max(log_index), -1) + 1 AS size FROM events';
const INSERT = `INSERT INTO events (log_index, event_id, tenant_id, event_type, timestamp, actor, resource_type,
    resource_id, details, previous_event_id, leaf_hash)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_REFERENCE = 'INSERT INTO event_references (log_index, name, salt, value) VALUES (?, ?, ?, ?)';
const INSERT_LINK = 'INSERT INTO event_links (doc_id, log_index) VALUES (?, ?) ON CONFLICT DO NOTHING';
const ERASE = `DELETE FROM event_references WHERE log_index IN
  (SELECT log_index FROM events WHERE resource_type = ? AND resource_id = ? AND log_index <= ?)`;

/**
 * The audit log of one tenant (or `_appliance`) in one SQLite file. Appends from several processes are put in one order;
 * positions grow from 0 without a gap. Throws as `openSqlite` does, `ISOLATION_VIOLATED` for another tenant's file or event, and
 * `AUDIT_CHAIN_BROKEN` for an event id that is there with another content.
 */
export function openSqliteLog(
  file: string,
  options: { tenant_id: string; clock: Clock; readonly?: boolean },
): AuditLog {
  const db = openSqlite(file, {
    migrations: MIGRATIONS,
    appliedAt: options.clock.iso(),
    readonly: options.readonly ?? false,
  });
  bindOwner(db, options.tenant_id);
  return {
    ...logReads(db, options.tenant_id),
    append: async (entries) => {
      if (entries.length === 0) return [];
      return db.write(() => {
        let next = db.get<{ size: number }>(SIZE)?.size ?? 0;
        return entries.map((entry) => {
          if (entry.event.tenant_id !== options.tenant_id) {
            throw new FrostbyteError('ISOLATION_VIOLATED', 'An event of another tenant does not belong into this log.');
          }
          const known = placeOf(db, entry);
          if (known !== null) return known;
          insert(db, entry, next);
          next += 1;
          return next - 1;
        });
      });
    },
    eraseReferences: async (type, id, through = Number.MAX_SAFE_INTEGER) =>
      db.write(() => db.run(ERASE, [type, id, through])),
    scrub: () => db.wipe(),
    check: async () => db.check(),
    close: async () => db.close(),
  };
}

/** Where the event is already, or null. */
function placeOf(db: SqliteConnection, { event, leaf_hash }: LogEntry): number | null {
  const known = db.get<{ log_index: number; leaf_hash: Uint8Array }>(KNOWN, [event.event_id]);
  if (known === undefined) return null;
  if (Buffer.compare(known.leaf_hash, leaf_hash) === 0) return known.log_index;
  throw new FrostbyteError('AUDIT_CHAIN_BROKEN', 'An event that is in the log came again with another content.');
}

function insert(db: SqliteConnection, { event, references, leaf_hash }: LogEntry, place: number): void {
  db.run(INSERT, [
    place,
    event.event_id,
    event.tenant_id,
    event.event_type,
    event.timestamp,
    event.actor,
    event.resource_type,
    event.resource_id,
    JSON.stringify(event.details),
    event.previous_event_id,
    leaf_hash,
  ]);
  for (const { name, salt, value } of references) db.run(INSERT_REFERENCE, [place, name, salt, value]);
  for (const docId of documentsRead(event)) db.run(INSERT_LINK, [docId, place]);
}
