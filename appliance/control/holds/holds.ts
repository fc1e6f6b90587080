import { FrostbyteError } from '../../kernel/errors.ts';
import type { HoldScope } from '../../kernel/holds.ts';
import type { Registry } from '../registry/open.ts';
import { type Keyset, readPage } from '../registry/page.ts';
import type { Hold } from '../verbs.ts';

const COLUMNS = 'hold_id, tenant_id, scope, resource_id, reason, set_by, set_at, lifted_by, lifted_at, lift_reason';
const IN_FORCE = `SELECT ${COLUMNS}, confirmed_at IS NOT NULL AS stands FROM holds
  WHERE tenant_id = ? AND scope = ? AND resource_id = ? AND lifted_at IS NULL`;
const ON = `SELECT DISTINCT scope FROM holds WHERE tenant_id = :tenant AND lifted_at IS NULL AND (
  (scope = 'tenant' AND resource_id = :tenant) OR (scope = 'document' AND resource_id = :doc)
  OR (scope = 'batch' AND resource_id IN (SELECT value FROM json_each(:batches)))) ORDER BY scope`;
const OF_TENANT = `SELECT scope, resource_id FROM holds WHERE tenant_id = ? AND lifted_at IS NULL ORDER BY hold_id LIMIT 20`;
/** The index and the terms of each list, as migration `hold-lists` has them. */
const LISTS = Object.freeze({
  all: ['holds_confirmed', 'confirmed_at IS NOT NULL'],
  in_force: ['holds_standing', 'confirmed_at IS NOT NULL AND lifted_at IS NULL'],
  lifted: ['holds_lifted', 'lifted_at IS NOT NULL'],
} satisfies Record<HoldStatus, [index: string, terms: string]>);

export type HoldStatus = 'in_force' | 'lifted' | 'all';

/** The hold on exactly this, or null. `stands`: false while it is being set. */
export function holdInForce(
  registry: Registry,
  tenantId: string,
  scope: HoldScope,
  resourceId: string,
): { hold: Hold; stands: boolean } | null {
  const row = registry.get<Hold & { stands: number }>(IN_FORCE, [tenantId, scope, resourceId]);
  if (row === undefined) return null;
  const { stands, ...hold } = row;
  return { hold, stands: stands === 1 };
}

/** Scopes of the holds that keep a document which came with these batches. A hold that is being set counts. */
export function holdsOn(registry: Registry, tenantId: string, docId: string, batchIds: readonly string[]): HoldScope[] {
  const values = { tenant: tenantId, doc: docId, batches: JSON.stringify(batchIds) };
  return registry.all<{ scope: HoldScope }>(ON, values).map(({ scope }) => scope);
}

/** Throws `INVALID_STATE_TRANSITION` while anything of the tenant is held: it is not deleted. Inside `registry.write`. */
export function refuseHeld(registry: Registry, tenantId: string): void {
  const held = registry.all<{ scope: string; resource_id: string }>(OF_TENANT, [tenantId]);
  if (held.length === 0) return;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    'The tenant is under a legal hold and may not be deleted. Lift the holds first.',
    {
      details: held.map(({ scope, resource_id }) => ({
        field: 'hold',
        value: `${scope} ${resource_id}`,
        constraint: 'blocks the deletion',
      })),
    },
  );
}

/** Writes a hold that is being set. Inside `registry.write`. */
export function proposeHold(
  registry: Registry,
  hold: Pick<Hold, 'hold_id' | 'tenant_id' | 'scope' | 'resource_id' | 'reason' | 'set_by' | 'set_at'>,
): void {
  registry.run(
    `INSERT INTO holds (hold_id, tenant_id, scope, resource_id, reason, set_by, set_at)
     VALUES (:hold_id, :tenant_id, :scope, :resource_id, :reason, :set_by, :set_at)`,
    hold,
  );
}

/** The hold stands. Inside `registry.write`. */
export function confirmHold(registry: Registry, holdId: string, at: string): void {
  registry.run('UPDATE holds SET confirmed_at = ? WHERE hold_id = ?', [at, holdId]);
}

/** Takes back holds that were being set: one, or all that a process which died left. */
export function dropProposals(registry: Registry, holdId?: string): void {
  registry.run('DELETE FROM holds WHERE confirmed_at IS NULL AND (:id IS NULL OR hold_id = :id)', {
    id: holdId ?? null,
  });
}

/** Ends a hold. Inside `registry.write`. */
export function endHold(registry: Registry, holdId: string, end: { by: string; at: string; reason: string }): void {
  registry.run('UPDATE holds SET lifted_by = ?, lifted_at = ?, lift_reason = ? WHERE hold_id = ?', [
    end.by,
    end.at,
    end.reason,
    holdId,
  ]);
}

/** One page, newest first: by number, or behind the hold `after`. */
export function pageOfHolds(
  registry: Registry,
  tenantId: string,
  query: Keyset & { status: HoldStatus },
): { holds: Hold[]; total: number } {
  const { status, ...page } = query;
  const [index, terms] = LISTS[status];
  const list = {
    table: `holds INDEXED BY ${index}`,
    id: 'hold_id',
    columns: COLUMNS,
    where: `tenant_id = :tenant AND ${terms}`,
    totals: { table: 'hold_totals', list: status },
  } as const;
  const { rows, total } = readPage<Hold>(registry, list, tenantId, page);
  return { holds: rows, total };
}
