import type { AuditEvent, AuditReference } from '../../../kernel/audit-event.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { AuditOutbox } from '../port.ts';
import type { Cell } from '../rules/codec.ts';
import type { RecordContext } from './context.ts';

const PENDING = `SELECT seq, event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details,
    previous_event_id
  FROM audit_events WHERE seq > (SELECT coalesce(max(seq), 0) FROM audit_relay) ORDER BY seq LIMIT ?`;
const REFERENCES = 'SELECT name, salt, value FROM audit_references WHERE event_id = ? ORDER BY name';
const RELAYED = 'SELECT event_id, log_index FROM audit_relay WHERE seq = ?';
const NEXT = `SELECT seq, event_id FROM audit_events
  WHERE seq > (SELECT coalesce(max(seq), 0) FROM audit_relay) ORDER BY seq LIMIT 1`;
const MARK = 'INSERT INTO audit_relay (seq, event_id, log_index) VALUES (?, ?, ?)';
const FORGET = 'DELETE FROM audit_references WHERE event_id = ?';

/**
 * Events on their way to the tenant's log. Once the log has an event, its personal references live there alone, so
 * that erasing them has one place to look.
 */
export function auditOutbox({ db }: RecordContext): AuditOutbox {
  return {
    pendingEvents: async (limit) =>
      db.read(() =>
        db.all<Record<string, Cell>>(PENDING, [limit]).map(({ seq, ...event }) => ({
          seq: seq as number,
          event: { ...event, details: JSON.parse(event.details as string) } as unknown as AuditEvent,
          references: db.all<AuditReference>(REFERENCES, [event.event_id as string]),
        })),
      ),
    markRelayed: async (positions) => {
      if (positions.length === 0) return;
      let moved = 0;
      db.write(() => {
        for (const { seq, event_id, log_index } of [...positions].sort((a, b) => a.seq - b.seq)) {
          const known = db.get<{ event_id: string; log_index: number }>(RELAYED, [seq]);
          if (known?.event_id === event_id && known.log_index === log_index) continue;
          const next = known ? undefined : db.get<{ seq: number; event_id: string }>(NEXT);
          if (next?.seq !== seq || next.event_id !== event_id) {
            throw new FrostbyteError('AUDIT_CHAIN_BROKEN', 'The relay reports an event out of order.');
          }
          db.run(MARK, [seq, event_id, log_index]);
          moved += db.run(FORGET, [event_id]);
        }
      });
      if (moved > 0) db.forget();
    },
  };
}
