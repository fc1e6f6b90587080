import type { AuditEvent, AuditReference } from '../../kernel/audit-event.ts';
import type { LogEntry } from './port.ts';

/** An event's row with its leaf, and a reference's with its salt, as both adapters read them. */
export type WholeRow = Omit<AuditEvent, 'details'> & { log_index: number; details: string; leaf_hash: Uint8Array };
export type SaltedRow = AuditReference & { log_index: number };

/** Entries as they were appended. */
export function asEntries(rows: readonly WholeRow[], references: readonly SaltedRow[]): LogEntry[] {
  const of = new Map<number, AuditReference[]>(rows.map(({ log_index }) => [log_index, []]));
  for (const { log_index, ...reference } of references) of.get(log_index)?.push(reference);
  return rows.map(({ log_index, leaf_hash, details, ...event }) => ({
    event: { ...event, details: JSON.parse(details) as AuditEvent['details'] },
    references: of.get(log_index) ?? [],
    leaf_hash: new Uint8Array(leaf_hash),
  }));
}
