import type { Registry } from '../registry/open.ts';
import { entryHash, GENESIS, type LedgerEntry } from './entries.ts';

type LedgerRow = Omit<LedgerEntry, 'details'> & { details: string };

const LAST = 'SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1';
const KNOWN = 'SELECT 1 FROM ledger WHERE event_id = ?';
const INSERT = `INSERT INTO ledger (seq, kind, tenant_id, resource_id, at, details, event_id, previous_hash, hash)
  VALUES (:seq, :kind, :tenant_id, :resource_id, :at, :details, :event_id, :previous_hash, :hash)`;
const ALL = 'SELECT * FROM ledger WHERE seq > :after ORDER BY seq LIMIT :limit OFFSET :offset';
const OF_TENANT =
  'SELECT * FROM ledger WHERE tenant_id = :tenant_id AND seq > :after ORDER BY seq LIMIT :limit OFFSET :offset';

/**
 * Appends to the ledger. To be called inside `registry.write`, with the change that it remembers: both commit or neither
 * does. An event that is there already is not written again, and answers false.
 */
export function appendLedger(registry: Registry, entry: Omit<LedgerEntry, 'seq' | 'previous_hash' | 'hash'>): boolean {
  if (registry.get(KNOWN, [entry.event_id]) !== undefined) return false;
  const last = registry.get<{ seq: number; hash: string }>(LAST);
  const whole = { ...entry, seq: (last?.seq ?? 0) + 1, previous_hash: last?.hash ?? GENESIS };
  registry.run(INSERT, { ...whole, details: JSON.stringify(entry.details), hash: entryHash(whole) });
  return true;
}

/** Entries behind `after`, in order, without the first `offset`; of one tenant where it is named. O(log entries + offset + limit). */
export function readLedger(
  registry: Registry,
  query: { tenant_id?: string; after: number; offset?: number; limit: number },
): LedgerEntry[] {
  const { tenant_id, after, offset = 0, limit } = query;
  const rows =
    tenant_id === undefined
      ? registry.all<LedgerRow>(ALL, { after, offset, limit })
      : registry.all<LedgerRow>(OF_TENANT, { tenant_id, after, offset, limit });
  return rows.map(({ details, ...row }) => ({ ...row, details: JSON.parse(details) as Record<string, unknown> }));
}

/** How many entries there are. O(1) for all, O(entries of the tenant) for one. */
export function ledgerSize(registry: Registry, tenantId?: string): number {
  const row =
    tenantId === undefined
      ? registry.get<{ n: number }>('SELECT coalesce(max(seq), 0) AS n FROM ledger')
      : registry.get<{ n: number }>('SELECT count(*) AS n FROM ledger WHERE tenant_id = ?', [tenantId]);
  return row?.n ?? 0;
}
