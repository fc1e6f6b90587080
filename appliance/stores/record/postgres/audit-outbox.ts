import type { AuditEvent, AuditReference } from '../../../kernel/audit-event.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { AuditOutbox } from '../port.ts';
import type { Cell } from '../rules/codec.ts';
import { type Change, inTurn, type RecordContext } from './context.ts';

// Events get their number within the turn and are committed before it ends: none can appear behind one that is there.
const PENDING = `SELECT seq, event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details,
    previous_event_id
  FROM audit_events WHERE seq > (SELECT coalesce(max(seq), 0) FROM audit_relay) ORDER BY seq LIMIT ?`;
const REFERENCES = `SELECT event_id, name, salt, value FROM audit_references
  WHERE event_id = ANY (@ids::text[]) ORDER BY event_id, name`;
const RELAYED = 'SELECT seq, event_id, log_index FROM audit_relay WHERE seq = ANY (@seqs::bigint[])';
const NEXT = `SELECT seq, event_id FROM audit_events
  WHERE seq > (SELECT coalesce(max(seq), 0) FROM audit_relay) ORDER BY seq LIMIT ?`;
const MARK = `INSERT INTO audit_relay (seq, event_id, log_index)
  SELECT * FROM unnest(@seqs::bigint[], @ids::text[], @places::bigint[])`;
const FORGET = 'DELETE FROM audit_references WHERE event_id = ANY (@ids::text[])';

type Position = Parameters<AuditOutbox['markRelayed']>[0][number];

/**
 * Events on their way to the tenant's log. Once the log has an event, its personal references live there alone, so that
 * erasing them has one place to look.
 */
export function auditOutbox(context: RecordContext): AuditOutbox {
  const { db } = context;
  return {
    pendingEvents: (limit) =>
      db.read(async (tx) => {
        const rows = await tx.all<Record<string, Cell>>(PENDING, [limit]);
        const references = new Map<string, AuditReference[]>();
        const ids = rows.map(({ event_id }) => event_id as string);
        for (const { event_id, ...reference } of await tx.all<AuditReference & { event_id: string }>(REFERENCES, {
          ids,
        })) {
          const known = references.get(event_id);
          if (known) known.push(reference);
          else references.set(event_id, [reference]);
        }
        return rows.map(({ seq, ...event }) => ({
          seq: seq as number,
          event: { ...event, details: JSON.parse(event.details as string) } as unknown as AuditEvent,
          references: references.get(event.event_id as string) ?? [],
        }));
      }),
    markRelayed: async (positions) => {
      if (positions.length > 0) await inTurn(context, (change) => mark(change, positions));
    },
  };
}

async function mark(change: Change, positions: readonly Position[]): Promise<void> {
  const inOrder = positions.toSorted((a, b) => a.seq - b.seq);
  const rows = await change.all<Position>(RELAYED, { seqs: inOrder.map(({ seq }) => seq) });
  const relayed = new Map(rows.map((row) => [row.seq, row]));
  const fresh = inOrder.filter((position) => {
    const known = relayed.get(position.seq);
    if (known === undefined) return true;
    if (known.event_id !== position.event_id || known.log_index !== position.log_index) throw outOfOrder();
    return false;
  });
  if (fresh.length === 0) return;
  const next = await change.all<{ seq: number; event_id: string }>(NEXT, [fresh.length]);
  const isNext = ({ seq, event_id }: Position, at: number) => next[at]?.seq === seq && next[at].event_id === event_id;
  if (!fresh.every(isNext)) throw outOfOrder();
  const ids = fresh.map(({ event_id }) => event_id);
  await change.run(MARK, {
    seqs: fresh.map(({ seq }) => seq),
    ids,
    places: fresh.map(({ log_index }) => log_index),
  });
  if ((await change.run(FORGET, { ids })) > 0) change.owe('audit_references');
}

function outOfOrder(): FrostbyteError {
  return new FrostbyteError('AUDIT_CHAIN_BROKEN', 'The relay reports an event out of order.');
}
