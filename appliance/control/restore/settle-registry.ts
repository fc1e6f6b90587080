import { auditEntry, type EntryInput } from '../../audit/entry.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { HoldScope } from '../../kernel/holds.ts';
import { endGrants } from '../break-glass/grants.ts';
import { confirmHold, endHold, proposeHold } from '../holds/holds.ts';
import type { LedgerState } from '../ledger/replay.ts';
import type { TenantKey } from '../provisioning/port.ts';
import { noteKeys, notePurged } from '../registry/keys.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { writePlan } from '../registry/plans.ts';
import { findTenant, tenantsIn } from '../registry/tenants.ts';
import { tokenEpoch } from '../registry/tokens.ts';
import { lockUsers } from '../registry/users.ts';
import { endTokens, remember, suspendTenant } from '../tenants/kill-switch.ts';
import { allowedMove, type Trigger } from '../tenants/lifecycle.ts';
import { moveTenant } from '../tenants/transition.ts';
import { type JoinedLedger, takeLines } from './take-ledger.ts';

/** The head of a log's tree as the backup names it. */
interface Head {
  size: number;
  root: string;
}

/** What a restore knows when it brings a registry up to now. */
export interface Restoring {
  dataFolder: string;
  registry: Registry;
  clock: Clock;
  actor: string;
  backup: { backup_id: string; made_at: string; appliance_log: Head; logs: ReadonlyMap<string, Head> };
  ledger: JoinedLedger;
  state: LedgerState;
  /** Keys of the tenants that were restored, as they are now. */
  keys: ReadonlyMap<string, TenantKey>;
  /** Tenants that are not restored, as the operator said: nobody has their keys. */
  without: readonly string[];
  /** Steps of a deletion. */
  deletion: readonly string[];
}

/** What became of the tenants. */
export interface Settled {
  /** Suspended until an administrator confirms them. */
  suspended: string[];
  /** Deleted behind the backup, or without keys: their deletion is carried through at the next start. */
  deleted: string[];
  holds_set: number;
  holds_lifted: number;
}

const BECAUSE = 'restored from a backup: an administrator confirms the tenant';

/**
 * Brings a registry that was restored up to what is known (spec 7, "Backup/restore"), in one transaction: the ledger goes on,
 * every tenant is suspended, all tokens and codes are dead for good, holds are as they were last, who was deleted is deleted
 * again, and an event in each log binds the head that the backup held. Once it was done it changes nothing.
 */
export function settleRegistry(restoring: Restoring): Settled {
  const { registry } = restoring;
  return registry.write(() => {
    if (!isSettled(restoring)) new Settling(restoring).run();
    return settled(restoring);
  });
}

/** Whether this backup's restore is in the registry. */
function isSettled({ registry, backup }: Restoring): boolean {
  const row = registry.get(
    "SELECT 1 FROM audit_events WHERE tenant_id = ? AND event_type = 'BACKUP_RESTORED' AND resource_id = ?",
    [APPLIANCE_LOG, backup.backup_id],
  );
  return row !== undefined;
}

function settled({ registry, ledger }: Restoring): Settled {
  const ids = (rows: readonly { tenant_id: string }[]) => rows.map(({ tenant_id }) => tenant_id);
  const count = (kind: string) => ledger.added.filter((line) => line.kind === kind).length;
  return {
    suspended: ids(tenantsIn(registry, ['SUSPENDED'])),
    deleted: ids(tenantsIn(registry, ['DEPROVISIONING'])),
    holds_set: count('hold_set'),
    holds_lifted: count('hold_lifted'),
  };
}

class Settling {
  readonly #known: Restoring;
  readonly #at: string;

  constructor(known: Restoring) {
    this.#known = known;
    this.#at = known.clock.iso();
  }

  run(): void {
    const { registry, ledger } = this.#known;
    this.#bind();
    takeLines(registry, ledger.added);
    this.#holds();
    this.#keys();
    this.#suspend();
    this.#endEpochs();
    this.#delete();
    // What was made anew from its first step ends the same; what is half there is not.
    registry.run(
      `UPDATE plan_steps SET status = 'pending', at = NULL WHERE kind = 'provisioning' AND status IN ('started', 'done')
       AND tenant_id IN (SELECT tenant_id FROM tenants WHERE state IN ('PENDING', 'PROVISIONING', 'FAILED'))`,
    );
  }

  /** First in each log behind what the backup held of it. */
  #bind(): void {
    const { registry, clock, actor, backup, ledger } = this.#known;
    const { backup_id, made_at, appliance_log, logs } = backup;
    const heads: [string, Head][] = [...logs, [APPLIANCE_LOG, appliance_log]];
    for (const [log, { size, root }] of heads) {
      const adds: EntryInput['adds'] = {
        backup_id,
        made_at,
        tree_size: size,
        tree_root: `sha256:${root}`,
        ...(log === APPLIANCE_LOG
          ? { ledger_entries: ledger.entries.length, ledger_head: ledger.head, ledger_until: ledger.until }
          : {}),
      };
      const about = { tenant_id: log, actor, resource_id: backup_id, adds };
      appendEntries(registry, [auditEntry(clock, 'BACKUP_RESTORED', about)]);
    }
  }

  /** Holds as the lines behind the backup have them. Their reasons are not in a ledger. */
  #holds(): void {
    const { registry, ledger } = this.#known;
    for (const { kind, tenant_id, resource_id, at, details } of ledger.added) {
      if (findTenant(registry, tenant_id) === null) continue;
      const hold_id = String(details.hold_id);
      if (kind === 'hold_set') {
        const scope = String(details.scope) as HoldScope;
        const reason = 'set behind the backup; known by the ledger alone';
        proposeHold(registry, { hold_id, tenant_id, scope, resource_id, reason, set_by: 'system', set_at: at });
        confirmHold(registry, hold_id, at);
      } else if (kind === 'hold_lifted') {
        endHold(registry, hold_id, { by: 'system', at, reason: 'lifted behind the backup; known by the ledger alone' });
      }
    }
  }

  /** The identities of the box that was are not on this one. */
  #keys(): void {
    const { registry, clock, actor, keys, backup } = this.#known;
    registry.run('DELETE FROM key_rotations');
    for (const [tenant_id, key] of keys) {
      const previous = findTenant(registry, tenant_id)?.key_version ?? null;
      noteKeys(registry, tenant_id, key, clock.now(), 'restored');
      const old = registry.all<{ key_version: number }>(
        'SELECT key_version FROM tenant_key_history WHERE tenant_id = ? AND key_version <> ? AND purged_at IS NULL',
        [tenant_id, key.key_version],
      );
      for (const { key_version } of old) notePurged(registry, tenant_id, 'identity', key_version, this.#at);
      const adds = {
        key_version: key.key_version,
        previous_key_version: previous,
        storage_version: key.storage[0]?.storage_version ?? null,
        emergency: false,
        rotation_reason: `restored from the backup ${backup.backup_id}`,
      };
      const about = { tenant_id, actor, resource_id: tenant_id, adds };
      appendEntries(registry, [auditEntry(clock, 'KEY_ROTATED', about)]);
    }
  }

  #suspend(): void {
    const { registry, clock, dataFolder, actor } = this.#known;
    for (const { tenant_id } of tenantsIn(registry, ['ACTIVE']))
      suspendTenant({ dataFolder, registry, clock }, tenant_id, { reason: BECAUSE, notify_tenant: true }, actor);
  }

  /**
   * A restore does not know which tokens were revoked since, nor which passwords were changed: none of before is good, of no
   * tenant and of no administrator.
   */
  #endEpochs(): void {
    const { registry, state } = this.#known;
    registry.run('DELETE FROM one_time_codes');
    lockUsers(registry, this.#at);
    registry.run('UPDATE tokens SET revoked_at = ? WHERE revoked_at IS NULL', [this.#at]);
    const scopes = new Set([
      APPLIANCE_LOG,
      ...Object.keys(state.epochs),
      ...registry.all<{ tenant_id: string }>('SELECT tenant_id FROM tenants').map(({ tenant_id }) => tenant_id),
    ]);
    for (const scope of scopes) {
      const next = Math.max(tokenEpoch(registry, scope), state.epochs[scope] ?? 0) + 1;
      registry.run(
        'INSERT INTO token_epochs (scope, epoch) VALUES (:scope, :next) ON CONFLICT (scope) DO UPDATE SET epoch = :next',
        { scope, next },
      );
    }
  }

  #delete(): void {
    const { registry, clock, actor, state, without, deletion } = this.#known;
    for (const tenantId of new Set([...state.deleted, ...without])) {
      const row = findTenant(registry, tenantId);
      const trigger: Trigger = row?.state === 'FAILED' ? 'abandon' : 'deprovision';
      if (row === null || !['ACTIVE', 'SUSPENDED', 'FAILED'].includes(row.state)) continue;
      allowedMove(trigger, row.state, row.failed_during);
      const isKnown = state.deleted.includes(tenantId);
      const reason = isKnown ? 'deleted behind the backup' : 'its keys were not there when the backup was restored';
      moveTenant(registry, clock, {
        tenantId,
        trigger,
        actor,
        adds: trigger === 'deprovision' ? { reason } : { failed_during: row.failed_during },
        also: (_before, event) => {
          writePlan(registry, {
            tenant_id: tenantId,
            kind: 'deprovisioning',
            actor,
            started_at: this.#at,
            steps: deletion,
          });
          endTokens(registry, clock, tenantId);
          endGrants(registry, clock, tenantId, actor);
          if (!isKnown) remember(registry, 'tenant_deleted', event);
        },
      });
    }
  }
}
