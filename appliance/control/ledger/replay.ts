import type { LedgerEntry } from './entries.ts';

/** What a ledger says must hold in whatever state the stores are restored to. */
export interface LedgerState {
  /** Documents that must not be there unless they were received after `at`. */
  erased: { tenant_id: string; doc_id: string; at: string }[];
  holds: { hold_id: string; tenant_id: string; scope: string; resource_id: string; at: string }[];
  suspended: string[];
  deleted: string[];
  /** Ids of tokens that are dead for good. */
  revoked: string[];
  /** Tokens of a scope (a tenant) below this epoch are dead. */
  epochs: Record<string, number>;
}

/** Plays a ledger from its beginning. Pure, O(entries). Verify it first (`verifyLedger`). */
export function replayLedger(entries: readonly LedgerEntry[]): LedgerState {
  const erased = new Map<string, LedgerState['erased'][number]>();
  const holds = new Map<string, LedgerState['holds'][number]>();
  const suspended = new Set<string>();
  const deleted = new Set<string>();
  const revoked = new Set<string>();
  const epochs = new Map<string, number>();

  for (const { kind, tenant_id, resource_id, at, details } of entries) {
    if (typeof details.token_epoch === 'number') epochs.set(tenant_id, details.token_epoch);
    switch (kind) {
      case 'document_erased':
        erased.set(`${tenant_id}/${resource_id}`, { tenant_id, doc_id: resource_id, at });
        break;
      case 'hold_set':
        holds.set(String(details.hold_id), {
          hold_id: String(details.hold_id),
          tenant_id,
          scope: String(details.scope),
          resource_id,
          at,
        });
        break;
      case 'hold_lifted':
        holds.delete(String(details.hold_id));
        break;
      case 'tenant_suspended':
        suspended.add(tenant_id);
        break;
      case 'tenant_resumed':
        suspended.delete(tenant_id);
        break;
      case 'tenant_deleted':
        suspended.delete(tenant_id);
        deleted.add(tenant_id);
        break;
      case 'tokens_revoked':
        for (const jti of Array.isArray(details.jtis) ? details.jtis : []) revoked.add(String(jti));
        break;
    }
  }
  return {
    erased: [...erased.values()],
    holds: [...holds.values()],
    suspended: [...suspended].sort(),
    deleted: [...deleted].sort(),
    revoked: [...revoked].sort(),
    epochs: Object.fromEntries(epochs),
  };
}
